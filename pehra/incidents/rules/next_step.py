"""What an incident asks of somebody next: one thing, the most pressing first.

A page that lists twenty duties helps nobody at three in the morning; this says which one comes first and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.states import State
from pehra.incidents.rules.tasks import Blocking


class Step(StrEnum):
    """What to do next."""

    SEND_LATE = "send-late"
    TAKE = "take"
    READ = "read"
    SEND = "send"
    SAY_WHEN = "say-when"
    SAY_WHETHER = "say-whether"
    DO_TASK = "do-task"
    CLOSE = "close"
    WAIT = "wait"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One owed clock, as far as it decides what comes next."""

    duty: str
    stage: str
    owed_to: tuple[str, ...]
    state: ClockState
    due: datetime | None
    start_event: str


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The step, and the clock, the missing moment or attribute, the blocking task or the report that asks for it."""

    step: Step
    owed: Owed | None = None
    moment: str = ""
    attribute: str = ""
    task: Blocking | None = None
    report: str = ""


def next_step(
    *,
    state: State,
    owed: Sequence[Owed],
    unknown_moments: Sequence[str],
    unknown_attributes: Sequence[str] = (),
    may_close: bool,
    blocking: Sequence[Blocking] = (),
    news: Sequence[str] = (),
) -> NextStep:
    """Return the most pressing step: what is overdue, then taking a new incident, then reading what came in, which may
    change what is sent, then what is due, then what is missing (whether a duty is owed before when it began), then
    what blocks.

    `owed` comes most urgent first, `blocking` in the order of the work; `news` are reports with something unread.
    """
    if state in {State.CLOSED, State.DISMISSED}:
        return NextStep(step=Step.NOTHING)
    late = next((clock for clock in owed if clock.state is ClockState.OVERDUE), None)
    if late is not None:
        return NextStep(step=Step.SEND_LATE, owed=late)
    if state is State.NEW:
        return NextStep(step=Step.TAKE)
    if news:
        return NextStep(step=Step.READ, report=news[0])
    due = next((clock for clock in owed if clock.due is not None), None)
    if due is not None:
        return NextStep(step=Step.SEND, owed=due)
    if unknown_attributes:
        return NextStep(step=Step.SAY_WHETHER, attribute=unknown_attributes[0])
    if unknown_moments:
        return NextStep(step=Step.SAY_WHEN, moment=unknown_moments[0])
    if blocking:
        return NextStep(step=Step.DO_TASK, task=blocking[0])
    if owed:
        return NextStep(step=Step.WAIT, owed=owed[0])
    return NextStep(step=Step.CLOSE if may_close else Step.WAIT)
