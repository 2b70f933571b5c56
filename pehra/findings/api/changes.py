"""What people say of a finding: it is fixed, it was checked, it is not fixed after all.

Who says that it is fixed is never alone: verifying is another permission, and another act.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import queries
from pehra.findings.api import moving
from pehra.findings.models import Finding
from pehra.findings.queries import FindingView
from pehra.findings.rules import states
from pehra.findings.rules.states import State
from pehra.kernel.actors import Actor


@transaction.atomic
def mark_fixed(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that a finding is fixed. A sighting from after this moment opens it again by itself."""
    row = _ready(finding_id, to=State.FIXED, permission=Permission.FINDINGS_CHANGE, by=by)
    return _moved(row, to=State.FIXED, reason=reason, by=by, at=at)


@transaction.atomic
def verify(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that somebody checked that a finding is fixed; the reason says how."""
    row = _ready(finding_id, to=State.VERIFIED, permission=Permission.FINDINGS_VERIFY, by=by)
    return _moved(row, to=State.VERIFIED, reason=reason, by=by, at=at)


@transaction.atomic
def reopen(*, finding_id: UUID, reason: str, by: Actor, at: datetime) -> FindingView:
    """Say that a finding is not fixed after all: it is open again, and its organisation is told again."""
    row = _ready(finding_id, to=State.OPEN, permission=Permission.FINDINGS_CHANGE, by=by)
    return _moved(row, to=State.OPEN, reason=reason, by=by, at=at)


def _ready(finding_id: UUID, *, to: State, permission: Permission, by: Actor) -> Finding:
    """Return a finding locked for a move that the actor may make and the table of states holds."""
    row = queries.for_change(finding_id, by=by)
    access.require(by, permission, teams=row.teams, organisation=row.organisation)
    states.require_move(State(row.state), to)
    return row


def _moved(row: Finding, *, to: State, reason: str, by: Actor, at: datetime) -> FindingView:
    moving.move([row], to=to, reason=moving.words_of(reason), by=by, at=at)
    return queries.by_ids([row.id])[0]
