"""Review: somebody says again, every so often, that each role is still right; silence ends it.

The profile says how often and how long the silence may last. Nobody keeps their own role: who gave it, or could have,
looks. What ends by itself is written down once; `sweep` does both, and doing it twice changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api import asking
from pehra.access.api.granting import (
    NeedsSecondPerson,
    check_grant,
    end_grant,
    for_change,
    may_grant,
    needs_second_person,
    policy,
    teams_of,
    write_grant,
)
from pehra.access.api.second_wall import elevated
from pehra.access.models import Grant
from pehra.access.rules import delegation
from pehra.access.rules.roles import SCOPES, Role, ScopeKind
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger

REVIEW_AHEAD = timedelta(days=14)
REVIEWS_SHOWN_MAX = 1_000
SWEPT_AT_ONCE_MAX = 500


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """A grant that somebody must say something about; `ends_at` is when silence ends it."""

    grant: UUID
    person: UUID
    person_name: str
    email: str
    role: str
    scope: str
    reason: str
    valid_from: datetime
    valid_until: datetime | None
    due_at: datetime
    ends_at: datetime
    overdue: bool


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep found: ends written down, silences that ended a role, questions that ran out."""

    expired: int = 0
    silent: int = 0
    unanswered: int = 0
    planned: int = 0


def due_for_review(*, by: Actor, at: datetime) -> list[ReviewView]:
    """Return the grants that the actor should look at now or within two weeks, the most urgent first."""
    grace = policy(at=at).review_grace
    rows = queries.valid_grants(at).filter(queries.readable(by), review_due_at__lte=at + REVIEW_AHEAD)
    rows = rows.exclude(person_id=by.id) if not by.is_system else rows
    shown = rows.select_related("person").order_by("review_due_at", "id")[:REVIEWS_SHOWN_MAX]
    may = _granter(by, [queries.scope_of_row(row) for row in shown])
    return [_view(row, grace, at=at) for row in shown if may(Role(row.role), queries.scope_of_row(row))]


def _granter(by: Actor, scopes: list[Scope]) -> Callable[[Role, Scope], bool]:
    """Return what says whether the actor gives a role in one of these scopes: who answers for them is read once."""
    leads = queries.leads_of({scope.code for scope in scopes if scope.kind is ScopeKind.ORGANISATION})
    above_all = queries.answering_team(Scope(kind=ScopeKind.NATIONAL))

    @cache
    def may(role: Role, scope: Scope) -> bool:
        led_by = leads.get(scope.code, "") if scope.kind is ScopeKind.ORGANISATION else above_all
        return delegation.may_grant(by, role=role, scope=scope, led_by=led_by)

    return may


@transaction.atomic
@elevated(part="access.reviewing", only_people=True)
def review(*, grant_id: UUID, keep: bool, reason: str, by: Actor, at: datetime) -> None:
    """Say that a role is still right, until the next review; or that it is not, which ends it."""
    row = _in_review(grant_id, reason=reason, by=by, at=at)
    if not keep:
        end_grant(row, reason=reason.strip(), by=by, at=at, facts={"review": True})
        return
    due = at + policy(at=at).review_every
    Grant.objects.filter(id=row.id).update(reviewed_at=at, review_due_at=due)
    facts = {"grant": str(row.id), "role": row.role, "reason": reason.strip(), "next": due}
    _record("access.reviewed", row, by=by, at=at, facts=facts)


@transaction.atomic
@elevated(part="access.reviewing", only_people=True)
def change_grant(
    *, grant_id: UUID, role: Role | str, until: datetime | None = None, reason: str, by: Actor, at: datetime
) -> UUID:
    """Put another role, or another end, in a grant's place in the same scope: one ends, the other begins."""
    row = _in_review(grant_id, reason=reason, by=by, at=at)
    scope = queries.scope_of_row(row)
    if role not in set(Role) or scope.kind not in SCOPES[Role(role)]:
        raise Invalid(_("%(role)s is not a role of this scope") % {"role": role}, field="role")
    person = check_grant(
        person_id=row.person_id, role=Role(role), scope=scope, until=until, reason=reason, by=by, at=at
    )
    if not by.is_system and role != row.role and needs_second_person(role=Role(role), scope=scope, at=at):
        raise NeedsSecondPerson(_("This role needs a second person. Ask for it; another who may give it decides."))
    given = write_grant(
        person=person, role=Role(role), scope=scope, until=until, reason=reason, granted_by=by.id,
        facts={"instead_of": str(row.id)}, by=by, at=at,
    )  # fmt: skip
    if given != row.id:
        end_grant(row, reason=reason.strip(), by=by, at=at, facts={"replaced_by": str(given)})
    return given


def _in_review(grant_id: UUID, *, reason: str, by: Actor, at: datetime) -> Grant:
    """Return a grant that the actor may say something about, locked."""
    row = for_change(grant_id, by=by)
    if str(row.person_id) == by.id:
        raise Forbidden(_("Nobody reviews their own role. Another who may give it does."))
    if not _may(row, by=by):
        raise Forbidden(_("You may review only roles that lie within your own."))
    if row.how == "glass":
        raise Invalid(_("A broken glass is judged, not reviewed."), field="grant")
    if row.valid_until is not None and row.valid_until <= at:
        raise Invalid(_("This role has ended."), field="grant")
    if not reason.strip():
        raise Invalid(_("a review says why"), field="reason")
    return row


def _may(row: Grant, *, by: Actor) -> bool:
    return may_grant(by, role=Role(row.role), scope=queries.scope_of_row(row))


def _view(row: Grant, grace: timedelta, *, at: datetime) -> ReviewView:
    assert row.review_due_at is not None
    return ReviewView(
        grant=row.id,
        person=row.person_id,
        person_name=row.person.name,
        email=row.person.email,
        role=row.role,
        scope=str(queries.scope_of_row(row)),
        reason=row.reason,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        due_at=row.review_due_at,
        ends_at=row.review_due_at + grace,
        overdue=row.review_due_at <= at,
    )


@transaction.atomic
def sweep(*, by: Actor, at: datetime) -> Swept:
    """Write down what ended by itself, end what nobody spoke for, close unanswered questions: some at a time."""
    if not by.is_system:
        raise Forbidden(_("What ends by itself is for Pehra itself to write down."))
    rule = policy(at=at)
    rows = Grant.objects.select_for_update(skip_locked=True)
    ended = list(rows.filter(end_recorded=False, valid_until__lte=at)[:SWEPT_AT_ONCE_MAX])
    for row in ended:
        Grant.objects.filter(id=row.id).update(end_recorded=True)
        facts: dict[str, object] = {"grant": str(row.id), "role": row.role, "how": row.how}
        facts["scope"] = str(queries.scope_of_row(row))
        _record("access.expired", row, by=by, at=at, facts=facts)
    holds = Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    silent = list(rows.filter(holds, review_due_at__lte=at - rule.review_grace)[:SWEPT_AT_ONCE_MAX])
    for row in silent:
        told: dict[str, object] = {"due": row.review_due_at, "because": rule.because.as_json()}
        end_grant(row, reason="nobody said in time that it is still right", by=by, at=at, facts=told)
    unanswered = asking.run_out(by=by, at=at, limit=SWEPT_AT_ONCE_MAX)
    # Roles of before there were reviews come up for their first one a full period from now.
    planned = Grant.objects.filter(holds, review_due_at__isnull=True).exclude(how="glass")
    count = planned.update(review_due_at=at + rule.review_every)
    return Swept(expired=len(ended), silent=len(silent), unanswered=unanswered, planned=count)


def _record(event: str, row: Grant, *, by: Actor, at: datetime, facts: dict[str, object]) -> None:
    teams = teams_of(queries.scope_of_row(row))
    ledger.record(event, subject=f"person:{row.person_id}", by=by, at=at, teams=teams, facts=facts)
