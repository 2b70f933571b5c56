"""What people say of a finding: it is fixed, it was checked, it is not fixed after all.

Who says that it is fixed is never alone: verifying is another permission, and another act.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import queries
from pehra.findings.models import Finding
from pehra.findings.queries import FindingView
from pehra.findings.rules import states
from pehra.findings.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger

REASON_CHARACTERS_MAX = 2_000


@transaction.atomic
def mark_fixed(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that a finding is fixed. A sighting from after this moment opens it again by itself."""
    row = _ready(finding_id, to=State.FIXED, permission=Permission.FINDINGS_CHANGE, by=by)
    return _move(row, to=State.FIXED, reason=reason, by=by, at=at, changes={"fixed_at": at})


@transaction.atomic
def verify(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that somebody checked that a finding is fixed; the reason says how."""
    row = _ready(finding_id, to=State.VERIFIED, permission=Permission.FINDINGS_VERIFY, by=by)
    return _move(row, to=State.VERIFIED, reason=reason, by=by, at=at, changes={"verified_at": at})


@transaction.atomic
def reopen(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that a finding is not fixed after all: it is open again, and its organisation is told again."""
    row = _ready(finding_id, to=State.OPEN, permission=Permission.FINDINGS_CHANGE, by=by)
    changes = {"reopened": row.reopened + 1, "reopened_at": at, "examined": ""}
    return _move(row, to=State.OPEN, reason=reason, by=by, at=at, changes=changes)


_EVENTS = {State.FIXED: "findings.fixed", State.VERIFIED: "findings.verified", State.OPEN: "findings.reopened"}


def _ready(finding_id: UUID, *, to: State, permission: Permission, by: Actor) -> Finding:
    """Return a finding locked for a move that the actor may make and the table of states holds."""
    row = queries.for_change(finding_id, by=by)
    access.require(by, permission, teams=row.teams, organisation=row.organisation)
    states.require_move(State(row.state), to)
    return row


def _move(row: Finding, *, to: State, reason: str, by: Actor, at: datetime, changes: Mapping[str, Any]) -> FindingView:
    words = reason.strip()
    if not words or len(words) > REASON_CHARACTERS_MAX:
        raise Invalid(f"say why, in at most {REASON_CHARACTERS_MAX} characters", field="reason")
    Finding.objects.filter(id=row.id).update(state=to.value, **changes)
    ledger.record(
        _EVENTS[to],
        subject=queries.finding_subject(row.id),
        by=by,
        at=at,
        teams=row.teams,
        facts={"from": row.state, "reason": words},
    )
    return queries.by_ids([row.id])[0]
