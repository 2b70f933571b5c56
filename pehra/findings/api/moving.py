"""How a finding moves, whoever moves it: on its page, with many at once, or by an answer to a letter.

Each move changes the same columns of a row and is one entry of the ledger. Whether it may be made, the table of states
and the wall have said before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from pehra.findings import queries
from pehra.findings.models import Finding
from pehra.findings.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger

REASON_CHARACTERS_MAX = 2_000
_EVENTS = {State.FIXED: "findings.fixed", State.VERIFIED: "findings.verified", State.OPEN: "findings.reopened"}


def words_of(reason: str) -> str:
    """Return why a finding is moved; refuse silence, and a speech."""
    words = reason.strip()
    if not words or len(words) > REASON_CHARACTERS_MAX:
        raise Invalid(f"say why, in at most {REASON_CHARACTERS_MAX} characters", field="reason")
    return words


def move(rows: Sequence[Finding], *, to: State, reason: str, by: Actor, at: datetime, many: str = "") -> None:
    """Move locked rows; `many` names the act on many that they are part of."""
    Finding.objects.filter(id__in=[row.id for row in rows]).update(state=to.value, **_changes(to, at))
    ledger.record_many([_entry(row, to=to, reason=reason, by=by, at=at, many=many) for row in rows])


def _changes(to: State, at: datetime) -> dict[str, Any]:
    if to is State.FIXED:
        return {"fixed_at": at}
    if to is State.VERIFIED:
        return {"verified_at": at}
    return {"reopened": F("reopened") + 1, "reopened_at": at, "examined": ""}


def _entry(row: Finding, *, to: State, reason: str, by: Actor, at: datetime, many: str) -> ledger.Entry:
    facts = {"from": row.state, "reason": reason} | ({"many": many} if many else {})
    subject = queries.finding_subject(row.id)
    return ledger.Entry(event=_EVENTS[to], subject=subject, by=by, at=at, teams=row.teams, facts=facts)
