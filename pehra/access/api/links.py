"""Coming in by a one-time link, and going out. A link is told once: only its hash is kept."""

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.credentials import kinds_of
from pehra.access.api.deciding import require
from pehra.access.api.granting import NeedsSecondPerson, require_within, teams_of_person
from pehra.access.api.recovery import come_back, is_privileged
from pehra.access.api.second_wall import elevated
from pehra.access.models import FailedAttempt, OneTimeLink, Person
from pehra.access.rules import links
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

LINK_VALID_DEFAULT = timedelta(hours=24)
LINK_VALID_MAX = timedelta(days=14)
FAILED_ATTEMPTS_MAX = 10
FAILED_ATTEMPTS_WINDOW = timedelta(minutes=15)


@transaction.atomic
@elevated(part="access.links", only_people=True)
def issue_link(*, person_id: UUID, by: Actor, at: datetime, valid: timedelta = LINK_VALID_DEFAULT) -> str:
    """Return the token of a new one-time sign-in link. It is told once: only its hash is kept.

    Whoever holds it can come in as that person, so it is given only by somebody who could give all that they hold; past
    the credentials of somebody whose role takes two people it is a recovery, and not made here.
    """
    require(by, Permission.ACCESS_GRANT)
    if not timedelta() < valid <= LINK_VALID_MAX:
        raise Invalid(_("a link is valid for at most %(days)s days") % {"days": LINK_VALID_MAX.days}, field="valid")
    person = queries.people_visible_to(by).filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    if person.service:
        raise Invalid(_("A service account never signs in. Give it a token."), field="person")
    require_within(person.id, by=by, at=at)
    if not by.is_system and is_privileged(person.id, at=at) and kinds_of(person):
        raise NeedsSecondPerson(
            _("They sign in with their own credentials and hold a role of two people: recover them.")
        )
    token = secrets.token_urlsafe(links.TOKEN_BYTES)
    OneTimeLink.objects.create(
        token_sha256=links.digest(token), person=person, issued_by=by.id, issued_at=at, expires_at=at + valid
    )
    teams = teams_of_person(person.id, at=at)
    facts = {"expires": at + valid, "recovery": False}
    ledger.record("access.link.issued", subject=f"person:{person.id}", by=by, at=at, teams=teams, facts=facts)
    return token


def redeem_link(*, token: str, at: datetime, source: str = "") -> Person:
    """Let somebody in by a link, once.

    Unknown, used, expired and another's inactive account are one refusal, so that trying links teaches nothing. The
    look-up is by the token's hash: how long it takes says nothing about the token. After too many failures from one
    `source` (a network address) it is told to wait, and nothing more is written. A good link lets in all the same:
    256 bits are not guessed, and a stranger at somebody's address must not keep them out.
    """
    origin = _source_hash(source)
    person = _redeem(token, at=at)
    if person is None:
        if _failures(origin, at=at) >= FAILED_ATTEMPTS_MAX:
            raise Forbidden(_("Too many links were tried from here. Wait a quarter of an hour and try again."))
        FailedAttempt.objects.filter(at__lt=at - FAILED_ATTEMPTS_WINDOW).delete()
        FailedAttempt.objects.create(id=new_id(at), source=origin, at=at)
        raise Forbidden(_("This link does not work: it was used, has expired, or was never given. Ask for a new one."))
    return person


@transaction.atomic
@elevated(part="access.links", only_people=True)
def _redeem(token: str, *, at: datetime) -> Person | None:
    """Use up a link and return its person; nothing when it lets nobody in."""
    digest = links.digest(token)
    usable = OneTimeLink.objects.filter(
        token_sha256=digest, used_at__isnull=True, expires_at__gt=at, person__active=True, person__service=False
    )
    # The conditional update is what makes it once: of two that come together, one finds it unused.
    if not usable.update(used_at=at):
        return None
    link = OneTimeLink.objects.select_related("person").get(token_sha256=digest)
    person = link.person
    if link.recovery:
        come_back(person, issued_by=link.issued_by, at=at)
    by = Actor(id=str(person.id), kind=ActorKind.PERSON, name=person.name)
    ledger.record("access.link.used", subject=f"person:{person.id}", by=by, at=at, facts={"recovery": link.recovery})
    return person


def _failures(origin: str, *, at: datetime) -> int:
    """Count the failed attempts from an origin within the window."""
    return FailedAttempt.objects.filter(source=origin, at__gt=at - FAILED_ATTEMPTS_WINDOW, at__lte=at).count()


def _source_hash(source: str) -> str:
    """Return a network address as a keyed hash: enough to count by, nothing to read back."""
    return hmac.new(settings.SECRET_KEY.encode(), source.encode(), "sha256").hexdigest()
