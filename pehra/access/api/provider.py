"""People's sign-ins at relying services: who may, what the service is told of them, and that it hears of the end.

A sign-in at a service is one row (`ServiceUse`) by service, person and session; tokens live no longer than it. When the
session ends, on whatever road, the row ends with it, the tokens are gone, and the service is told by a signed logout
token (OpenID Connect Back-Channel Logout 1.0) until it says that it heard.
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import QuerySet

from pehra.access import queries
from pehra.access.api.deciding import actor_for
from pehra.access.api.outward import post_outside
from pehra.access.api.second_wall import elevated
from pehra.access.api.services import open_service
from pehra.access.api.signing import sign
from pehra.access.models import Person, RelyingService, ServiceUse
from pehra.access.rules import provider as rules
from pehra.access.rules.provider import SignedIn
from pehra.access.sessions.proofs import SID
from pehra.kernel.actors import Actor, ActorKind, system
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Fault, NotVisible, Refusal
from pehra.ledger import api as ledger

SESSIONS_READ_AT_ONCE = 500
TOLD_AT_ONCE_MAX = 50
PROBLEM_CHARACTERS_MAX = 200
FORGOTTEN_AFTER = timedelta(days=90)  # a use that ended, and of which the service was told


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of one round of telling services."""

    told: int
    waiting: int
    given_up: int


def may_use_service(*, person_id: UUID, client_id: str, at: datetime) -> bool:
    """Whether a person may be signed in at a service now: both are open, and one of its teams is the person's."""
    row = open_service(client_id)
    return row is not None and _may_use(row, person_id=person_id, at=at) is not None


def _may_use(row: RelyingService, *, person_id: UUID, at: datetime) -> Actor | None:
    try:
        actor = actor_for(person_id=person_id, at=at)
    except NotVisible:
        return None
    if actor.kind is not ActorKind.PERSON:
        return None
    return actor if not row.teams or actor.teams & set(row.teams) else None


def claims_of(*, person_id: UUID, client_id: str, scopes: Collection[str], at: datetime) -> dict[str, Any]:
    """Return what a service learns of a person for these scopes, as it is now; refuse one who may not sign in there.

    A service for some teams learns of those teams alone, and of no organisation: what somebody is elsewhere is not its
    matter.
    """
    row = open_service(client_id)
    actor = _may_use(row, person_id=person_id, at=at) if row is not None else None
    person = Person.objects.filter(id=person_id, active=True).first()
    if row is None or actor is None or person is None:
        raise NotVisible("not for this person")
    claims: dict[str, Any] = {"sub": str(person.id)}
    if "profile" in scopes:
        claims |= {"name": person.name, "locale": person.language}
    if "email" in scopes:
        proven = EmailAddress.objects.filter(user=person, email=person.email, verified=True).exists()
        claims |= {"email": person.email, "email_verified": proven}
    if "pehra" in scopes:
        claims |= _roles_for(row, actor, at=at)
    return claims


def _roles_for(row: RelyingService, actor: Actor, *, at: datetime) -> dict[str, Any]:
    granted = queries.granted_to(UUID(actor.id), at=at)
    within = set(row.teams)
    if not within:
        teams = sorted({grant.scope.code for grant in granted if grant.scope.kind in ("team", "guided")})
        roles = sorted({f"{grant.role.value}@{grant.scope}" for grant in granted})
        return {"pehra_teams": teams, "pehra_organisations": sorted(actor.organisations), "pehra_roles": roles}
    reach = {code: set(circle) for code, circle in actor.guided}
    roles = []
    for grant in granted:
        held = reach.get(grant.scope.code, set()) if grant.scope.kind == "guided" else {grant.scope.code}
        if grant.scope.kind == "national" or (grant.scope.kind in ("team", "guided") and held & within):
            roles.append(f"{grant.role.value}@{grant.scope}")
    return {"pehra_teams": sorted(actor.teams & within), "pehra_organisations": [], "pehra_roles": sorted(set(roles))}


@transaction.atomic
@elevated(part="access.provider", only_people=True)
def note_use(*, person_id: UUID, client_id: str, sid: str, at: datetime) -> None:
    """Write down that a person signed in at a service from a session; the first time, in the ledger too."""
    row, made = ServiceUse.objects.get_or_create(
        service_id=client_id,
        person_id=person_id,
        sid=sid,
        defaults={"id": new_id(at), "first_at": at, "last_at": at},
    )
    if not made:
        ServiceUse.objects.filter(id=row.id, ended_at__isnull=True).update(last_at=at)
        return
    person = Person.objects.get(id=person_id)
    by = Actor(id=str(person.id), kind=ActorKind.PERSON, name=person.name)
    facts = {"service": client_id, "name": row.service.name}
    ledger.record("access.service.used", subject=f"person:{person_id}", by=by, at=at, facts=facts)


def still_signed_in(*, person_id: UUID, client_id: str, sid: str, at: datetime) -> bool:
    """Whether a sign-in at a service holds yet: its session has not ended, and the person may still be there."""
    held = ServiceUse.objects.filter(service_id=client_id, person_id=person_id, sid=sid, ended_at__isnull=True).exists()
    return held and may_use_service(person_id=person_id, client_id=client_id, at=at)


@transaction.atomic
@elevated(part="access.provider", only_people=True)
def end_service_uses(*, person_id: UUID, sids: Iterable[str] | None = None, devices: bool = False, at: datetime) -> int:
    """End a person's sign-ins at services: those of these sessions, or all; their tokens go now; return how many.

    With `devices` those of devices that were let in as well, which no browser's session stands behind.

    Each service with an address for it is told soon after, by the worker.
    """
    rows = ServiceUse.objects.filter(person_id=person_id, ended_at__isnull=True)
    tokens = Token.objects.filter(user_id=person_id)
    if sids is not None:
        named = [sid for sid in sids if sid]
        if devices:
            named += rows.filter(sid__startswith=rules.DEVICE).values_list("sid", flat=True)
        rows, tokens = rows.filter(sid__in=named), tokens.filter(data__signed_in__sid__in=named)
    tokens.delete()
    return _end(rows, at=at)


def _end(rows: QuerySet[ServiceUse], *, at: datetime) -> int:
    told = rows.exclude(service__logout_uri="").values_list("id", flat=True)
    waiting = list(told)
    ServiceUse.objects.filter(id__in=waiting).update(ended_at=at, try_at=at)
    return len(waiting) + rows.filter(ended_at__isnull=True).update(ended_at=at)


@transaction.atomic
@elevated(part="access.provider", only_people=True)
def end_lost_uses(*, at: datetime) -> int:
    """End the sign-ins whose session is there no more, or whose person is closed: for the sweep; return how many.

    However a session ended (signed out, ended from a list, expired, cut off with its account), this finds it.
    """
    closed = ServiceUse.objects.filter(ended_at__isnull=True, person__active=False).values_list("person_id", flat=True)
    ended = sum(end_service_uses(person_id=person, at=at) for person in set(closed))
    rows = ServiceUse.objects.filter(ended_at__isnull=True)
    old = rows.filter(sid__startswith=rules.DEVICE, last_at__lte=at - rules.SESSION_MAX)
    lost: dict[UUID, list[str]] = {}
    for person, sid in old.values_list("person_id", "sid"):
        lost.setdefault(person, []).append(sid)
    browsers = list(rows.exclude(sid__startswith=rules.DEVICE).values_list("person_id", "sid"))
    live = _live_sids({sid for _person, sid in browsers}, at=at) if browsers else set()
    for person, sid in browsers:
        if sid not in live:
            lost.setdefault(person, []).append(sid)
    return ended + sum(end_service_uses(person_id=person, sids=sids, at=at) for person, sids in lost.items())


def _live_sids(wanted: set[str], *, at: datetime) -> set[str]:
    """Return which of these names belong to sessions that are alive: by the list of sessions, else by reading them."""
    alive = Session.objects.filter(expire_date__gt=at)
    listed = UserSession.objects.filter(session_key__in=alive.values("session_key"), data__sid__in=sorted(wanted))
    found = set(listed.values_list("data__sid", flat=True))
    if wanted - found:
        found |= {str(row.get_decoded().get(SID, "")) for row in alive.iterator(SESSIONS_READ_AT_ONCE)}
    return found & wanted


def tell_services(*, at: datetime, limit: int = TOLD_AT_ONCE_MAX) -> Told:
    """Tell services of sign-ins that ended, each with a token of its own; what fails is tried again, ever later.

    One at a time and claimed before it is sent: a worker that dies in between tries it again, and a service that hears
    twice ends nothing twice.
    """
    told = waiting = given_up = 0
    for _number in range(limit):
        row = _claimed(at=at)
        if row is None:
            break
        problem = _told(row, at=at)
        if not problem:
            told += 1
            ServiceUse.objects.filter(id=row.id).update(told_at=at, try_at=None, problem="")
            continue
        if row.try_at is None:
            given_up += 1
            _give_up(row, problem, at=at)
        waiting += row.try_at is not None
        ServiceUse.objects.filter(id=row.id).update(problem=problem)
    return Told(told=told, waiting=waiting, given_up=given_up)


@transaction.atomic
def _claimed(*, at: datetime) -> ServiceUse | None:
    """Take the next that is due, and say when it is due again if nothing comes of it."""
    due = ServiceUse.objects.select_for_update(skip_locked=True, of=("self",)).filter(try_at__lte=at)
    row = due.select_related("service").order_by("try_at", "id").first()
    if row is None:
        return None
    row.tries += 1
    again = rules.wait(tries=row.tries)
    row.try_at = None if again is None else at + again
    ServiceUse.objects.filter(id=row.id).update(tries=row.tries, try_at=row.try_at)
    return row


def _told(row: ServiceUse, *, at: datetime) -> str:
    """Send one logout token; return what went wrong, or nothing."""
    claims = {
        "aud": row.service_id,
        "sub": str(row.person_id),
        "sid": row.sid,
        "jti": secrets.token_urlsafe(16),
        "exp": int(at.timestamp()) + rules.LOGOUT_TOKEN_SECONDS,
        "events": {rules.LOGOUT_EVENT: {}},
    }
    body = f"logout_token={sign(claims, typ='logout+jwt', at=at)}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = post_outside(row.service.logout_uri, body=body, headers=headers)
    except (Fault, Refusal) as error:
        return str(error)[:PROBLEM_CHARACTERS_MAX]
    return "" if answer.status in (200, 204) else f"the service answered {answer.status}"


def _give_up(row: ServiceUse, problem: str, *, at: datetime) -> None:
    facts = {"person": str(row.person_id), "problem": problem, "tries": row.tries}
    ledger.record("access.service.untold", subject=f"service:{row.service_id}", by=system("access"), at=at, facts=facts)


def forget_uses(*, at: datetime) -> None:
    """Forget tokens that expired and uses that ended long ago: for the daily sweep."""
    Token.objects.filter(expires_at__lte=at).delete()
    ServiceUse.objects.filter(ended_at__lte=at - FORGOTTEN_AFTER, try_at__isnull=True).delete()


def one_at_a_time(name: str) -> None:
    """Let nobody else redeem the same code or token until this transaction ends: of two at once one is the second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"access.provider:{name}"])


def revoke_family(*, client_id: str, family: str, at: datetime, why: str = "") -> int:
    """End every token that came of one code; with a reason it is written down; return how many."""
    rows = Token.objects.filter(client_id=client_id, data__signed_in__family=family)
    person = rows.values_list("user_id", flat=True).first()
    gone: int = rows.delete()[0]
    if gone and why:
        facts = {"service": client_id, "why": why, "tokens": gone}
        ledger.record("access.service.revoked", subject=f"person:{person}", by=system("access"), at=at, facts=facts)
    return gone


def family_tokens(family: SignedIn) -> dict[str, Any]:
    """Return what each token of a family keeps beside its hash."""
    return {"signed_in": family.plain()}
