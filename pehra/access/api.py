"""The door of `access`: people, roles, sign-in by one-time link, and the one answer to "may they?".

Refuses by default: an actor without a valid grant sees nothing and may do nothing. A use case of any part asks
`require` before it changes something; what may not even be seen is refused earlier, by `visible_to`, as absent.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.models import FailedAttempt, Grant, OneTimeLink, Person
from pehra.access.queries import GrantView, PersonView
from pehra.access.requests import Request
from pehra.access.rules import wall
from pehra.access.rules.roles import Permission, Role, ScopeKind
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

__all__ = [
    "GrantView",
    "Permission",
    "PersonView",
    "Request",
    "Role",
    "actor_for",
    "add_person",
    "close_person",
    "grant",
    "issue_link",
    "may",
    "names",
    "narrowed",
    "people",
    "person_by_email",
    "redeem_link",
    "require",
    "revoke",
    "sign_out",
]

LINK_VALID_DEFAULT = timedelta(hours=24)
LINK_VALID_MAX = timedelta(days=14)
FAILED_ATTEMPTS_MAX = 10
FAILED_ATTEMPTS_WINDOW = timedelta(minutes=15)
TOKEN_BYTES = 32


def may(by: Actor, permission: Permission, *, teams: Iterable[str] = (), organisation: str = "") -> bool:
    """Whether the actor may do this to something of these teams or this organisation; at all, when none is named."""
    return wall.allows(by, permission, teams=teams, organisation=organisation)


def require(by: Actor, permission: Permission, *, teams: Iterable[str] = (), organisation: str = "") -> None:
    """Refuse, unless the actor may do this to something of these teams or this organisation."""
    if not may(by, permission, teams=teams, organisation=organisation):
        raise Forbidden(
            _("You may see this, but your role does not allow it (%(permission)s).") % {"permission": permission.value}
        )


def narrowed(by: Actor, permission: Permission) -> Actor:
    """Return the actor with only the constituencies where it holds the permission; refuse when there is none."""
    require(by, permission)
    return wall.narrowed(by, permission)


def actor_for(*, person_id: UUID, at: datetime) -> Actor:
    """Return a person as an actor, with what they hold at that moment; one unknown or inactive is not there."""
    person = Person.objects.filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    granted = queries.granted_to(person_id, at=at)
    scopes = [entry.scope for entry in granted]
    teams = {scope.code for scope in scopes if scope.kind is ScopeKind.TEAM}
    if any(scope.kind is ScopeKind.NATIONAL for scope in scopes):
        teams |= _all_teams()
    return Actor(
        id=str(person.id),
        kind=ActorKind.PERSON,
        name=person.name,
        teams=frozenset(teams),
        organisations=frozenset(scope.code for scope in scopes if scope.kind is ScopeKind.ORGANISATION),
        permissions=wall.permissions_of(granted),
    )


def _all_teams() -> set[str]:
    """Return every team code known below the registry: the profile's, and those somebody holds a role in."""
    from pehra.law import api as law

    profile = law.load(settings.PEHRA_PROFILE)
    held = Grant.objects.exclude(team="").values_list("team", flat=True).distinct()
    return {team.code for team in profile.teams} | set(held)


def people(*, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people the actor may see, with the grants that hold at that moment."""
    return queries.people(by=by, at=at)


def names(*, ids: Iterable[str], by: Actor) -> dict[str, str]:
    """Return the names of those actors the reader may know: people of its own teams and organisations, and itself."""
    return queries.names(ids=set(ids), by=by)


def person_by_email(*, email: str, by: Actor) -> UUID:
    """Return the id of the person with this address; one the actor may not see is not there."""
    person = queries.people_visible_to(by).filter(email=email.strip().lower()).first()
    if person is None:
        raise NotVisible(_("There is no person with the address %(email)s.") % {"email": email})
    return person.id


@transaction.atomic
def add_person(*, email: str, name: str, language: str = "en", name_local: str = "", by: Actor, at: datetime) -> UUID:
    """Add somebody who may be granted roles; the same address again returns the person already there, unchanged."""
    require(by, Permission.ACCESS_GRANT)
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("%(email)s is not an e-mail address") % {"email": email}, field="email") from error
    if not name.strip():
        raise Invalid(_("a person needs a name"), field="name")
    fields = {
        "id": new_id(at),
        "name": name.strip(),
        "name_local": name_local.strip(),
        "language": language,
        "password": make_password(None),
        "created_at": at,
    }
    person, created = Person.objects.get_or_create(email=address, defaults=fields)
    if created:
        ledger.record("access.person.added", subject=f"person:{person.id}", by=by, at=at, facts={"language": language})
    return person.id


@transaction.atomic
def grant(
    *,
    person_id: UUID,
    role: Role | str,
    team: str = "",
    organisation: str = "",
    national: bool = False,
    until: datetime | None = None,
    reason: str,
    by: Actor,
    at: datetime,
) -> UUID:
    """Give a person a role in one scope from now on; a grant that already holds is returned, not doubled.

    Nobody gives more than they hold: a team's lead gives roles of that team, the platform's operator any.
    """
    if role not in set(Role):
        raise Invalid(_("%(role)s is not a role") % {"role": role}, field="role")
    scope = wall.scope_of(role=Role(role), team=team, organisation=organisation, national=national)
    if not wall.may_grant(by, role=Role(role), scope=scope):
        raise Forbidden(_("You may give only roles that lie within your own."))
    if not reason.strip():
        raise Invalid(_("a grant says why"), field="reason")
    if until is not None and until <= at:
        raise Invalid(_("a grant ends after it starts"), field="until")
    person = Person.objects.select_for_update().filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    where = {"role": Role(role).value, "team": team, "organisation": organisation, "national": national}
    held = queries.valid_grants(at).filter(person=person, valid_until=until, **where).first()
    if held is not None:
        return held.id
    row = Grant.objects.create(
        id=new_id(at), person=person, valid_from=at, valid_until=until, reason=reason.strip(), granted_by=by.id, **where
    )
    ledger.record(
        "access.granted",
        subject=f"person:{person.id}",
        by=by,
        at=at,
        teams=[team] if team else [],
        facts={
            "grant": str(row.id),
            "role": Role(role).value,
            "scope": str(scope),
            "until": until,
            "reason": row.reason,
        },
    )
    return row.id


@transaction.atomic
def revoke(*, grant_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """End a grant now; ending one that has ended is nothing."""
    row = Grant.objects.select_for_update().filter(id=grant_id).first()
    if row is None or not queries.people_visible_to(by).filter(id=row.person_id).exists():
        raise NotVisible(_("There is no such grant."))
    if not wall.may_grant(by, role=Role(row.role), scope=queries.scope_of_row(row)):
        raise Forbidden(_("You may take away only roles that lie within your own."))
    if row.valid_until is not None and row.valid_until <= at:
        return
    Grant.objects.filter(id=row.id).update(valid_until=max(at, row.valid_from))
    facts = {"grant": str(row.id), "role": row.role, "reason": reason}
    ledger.record(
        "access.revoked",
        subject=f"person:{row.person_id}",
        by=by,
        at=at,
        teams=[row.team] if row.team else [],
        facts=facts,
    )


@transaction.atomic
def close_person(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Make a person inactive: their next request is refused, their links stop working."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    _require_within(person_id, by=by, at=at)
    if Person.objects.filter(id=person_id, active=True).update(active=False):
        ledger.record("access.person.closed", subject=f"person:{person_id}", by=by, at=at, facts={"reason": reason})


@transaction.atomic
def issue_link(*, person_id: UUID, by: Actor, at: datetime, valid: timedelta = LINK_VALID_DEFAULT) -> str:
    """Return the token of a new one-time sign-in link. It is told once: only its hash is kept.

    Whoever holds it can come in as that person, so it is given only by somebody who could give all that they hold.
    """
    require(by, Permission.ACCESS_GRANT)
    if not timedelta() < valid <= LINK_VALID_MAX:
        raise Invalid(_("a link is valid for at most %(days)s days") % {"days": LINK_VALID_MAX.days}, field="valid")
    person = queries.people_visible_to(by).filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    _require_within(person.id, by=by, at=at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    OneTimeLink.objects.create(token_sha256=_token_hash(token), person=person, issued_at=at, expires_at=at + valid)
    ledger.record("access.link.issued", subject=f"person:{person.id}", by=by, at=at, facts={"expires": at + valid})
    return token


def _require_within(person_id: UUID, *, by: Actor, at: datetime) -> None:
    """Refuse when a person holds a role outside the actor's own: nobody reaches further by another's account."""
    held = queries.granted_to(person_id, at=at)
    if not all(wall.may_grant(by, role=granted.role, scope=granted.scope) for granted in held):
        raise Forbidden(_("You may give only roles that lie within your own."))


def redeem_link(*, token: str, at: datetime, source: str = "") -> Person:
    """Let somebody in by a link, once.

    Unknown, used, expired and another's inactive account are one refusal, so that trying links teaches nothing. The
    look-up is by the token's hash: how long it takes says nothing about the token. After too many failures from one
    `source` (a network address) its links are refused unread.
    """
    origin = _source_hash(source)
    if _failures(origin, at=at) >= FAILED_ATTEMPTS_MAX:
        raise Forbidden(_("Too many links were tried from here. Wait a quarter of an hour and try again."))
    person = _redeem(token, at=at)
    if person is None:
        FailedAttempt.objects.filter(at__lt=at - FAILED_ATTEMPTS_WINDOW).delete()
        FailedAttempt.objects.create(id=new_id(at), source=origin, at=at)
        raise Forbidden(_("This link does not work: it was used, has expired, or was never given. Ask for a new one."))
    return person


@transaction.atomic
def _redeem(token: str, *, at: datetime) -> Person | None:
    """Use up a link and return its person; nothing when it lets nobody in."""
    digest = _token_hash(token)
    usable = OneTimeLink.objects.filter(
        token_sha256=digest, used_at__isnull=True, expires_at__gt=at, person__active=True
    )
    # The conditional update is what makes it once: of two that come together, one finds it unused.
    if not usable.update(used_at=at):
        return None
    person = Person.objects.get(links__token_sha256=digest)
    by = Actor(id=str(person.id), kind=ActorKind.PERSON, name=person.name)
    ledger.record("access.signed_in", subject=f"person:{person.id}", by=by, at=at, facts={"by": "one-time link"})
    return person


@transaction.atomic
def sign_out(*, by: Actor, at: datetime) -> None:
    """Write down that a person ended their session."""
    ledger.record("access.signed_out", subject=f"person:{by.id}", by=by, at=at)


def _failures(origin: str, *, at: datetime) -> int:
    """Count the failed attempts from an origin within the window."""
    return FailedAttempt.objects.filter(source=origin, at__gt=at - FAILED_ATTEMPTS_WINDOW, at__lte=at).count()


def _token_hash(token: str) -> str:
    """Return the SHA-256 under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def _source_hash(source: str) -> str:
    """Return a network address as a keyed hash: enough to count by, nothing to read back."""
    return hmac.new(settings.SECRET_KEY.encode(), source.encode(), "sha256").hexdigest()
