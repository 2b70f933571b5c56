"""The states of a legal clock: what a moment makes of a due time.

A clock is one stage of one duty. Nothing here reads the time: the same due time and the same moment give the same
state next year, in court. A clock never stops silently: it ends only by its stage being sent (`met`, `met-late`) or
by a person saying, with a reason, that the duty does not arise (`withdrawn`). What is unknown stays unknown until a
person supplies the fact; passing time never settles it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pehra.kernel.refusals import Refusal
from pehra.kernel.sentences import Sentence


class ClockState(StrEnum):
    """Where one stage of one duty stands."""

    RUNNING = "running"
    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    MET = "met"
    MET_LATE = "met-late"
    WITHDRAWN = "withdrawn"


TICKING: frozenset[ClockState] = frozenset({ClockState.RUNNING, ClockState.DUE_SOON})
"""States that the passing of time alone can change."""

ENDED: frozenset[ClockState] = frozenset({ClockState.MET, ClockState.MET_LATE, ClockState.WITHDRAWN})
"""States in which nothing is owed any more. All others hold an incident open."""

OWED: frozenset[ClockState] = frozenset(ClockState) - ENDED

OWN_MOMENT = "own_moment_of"
"""The fact of a clock's reason that says whose own moment it counts from, where it is not the incident's."""

WARN_SHARE = 4
"""A clock warns when a quarter of its time is left. An operational choice; the law's own periods are in the profile."""

URGENCY: dict[ClockState, int] = {
    ClockState.OVERDUE: 0,
    ClockState.DUE_SOON: 1,
    ClockState.RUNNING: 2,
    ClockState.UNKNOWN: 3,
    ClockState.WAITING: 4,
    ClockState.MET_LATE: 5,
    ClockState.MET: 5,
    ClockState.WITHDRAWN: 6,
}


class ClockRefused(Refusal):
    """The clock has ended, or cannot be changed this way."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a clock shows at a moment, and the moment at which it will show something else (None: never by itself)."""

    state: ClockState
    fires_at: datetime | None


def warn_at(*, started: datetime, due: datetime) -> datetime:
    """Return when a clock becomes due soon: when a quarter of its time is left, and never after it is due."""
    return due - (due - min(started, due)) / WARN_SHARE


def start(*, status: str, started: datetime | None, due: datetime | None) -> Reading:
    """Return the first reading of a clock from what the law says of it.

    It says `running` even when the due time has passed already: the next advance fires it, so that every change to
    `overdue` goes through the one place that tells people.
    """
    if due is None:
        waiting = status == ClockState.WAITING
        return Reading(state=ClockState.WAITING if waiting else ClockState.UNKNOWN, fires_at=None)
    return Reading(state=ClockState.RUNNING, fires_at=warn_at(started=started or due, due=due))


def advance(*, state: ClockState, due: datetime | None, warn: datetime | None, at: datetime) -> Reading:
    """Return what a clock shows at `at`. Only a ticking clock changes; it never goes back."""
    if state not in TICKING or due is None:
        return Reading(state=state, fires_at=None)
    if at >= due:
        return Reading(state=ClockState.OVERDUE, fires_at=None)
    if state is ClockState.DUE_SOON or (warn is not None and at >= warn):
        return Reading(state=ClockState.DUE_SOON, fires_at=due)
    return Reading(state=ClockState.RUNNING, fires_at=warn if warn is not None else due)


def sent(*, state: ClockState, due: datetime | None, at: datetime) -> ClockState:
    """Return how a stage counts that was sent at `at`: in time, or late. Refuse a clock that has ended.

    A stage without a known due time cannot be late: nobody may be blamed by a rule that nobody has found.
    """
    if state in ENDED:
        raise ClockRefused(Sentence("this stage is %(clock_word)s already", clock_word=state), field="stage")
    return ClockState.MET_LATE if due is not None and at > due else ClockState.MET


def require_withdrawable(state: ClockState) -> None:
    """Refuse to withdraw a clock that has ended."""
    if state in ENDED:
        raise ClockRefused(Sentence("this stage is %(clock_word)s already", clock_word=state), field="stage")


def urgency(state: ClockState, due: datetime | None, order: int) -> tuple[int, float, int]:
    """Return the sort key of a clock: what is overdue or due next first, then unknown, waiting, and what has ended."""
    return (URGENCY[state], due.timestamp() if due is not None else float("inf"), order)
