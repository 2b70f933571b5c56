"""Consent by mail: an organisation is told that it is asked, once more when it is silent, and the lead of its answer.

A letter says which question of which incident waits, and where it is answered. The act and the answer stay behind the
wall. Whom nobody can reach is named, and its letter held by the outbox until somebody names an address.
"""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from pehra.incidents.api.telling import LANGUAGE_DEFAULT, AddressBook, Told, Wall, address, bare, letter
from pehra.incidents.models import Consent, Incident
from pehra.kernel.clock import format_time
from pehra.outbox import api as outbox
from pehra.registry import api as registry

KIND_ASKED = "consent-asked"
KIND_REMINDED = "consent-reminded"
KIND_ANSWERED = "consent-answered"
ROLE = "security"
RECIPIENTS_MAX = 20
PLACE = "#h-consent"


def asked(incident: Incident, row: Consent) -> Told:
    """Tell the organisation's security contacts that it is asked."""
    return _to_organisation(incident, row, kind=KIND_ASKED)


def reminded(incident: Incident, row: Consent) -> Told:
    """Tell them once more, since nobody has answered."""
    return _to_organisation(incident, row, kind=KIND_REMINDED)


def answered(incident: Incident, row: Consent, *, at: datetime) -> Told:
    """Tell the team that leads what its question became: that it was answered, and where the answer stands."""
    told = Told()
    wall = Wall(tlp=bare(incident), teams=tuple(row.teams))
    for team in [incident.lead_team] if incident.lead_team else row.teams:
        recipients = AddressBook().of(team)
        (told.teams if any(one.email for one in recipients) else told.no_address).append(team)
        for recipient in recipients:
            with translation.override(recipient.language):
                words = {"reference": incident.reference, "organisation": row.organisation, "number": row.number}
                subject = _("%(reference)s: %(organisation)s has answered whether it consents") % words
                lines = [subject, _("Question %(number)d; read the answer here:") % words, address(incident, PLACE)]
            key = f"{KIND_ANSWERED}:{row.id}:{format_time(at)}:{team}:{recipient.email}"
            body = "\n".join(lines) + "\n"
            told.drafts.append(
                letter(incident, recipient, kind=KIND_ANSWERED, subject=subject, body=body, key=key, wall=wall)
            )
    return told


def _to_organisation(incident: Incident, row: Consent, *, kind: str) -> Told:
    told = Told()
    wall = Wall(tlp=bare(incident), teams=tuple(row.teams), organisation=row.organisation)
    recipients = _contacts(row.organisation)
    (told.teams if recipients[0].email else told.no_address).append(row.organisation)
    for recipient in recipients:
        with translation.override(recipient.language):
            subject, body = _question(incident, row, again=kind == KIND_REMINDED)
        key = f"{kind}:{row.id}:{recipient.email}"
        told.drafts.append(letter(incident, recipient, kind=kind, subject=subject, body=body, key=key, wall=wall))
    return told


def _contacts(organisation: str) -> Sequence[outbox.Recipient]:
    """Return the organisation's security contacts; where it has none, all that the registry knows; or one without an
    address."""
    known = [
        contact
        for contact in registry.contacts_of([organisation]).get(organisation, [])
        if outbox.is_address(contact.email)
    ]
    chosen = [contact for contact in known if contact.role.strip().lower() == ROLE] or known
    once = {contact.email.lower(): contact for contact in reversed(chosen)}
    return [
        outbox.Recipient(
            name=contact.name or organisation,
            email=contact.email,
            language=contact.language or LANGUAGE_DEFAULT,
            circle=outbox.Circle.ORGANISATION,
        )
        for contact in list(reversed(once.values()))[:RECIPIENTS_MAX]
    ] or [outbox.Recipient(name=organisation, email="", language=LANGUAGE_DEFAULT, circle=outbox.Circle.ORGANISATION)]


def _question(incident: Incident, row: Consent, *, again: bool) -> tuple[str, str]:
    team = registry.names([incident.lead_team]).get(incident.lead_team, "") if incident.lead_team else ""
    words = {
        "reference": incident.reference,
        "number": row.number,
        "team": team or incident.lead_team or _("the team that handles the incident"),
        "time": format_time(row.asked_at),
    }
    if again:
        subject = _("%(reference)s: your consent is still asked for") % words
        first = _("You were asked on %(time)s, and nobody has answered yet.") % words
    else:
        subject = _("%(reference)s: your consent is asked for") % words
        first = _("Your organisation is asked whether an act on its systems may be done.") % words
    lines = [
        first,
        _("It is asked by %(team)s, in the incident %(reference)s.") % words,
        _("Read question %(number)d and answer it here:") % words,
        f"{outbox.address_of(reverse('incidents:asked'))}#{incident.reference}-{row.number}",
    ]
    reached = [contact.email for contact in AddressBook().of(incident.lead_team) if contact.email]
    if reached:
        lines += [_("Without an account, answer the team; it writes down what you say, with your name:"), *reached]
    lines.append(_("You decide. Silence is no consent, and you may withdraw it later."))
    return subject, "\n".join(lines) + "\n"
