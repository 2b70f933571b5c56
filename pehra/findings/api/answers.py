"""What an organisation says of all that one letter told it: they are fixed; no, they are not after all.

The same as saying it of each on its page, for as many as a notice names; a word and no proof, so that somebody else
still verifies. What was taken back is told again only if it is seen again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import queries
from pehra.findings.models import Finding
from pehra.findings.rules import states
from pehra.findings.rules.states import UNFIXED, State
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger


@transaction.atomic
def say_fixed(*, finding_ids: Sequence[UUID], organisation: str, reason: str, by: Actor, at: datetime) -> int:
    """Say that an organisation's findings are fixed, those of them that are not yet; return how many that were."""
    access.require(by, Permission.FINDINGS_CHANGE, organisation=organisation)
    rows = _locked(finding_ids, organisation, by=by, among=[state.value for state in sorted(UNFIXED)])
    for row in rows:
        states.require_move(State(row.state), State.FIXED)
    Finding.objects.filter(id__in=[row.id for row in rows]).update(state=State.FIXED.value, fixed_at=at)
    ledger.record_many([_entry("findings.fixed", row, reason=reason, by=by, at=at) for row in rows])
    return len(rows)


@transaction.atomic
def take_back_fixed(
    *, finding_ids: Sequence[UUID], organisation: str, said_at: datetime, reason: str, by: Actor, at: datetime
) -> int:
    """Take back what was said fixed at a moment, where nothing was said or seen since; return of how many."""
    access.require(by, Permission.FINDINGS_CHANGE, organisation=organisation)
    rows = [
        row for row in _locked(finding_ids, organisation, by=by, among=[State.FIXED.value]) if row.fixed_at == said_at
    ]
    for told, state in ((True, State.NOTIFIED), (False, State.OPEN)):
        some = [row for row in rows if (row.notified_at is not None) is told]
        for row in some:
            states.require_move(State(row.state), state)
        Finding.objects.filter(id__in=[row.id for row in some]).update(state=state.value, fixed_at=None)
    ledger.record_many([_entry("findings.fix_taken_back", row, reason=reason, by=by, at=at) for row in rows])
    return len(rows)


def _locked(finding_ids: Sequence[UUID], organisation: str, *, by: Actor, among: Sequence[str]) -> list[Finding]:
    """Return rows locked in one order, so that two who answer never wait for each other both ways."""
    rows = queries.readable(by).filter(id__in=list(finding_ids), organisation=organisation, state__in=among)
    # A notice may tell of thousands: what is not needed to move them is not read.
    needed = rows.only("id", "state", "teams", "notified_at", "fixed_at")
    return list(needed.order_by("id").select_for_update())


def _entry(event: str, row: Finding, *, reason: str, by: Actor, at: datetime) -> ledger.Entry:
    facts = {"from": row.state, "reason": reason}
    subject = queries.finding_subject(row.id)
    return ledger.Entry(event=event, subject=subject, by=by, at=at, teams=row.teams, facts=facts)
