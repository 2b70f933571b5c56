"""Who is told what about an incident: messages to teams, queued in the act's own transaction.

A team without an address is never passed over in silence: its message is queued and held by the outbox, and the act's
ledger entry names it. A message says the reference, what happened and the due time; the content stays behind the wall,
so that a mailbox holds nothing above its marking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from pehra.incidents.models import Clock, Incident
from pehra.incidents.rules.clocks import ClockState
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Tlp
from pehra.outbox import api as outbox
from pehra.registry import api as registry

LANGUAGE_DEFAULT = "en"
DEDUPE_KEY_CHARACTERS_MAX = 200
SUBJECT_CHARACTERS_MAX = 250
KIND_OPENED = "incident-opened"
WATCHES = frozenset({"lead"})
ESCALATED_TO = frozenset({"lead", "coordinate"})


@dataclass(kw_only=True)
class Told:
    """The messages about one event, the teams they reach, and the teams that have no address."""

    drafts: list[outbox.Draft] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    no_address: list[str] = field(default_factory=list)

    def as_facts(self) -> dict[str, list[str]]:
        """Return what the ledger says of it."""
        return {"told": self.teams, "no_address": self.no_address}


@dataclass(frozen=True, kw_only=True)
class Wall:
    """How a letter is marked, and who may read it here."""

    tlp: Tlp
    teams: tuple[str, ...]
    organisation: str = ""


def bare(incident: Incident) -> Tlp:
    """Return the marking of a letter that holds nothing of its matter but the reference.

    What is for named people stays behind the wall; that there is something of it, their teams and organisations may
    know.
    """
    return min(Tlp(incident.tlp), Tlp.AMBER_STRICT)


def address(incident: Incident, place: str) -> str:
    """Return the whole address of a place on the page of an incident's tasks, where consent is answered too."""
    return outbox.address_of(reverse("incidents:tasks", args=[incident.reference])) + place


@dataclass
class AddressBook:
    """The teams' addresses, asked of the registry once a use case."""

    known: dict[str, tuple[outbox.Recipient, ...]] = field(default_factory=dict)

    def of(self, team: str) -> tuple[outbox.Recipient, ...]:
        """Return a team's recipients: those the registry names, or one without an address.

        The law names these teams one by one for this matter, so in the words of TLP they are named recipients.
        """
        if team not in self.known:
            self.known[team] = tuple(
                outbox.Recipient(
                    name=contact.name,
                    email=contact.email,
                    language=contact.language or LANGUAGE_DEFAULT,
                    circle=outbox.Circle.NAMED,
                )
                for contact in registry.team_contacts(team)
                if outbox.is_address(contact.email)
            ) or (outbox.Recipient(name=team, email="", language=LANGUAGE_DEFAULT, circle=outbox.Circle.NAMED),)
        return self.known[team]


def opened(incident: Incident, book: AddressBook, roles: Sequence[Mapping[str, str]] | None = None) -> Told:
    """Tell the lead and every other team with a role, or with one of these new roles, that an incident was opened."""
    told = Told()
    for role in incident.roles if roles is None else roles:
        for recipient in _noted(told, role["team"], book):
            with translation.override(recipient.language):
                subject, body = _opening_text(incident, role["role"])
            key = f"{KIND_OPENED}:{incident.id}:{role['team']}:{recipient.email}"
            told.drafts.append(letter(incident, recipient, kind=KIND_OPENED, subject=subject, body=body, key=key))
    return told


def clock_fired(clock: Clock, book: AddressBook) -> Told:
    """Tell of a clock that is due soon or overdue: the lead, and when it is overdue those who coordinate too."""
    told = Told()
    kind = f"clock-{clock.state}"
    # The due time is part of the key: a clock that a new fact moved may fire again, for its new due time.
    due = format_time(clock.due_at) if clock.due_at else ""
    for team in _watchers(clock):
        for recipient in _noted(told, team, book):
            with translation.override(recipient.language):
                subject, body = _clock_text(clock)
            key = f"{kind}:{_told_together(clock)}:{due}:{team}:{recipient.email}"
            told.drafts.append(letter(clock.incident, recipient, kind=kind, subject=subject, body=body, key=key))
    return told


def _told_together(clock: Clock) -> str:
    """Return what one message is about: a clock; or the same stage of all organisations for which it is due at once."""
    if clock.organisation == clock.incident.organisation:
        return str(clock.id)
    return f"{clock.incident_id}:{clock.duty}/{clock.stage}"


def _noted(told: Told, team: str, book: AddressBook) -> tuple[outbox.Recipient, ...]:
    recipients = book.of(team)
    reached = any(recipient.email for recipient in recipients)
    (told.teams if reached else told.no_address).append(team)
    return recipients


def _watchers(clock: Clock) -> Sequence[str]:
    wanted = ESCALATED_TO if clock.state == ClockState.OVERDUE else WATCHES
    roles = clock.incident.roles
    return [role["team"] for role in roles if role["role"] in wanted] or [role["team"] for role in roles]


def _opening_text(incident: Incident, role: str) -> tuple[str, str]:
    subject = _("%(reference)s opened: %(title)s") % {"reference": incident.reference, "title": incident.title}
    lines = [
        _("An incident was opened: %(title)s") % {"title": incident.title},
        _("Reference: %(reference)s") % {"reference": incident.reference},
        _("Lead: %(team)s") % {"team": incident.lead_team or _("nobody yet")},
        _("Your part: %(role)s") % {"role": role_name(role)},
        _("Severity: %(severity)s") % {"severity": incident.severity or _("unknown")},
        _("Opened: %(time)s") % {"time": format_time(incident.opened_at)},
    ]
    return subject, "\n".join(lines) + "\n"


def role_name(role: str) -> str:
    """Return a role in the reader's language."""
    names = {"lead": _("lead"), "coordinate": _("coordinate"), "support": _("support"), "inform": _("be informed")}
    return names.get(role, role)


def _clock_text(clock: Clock) -> tuple[str, str]:
    words = {"reference": clock.incident.reference, "duty": clock.duty, "stage": clock.stage}
    if clock.state == ClockState.OVERDUE:
        subject = _("%(reference)s: %(stage)s of %(duty)s is overdue") % words
    else:
        subject = _("%(reference)s: %(stage)s of %(duty)s is due soon") % words
    due = format_time(clock.due_at) if clock.due_at else _("unknown")
    receivers = ", ".join(clock.owed_to) or _("unknown")
    several = clock.organisation != clock.incident.organisation
    debtor = _("each organisation concerned") if several else clock.owed_by
    lines = [
        subject,
        _("Due: %(time)s") % {"time": due},
        _("Owed by %(debtor)s to %(receivers)s") % {"debtor": debtor, "receivers": receivers},
        _("The clock keeps running until the stage is sent or a person says, with a reason, that it does not arise."),
    ]
    return subject, "\n".join(lines) + "\n"


def letter(
    incident: Incident,
    recipient: outbox.Recipient,
    *,
    kind: str,
    subject: str,
    body: str,
    key: str,
    wall: Wall | None = None,
) -> outbox.Draft:
    """Return one letter about an incident: in an exercise it says so first. `wall` is for what is not everybody's."""
    wall = wall or Wall(tlp=Tlp(incident.tlp), teams=tuple(incident.teams), organisation=incident.organisation)
    if incident.exercise:
        with translation.override(recipient.language):
            subject = f"{_('EXERCISE')}: {subject}"
            warning = _("This is an exercise. Nothing has happened.")
            body = f"{warning}\n\n{body}"
    return outbox.Draft(
        kind=kind,
        recipient=recipient,
        subject=subject[:SUBJECT_CHARACTERS_MAX],
        body=body,
        tlp=wall.tlp,
        about=incident.reference,
        lead_team=incident.lead_team,
        teams=wall.teams,
        organisation=wall.organisation,
        dedupe_key=short_key(key),
    )


def short_key(key: str) -> str:
    """Return a key that the outbox takes; a long one is cut and told apart by its hash."""
    if len(key) <= DEDUPE_KEY_CHARACTERS_MAX:
        return key
    digest = sha256(key.encode()).hexdigest()
    return f"{key[: DEDUPE_KEY_CHARACTERS_MAX - len(digest) - 1]}:{digest}"
