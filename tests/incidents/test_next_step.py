"""What an incident asks for next: one thing, the most pressing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.next_step import Owed, Step, next_step
from pehra.incidents.rules.states import State
from pehra.incidents.rules.tasks import Blocking

DUE = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def owed(state: ClockState, due: datetime | None = DUE) -> Owed:
    return Owed(duty="d", stage="s", owed_to=("pkcert",), state=state, due=due, start_event="awareness")


TASK = Blocking(number=1, title="Isolate the server", phase="respond")
WHETHER = {"unknown_attributes": ["breach-established", "ransomware"]}
LATE, RUNNING, UNKNOWN = owed(ClockState.OVERDUE), owed(ClockState.RUNNING), owed(ClockState.UNKNOWN, None)


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ({"state": State.CLOSED, "owed": [LATE]}, Step.NOTHING),
        ({"state": State.NEW, "owed": [LATE, RUNNING]}, Step.SEND_LATE),
        ({"state": State.NEW, "owed": [RUNNING]}, Step.TAKE),
        ({"state": State.OPEN, "owed": [RUNNING, UNKNOWN], "unknown_moments": ["awareness"]}, Step.SEND),
        ({"state": State.OPEN, "owed": [UNKNOWN], "unknown_moments": ["awareness"]}, Step.SAY_WHEN),
        ({"state": State.OPEN, "owed": [UNKNOWN]}, Step.WAIT),
        ({"state": State.OPEN, "owed": [UNKNOWN], **WHETHER, "unknown_moments": ["awareness"]}, Step.SAY_WHETHER),
        ({"state": State.OPEN, "owed": [UNKNOWN], **WHETHER, "blocking": [TASK]}, Step.SAY_WHETHER),
        ({"state": State.OPEN, "owed": [RUNNING, UNKNOWN], **WHETHER}, Step.SEND),
        ({"state": State.NEW, "owed": [UNKNOWN], **WHETHER}, Step.TAKE),
        ({"state": State.OPEN, "owed": [UNKNOWN], "blocking": [TASK]}, Step.DO_TASK),
        ({"state": State.CONTAINED, "blocking": [TASK]}, Step.DO_TASK),
        ({"state": State.OPEN, "owed": [RUNNING], "blocking": [TASK]}, Step.SEND),
        ({"state": State.CONTAINED}, Step.CLOSE),
        ({"state": State.CONTAINED, "may_close": False}, Step.WAIT),
    ],
)
def test_the_most_pressing_comes_first(said: dict[str, Any], step: Step) -> None:
    assert next_step(**{"owed": [], "unknown_moments": [], "may_close": True} | said).step is step
