"""Four eyes: an act that one alone may not do is asked for by one and decided by another.

The decider is never the asker and never the person concerned, could do the act alone if the profile let them, and did
not come in by a link, or hold a role, that the asker gave them this week, nor the other way round: two names are not
two people. What the asker may do is asked again when it is decided, because rights change in between. A question that
nobody answers runs out.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.deciding import actor_for, may
from pehra.access.api.granting import check_grant, may_grant, scope_named, teams_of, write_grant
from pehra.access.api.second_wall import elevated
from pehra.access.models import Grant, OneTimeLink, PendingAct
from pehra.access.rules.roles import Permission, Role
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.clock import parse_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

QUESTION_VALID = timedelta(days=7)
PENDING_SHOWN_MAX = 500
PENDING_READ_MAX = 10_000
SCOPE_FIELDS = ("team", "guided", "organisation", "national", "council")


@dataclass(frozen=True, kw_only=True)
class PendingView:
    """A question as pages and commands show it; `may_decide` is whether the reader could be the second person."""

    id: UUID
    act: str
    person: UUID
    person_name: str
    email: str
    role: str
    scope: str
    until: datetime | None
    reason: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    may_decide: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What may be asked for: who may decide it, what is done when they agree, and which teams read of it."""

    may_decide: Callable[[PendingAct, Actor, datetime], bool]
    do: Callable[[PendingAct, Actor, datetime], object]
    teams: Callable[[PendingAct], list[str]]


ACTS: dict[str, Act] = {}


@transaction.atomic
@elevated(part="access.asking", only_people=True)
def ask_for_grant(
    *,
    person_id: UUID,
    role: Role | str,
    team: str = "",
    guided: bool = False,
    organisation: str = "",
    national: bool = False,
    council: bool = False,
    until: datetime | None = None,
    reason: str,
    by: Actor,
    at: datetime,
) -> UUID:
    """Ask that a person be given a role that needs two; who asks must be able to give it."""
    where: dict[str, Any] = {
        "team": team, "guided": guided, "organisation": organisation, "national": national, "council": council,
    }  # fmt: skip
    scope = scope_named(role, **where)
    check_grant(person_id=person_id, role=Role(role), scope=scope, until=until, reason=reason, by=by, at=at)
    facts = where | {"role": Role(role).value, "until": until.isoformat() if until else None}
    return ask(act="grant", person_id=person_id, facts=facts, reason=reason, by=by, at=at)


def ask(*, act: str, person_id: UUID, facts: dict[str, Any], reason: str, by: Actor, at: datetime) -> UUID:
    """Write down a question whose asker was checked; the same question again is the one that waits already."""
    held = PendingAct.objects.filter(
        act=act, person_id=person_id, facts=facts, asked_by=by.id, agreed__isnull=True, expires_at__gt=at
    ).first()
    if held is not None:
        return held.id
    row = PendingAct.objects.create(
        id=new_id(at),
        act=act,
        person_id=person_id,
        facts=facts,
        reason=reason.strip(),
        asked_by=by.id,
        asked_at=at,
        expires_at=at + QUESTION_VALID,
    )
    told = {name: value for name, value in facts.items() if name != "email"}  # an address would stand there for ever
    _record("access.asked", row, by=by, at=at, facts={**told, "expires": row.expires_at})
    return row.id


@transaction.atomic
@elevated(part="access.asking", only_people=True)
def decide(*, pending_id: UUID, agree: bool, reason: str, by: Actor, at: datetime) -> None:
    """Agree to a question or say no; of two who decide at once the second finds it decided."""
    row = PendingAct.objects.select_for_update().filter(id=pending_id).first()
    if row is None or not _visible(row, by=by, at=at):
        raise NotVisible(_("There is no such question."))
    if row.agreed is not None:
        raise Invalid(_("This was decided already."), field="decision")
    if row.expires_at <= at:
        raise Invalid(_("Nobody answered in time. It must be asked again."), field="decision")
    if not reason.strip():
        raise Invalid(_("a decision says why"), field="reason")
    withdraws = not agree and by.id == row.asked_by
    if not withdraws:
        _require_second_person(row, by=by, at=at)
    row.agreed, row.decided_by, row.decided_at = agree, by.id, at
    row.save(update_fields=["agreed", "decided_by", "decided_at"])
    _record("access.agreed" if agree else "access.declined", row, by=by, at=at, facts={"why": reason.strip()})
    if agree:
        ACTS[row.act].do(row, by, at)


def _require_second_person(row: PendingAct, *, by: Actor, at: datetime) -> None:
    """Refuse who is no second person to this question."""
    if by.id == row.asked_by:
        raise Forbidden(_("Who asked may not decide. Another must."))
    if by.id == str(row.person_id):
        raise Forbidden(_("Nobody decides on their own access."))
    if by.kind is not ActorKind.PERSON:
        raise Forbidden(_("The machine is nobody's second person. Give the role directly instead."))
    if not ACTS[row.act].may_decide(row, by, at):
        raise Forbidden(_("You may decide only on what you could give yourself."))
    if _are_perhaps_one(row.asked_by, by.id, at=at):
        raise Forbidden(_("One of you let the other in, or gave them their role, within a week: another must decide."))


@elevated(part="access.asking", only_people=True)
def require_second(*, asked_by: str, permission: Permission, teams: Collection[str], by: Actor, at: datetime) -> None:
    """Refuse who is no second person to another part's act, or an asker who may no longer do it.

    The part that keeps the question has asked already whether `by` may decide it.
    """
    if by.id == asked_by:
        raise Forbidden(_("Who asked may not decide. Another must."))
    if by.kind is not ActorKind.PERSON:
        raise Forbidden(_("This takes two people; a program is none of them."))
    if _are_perhaps_one(asked_by, by.id, at=at):
        raise Forbidden(_("One of you let the other in, or gave them their role, within a week: another must decide."))
    try:
        asker = actor_for(person_id=UUID(asked_by), at=at)
    except (NotVisible, ValueError) as error:
        raise Forbidden(_("Who asked may no longer do this.")) from error
    if not may(asker, permission, teams=teams):
        raise Forbidden(_("Who asked may no longer do this."))


def _are_perhaps_one(asker: str, decider: str, *, at: datetime) -> bool:
    """Whether one of two came in by the other's link, or holds a role from the other, since a question's life ago.

    Whoever adds an account and lets it in may sit before both: two names are then not two people.
    """
    since = at - QUESTION_VALID
    for maker, made in ((asker, decider), (decider, asker)):
        if queries.uuid_of(made) is None:
            continue
        if OneTimeLink.objects.filter(person_id=made, issued_by=maker, used_at__gt=since).exists():
            return True
        if Grant.objects.filter(person_id=made, granted_by=maker, valid_from__gt=since).exclude(how="glass").exists():
            return True
    return False


@elevated(part="access.asking", only_people=True)
def pending(*, by: Actor, at: datetime) -> list[PendingView]:
    """Return the open questions that the actor asked or could decide, oldest first."""
    rows = PendingAct.objects.filter(agreed__isnull=True, expires_at__gt=at).select_related("person")
    # Cut after the wall: questions of others, however many, do not push anybody's own out of sight.
    seen = (row for row in rows.order_by("asked_at", "id")[:PENDING_READ_MAX] if _visible(row, by=by, at=at))
    shown = list(islice(seen, PENDING_SHOWN_MAX))
    names = queries.names_of({row.asked_by for row in shown})
    return [_view(row, names, by=by, at=at) for row in shown]


def _visible(row: PendingAct, *, by: Actor, at: datetime) -> bool:
    return by.is_system or by.id == row.asked_by or (row.act in ACTS and ACTS[row.act].may_decide(row, by, at))


def _view(row: PendingAct, names: dict[str, str], *, by: Actor, at: datetime) -> PendingView:
    until = row.facts.get("until")
    concerned = by.id in (row.asked_by, str(row.person_id)) or by.is_system
    return PendingView(
        id=row.id,
        act=row.act,
        person=row.person_id,
        person_name=row.person.name,
        email=row.person.email,
        role=row.facts.get("role", ""),
        scope=str(_scope(row)) if row.act == "grant" else "",
        until=parse_time(until) if until else None,
        reason=row.reason,
        asked_by=names.get(row.asked_by, row.asked_by),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        detail=row.facts.get("email", ""),
        may_decide=not concerned and row.act in ACTS and ACTS[row.act].may_decide(row, by, at),
    )


def _scope(row: PendingAct) -> Scope:
    return scope_named(row.facts["role"], **{name: row.facts[name] for name in SCOPE_FIELDS})


def _give(row: PendingAct, by: Actor, at: datetime) -> None:
    """Give what was asked for, if the one who asked may still give it."""
    scope, role, until = _scope(row), Role(row.facts["role"]), row.facts["until"]
    ends = parse_time(until) if until else None
    try:
        asker = actor_for(person_id=UUID(row.asked_by), at=at)
    except (NotVisible, ValueError) as error:
        raise Forbidden(_("Who asked may no longer give this.")) from error
    if not may_grant(asker, role=role, scope=scope):
        raise Forbidden(_("Who asked may no longer give this."))
    person = check_grant(person_id=row.person_id, role=role, scope=scope, until=ends, reason=row.reason, by=by, at=at)
    facts: dict[str, object] = {"asked_by": row.asked_by, "question": str(row.id)}
    write_grant(
        person=person, role=role, scope=scope, until=ends, reason=row.reason, granted_by=row.asked_by, facts=facts,
        by=by, at=at,
    )  # fmt: skip


def _record(event: str, row: PendingAct, *, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    told = {"question": str(row.id), "act": row.act, "reason": row.reason} | facts
    teams = ACTS[row.act].teams(row)
    ledger.record(event, subject=f"person:{row.person_id}", by=by, at=at, teams=teams, facts=told)


def run_out(*, by: Actor, at: datetime, limit: int) -> int:
    """Close questions that nobody answered in time, each once with its entry; return how many."""
    rows = PendingAct.objects.select_for_update(skip_locked=True, of=("self",))
    late = list(rows.filter(agreed__isnull=True, expires_at__lte=at)[:limit])
    for row in late:
        PendingAct.objects.filter(id=row.id).update(agreed=False, decided_by=by.id, decided_at=at)
        _record("access.unanswered", row, by=by, at=at, facts={})
    return len(late)


ACTS["grant"] = Act(
    may_decide=lambda row, by, at: may_grant(by, role=Role(row.facts["role"]), scope=_scope(row)),
    do=_give,
    teams=lambda row: teams_of(_scope(row)),
)
