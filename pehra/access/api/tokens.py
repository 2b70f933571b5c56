"""API tokens: by which a program acts for its holder, with named permissions, until a day.

A token is told once and kept as its SHA-256. It adds nothing: at the moment of use its holder's rights are read as ever
and cut to what it names, so that a closed person's and an ended grant's token has lost them at once. Unknown, mistyped,
expired and revoked are one refusal.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.deciding import actor_for, as_actor, require
from pehra.access.api.granting import require_within, within
from pehra.access.api.second_wall import elevated
from pehra.access.gateways import bearers
from pehra.access.gateways.bearers import Bearer
from pehra.access.models import ApiToken, FailedAttempt, Person
from pehra.access.rules import tokens as rules
from pehra.access.rules.roles import Permission, ScopeKind
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

USE_NOTED_EVERY = timedelta(minutes=1)
LIVE_TOKENS_MAX = 100  # of one holder
TOKENS_SHOWN_MAX = 500
BAD_TOKENS_MAX = 20  # from one address within the window, before it is told to wait
BAD_TOKENS_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """A token as pages, commands and programs see it: never the token itself."""

    id: UUID
    name: str
    holder: UUID
    holder_name: str
    permissions: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    live: bool


def token_valid_max(*, at: datetime) -> timedelta:
    """Return how long a token may be valid at most, by the profile's policy of that day."""
    profile = law.load(settings.PEHRA_PROFILE)
    return law.access_policy(profile, on=law.day_of(profile, at)).token_max


@elevated(part="access.tokens", only_people=True)
def tokens_may_carry(*, holder_id: UUID, by: Actor, at: datetime) -> tuple[Permission, ...]:
    """Return what a token of somebody could carry; of another than oneself only where all of theirs lies within."""
    if by.id != str(holder_id):
        require_within(holder_id, by=by, at=at)
    return token_permissions(by=actor_for(person_id=holder_id, at=at))


def token_permissions(*, by: Actor) -> tuple[Permission, ...]:
    """Return what a token of this actor could carry: what it holds anywhere, but for what is for people alone."""
    held = {name.partition("@")[0] for name in by.permissions}
    return tuple(permission for permission in Permission if permission in held - rules.NOT_FOR_TOKENS)


@transaction.atomic
@elevated(part="access.tokens", only_people=True)
def issue_token(
    *, holder_id: UUID, name: str, permissions: Iterable[str], valid: timedelta, by: Actor, at: datetime
) -> str:
    """Return a new token. It is told once: only its hash is kept.

    A person makes one for themselves; for a service account it is made by whoever could give all that it holds.
    """
    holder = _holder(holder_id, by=by, at=at)
    wanted = rules.chosen(permissions)
    words = name.strip()
    if not words or len(words) > rules.NAME_CHARACTERS_MAX:
        raise Invalid(
            _("a token has a name of at most %(number)d characters") % {"number": rules.NAME_CHARACTERS_MAX},
            field="name",
        )
    longest = token_valid_max(at=at)
    if not timedelta() < valid <= longest:
        raise Invalid(_("a token is valid for at most %(days)d days") % {"days": longest.days}, field="valid")
    held = {held.partition("@")[0] for held in actor_for(person_id=holder.id, at=at).permissions}
    for permission in wanted:
        if permission not in held:
            raise Invalid(
                _("its holder does not have the permission %(permission)s") % {"permission": permission.value},
                field="permissions",
            )
    if ApiToken.objects.filter(_live(at), holder=holder).count() >= LIVE_TOKENS_MAX:
        raise Invalid(_("this account has too many tokens; revoke those that nobody uses"), field="name")
    token = rules.written(secrets.token_bytes(rules.SECRET_BYTES))
    row = ApiToken.objects.create(
        id=new_id(at),
        token_sha256=rules.digest(token),
        holder=holder,
        name=words,
        permissions=[permission.value for permission in wanted],
        created_by=by.id,
        created_at=at,
        expires_at=at + valid,
    )
    facts = {"token": str(row.id), "name": row.name, "permissions": row.permissions, "until": row.expires_at}
    _record("access.token.created", row, facts, by=by, at=at)
    return token


def _holder(holder_id: UUID, *, by: Actor, at: datetime) -> Person:
    """Return the active person a token is for, locked; refuse unless it is the actor, or lies within its hands."""
    own = by.id == str(holder_id)
    seen = Person.objects.all() if own else queries.people_visible_to(by)
    found = seen.filter(id=holder_id, active=True).exists()
    holder = Person.objects.select_for_update().filter(id=holder_id, active=True).first() if found else None
    if holder is None:
        raise NotVisible(_("There is no such person."))
    if own:
        require(by, Permission.ACCESS_TOKEN)
        return holder
    require(by, Permission.ACCESS_GRANT)
    require_within(holder.id, by=by, at=at)
    if not holder.service and not by.is_system:
        # Acting under another's name is not a lead's to arrange: a person makes their own.
        raise Forbidden(_("A person makes their own tokens; make one for a service account instead."))
    return holder


@transaction.atomic
@elevated(part="access.tokens", only_people=True)
def revoke_token(*, token_id: UUID, reason: str = "", by: Actor, at: datetime) -> None:
    """End a token now; ending one that has ended is nothing. Its holder may, and who could give all the holder has."""
    row = ApiToken.objects.select_for_update().filter(id=token_id).first()
    own = row is not None and by.id == str(row.holder_id)
    if row is None or not (own or queries.people_visible_to(by).filter(id=row.holder_id).exists()):
        raise NotVisible(_("There is no such token."))
    if not own:
        require(by, Permission.ACCESS_GRANT)
        require_within(row.holder_id, by=by, at=at)
    if row.revoked_at is not None:
        return
    ApiToken.objects.filter(id=row.id).update(revoked_at=at)
    facts = {"token": str(row.id), "name": row.name, "reason": reason.strip()}
    _record("access.token.revoked", row, facts, by=by, at=at)


def _record(event: str, row: ApiToken, facts: Mapping[str, object], *, by: Actor, at: datetime) -> None:
    scopes = [granted.scope for granted in queries.granted_to(row.holder_id, at=at)]
    teams = sorted({scope.code for scope in scopes if scope.kind in (ScopeKind.TEAM, ScopeKind.GUIDED)})
    ledger.record(event, subject=f"person:{row.holder_id}", by=by, at=at, teams=teams, facts=facts)


@elevated(part="access.tokens", only_people=True)
def tokens(*, by: Actor, at: datetime, holder_id: UUID | None = None, others: bool = False) -> list[TokenView]:
    """Return tokens, newest first: the actor's own, another's whose access lies in its hands, or (Pehra itself) all.

    With `others` those that work, of everybody else in the actor's hands, those not used for longest before the others.
    """
    rows = ApiToken.objects.select_related("holder")
    if others:
        return _of_others(rows, by=by, at=at)
    if holder_id is None:
        rows = rows if by.is_system else rows.filter(holder_id__in=_person_ids(by))
    elif by.id != str(holder_id):
        if not queries.people_visible_to(by).filter(id=holder_id).exists():
            raise NotVisible(_("There is no such person."))
        require_within(holder_id, by=by, at=at)
        rows = rows.filter(holder_id=holder_id)
    else:
        rows = rows.filter(holder_id=holder_id)
    return [_view(row, at=at) for row in rows[:TOKENS_SHOWN_MAX]]


def _of_others(rows: QuerySet[ApiToken], *, by: Actor, at: datetime) -> list[TokenView]:
    require(by, Permission.ACCESS_GRANT)
    seen = queries.people_visible_to(by).filter(active=True).exclude(id__in=_person_ids(by))
    live = rows.filter(_live(at), holder_id__in=seen.values("id"))
    unused_first = list(live.order_by(F("last_used_at").asc(nulls_first=True), "id")[:TOKENS_SHOWN_MAX])
    in_hand = {holder: within(holder, by=by, at=at) for holder in {row.holder_id for row in unused_first}}
    return [_view(row, at=at) for row in unused_first if in_hand[row.holder_id]]


def _person_ids(by: Actor) -> list[UUID]:
    """Return the actor's own id as a person's; a service or a peer without an account has none."""
    try:
        return [UUID(by.id)]
    except ValueError:
        return []


def _view(row: ApiToken, *, at: datetime) -> TokenView:
    return TokenView(
        id=row.id,
        name=row.name,
        holder=row.holder_id,
        holder_name=row.holder.name,
        permissions=tuple(row.permissions),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        live=row.revoked_at is None and row.expires_at > at and row.holder.active,
    )


def _live(at: datetime) -> Q:
    return Q(revoked_at__isnull=True, expires_at__gt=at)


def actor_for_token(*, token: str, at: datetime) -> Actor:
    """Return who acts by a token: its holder as they stand at this moment, with only the permissions that it names.

    The look-up is by hash: how long it takes says nothing about the token. A mistyped one is refused unasked.
    """
    bearer = _bearer_of(token, at=at) if rules.is_written_well(token) else None
    if bearer is None or not bearer.active:
        raise NotVisible(_("This token is no good."))
    granted = [queries.granted(grant) for grant in bearer.grants]
    holder = as_actor(bearer.person, name=bearer.name, service=bearer.service, granted=granted)
    if bearer.last_used_at is None or bearer.last_used_at <= at - USE_NOTED_EVERY:
        _note_use(bearer.token, at=at)
    return rules.limited(holder, bearer.permissions)


@elevated(part="access.tokens")
def _bearer_of(token: str, *, at: datetime) -> Bearer | None:
    """Return who bears a token. By Pehra itself: planning who sees which account is dearer than to look."""
    return bearers.bearer_of(rules.digest(token), at=at)


@transaction.atomic
def _note_use(token: UUID, *, at: datetime) -> None:
    """Write down that a token was used. Of many that use it at once one writes, and none waits for it."""
    for held in ApiToken.objects.filter(id=token).select_for_update(skip_locked=True).only("id"):
        ApiToken.objects.filter(id=held.id).update(last_used_at=at)


def note_bad_token(*, token: str, source: str, at: datetime) -> bool:
    """Count a token that was no good, by where it came from; say whether that is too many for one address.

    A good token from the same address is never held up by it: guessing 256 bits is hopeless, so that the count is there
    to be seen and to bound what a broken client costs, and many people share an address. A mistyped token is not
    counted: it costs nothing. Nothing is written once there are too many.
    """
    if not rules.is_written_well(token):
        return False
    origin = hmac.new(settings.SECRET_KEY.encode(), f"token:{source}".encode(), "sha256").hexdigest()
    recent = FailedAttempt.objects.filter(source=origin, at__gt=at - BAD_TOKENS_WINDOW, at__lte=at).count()
    if recent >= BAD_TOKENS_MAX:
        return True
    FailedAttempt.objects.filter(at__lt=at - BAD_TOKENS_WINDOW).delete()
    FailedAttempt.objects.create(id=new_id(at), source=origin, at=at)
    return False
