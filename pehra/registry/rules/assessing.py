"""An organisation's answers to identity controls: what may be said, which moves a state allows, and what they come to.

Pure. A score never hides a critical control that is not there: whatever the number, the gap stands beside it and makes
the band. What does not apply is left out of the number; what nobody answered is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pehra.kernel.refusals import Invalid

STRONG_PERCENT, FAIR_PERCENT = 85, 60
DUE_SOON = timedelta(days=30)


class Reply(StrEnum):
    """What an organisation says of a control."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not-applicable"


class Verdict(StrEnum):
    """What a reviewer says of a reply."""

    AGREED = "agreed"
    DISPUTED = "disputed"


class AssessmentState(StrEnum):
    """Where an assessment stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    REVIEWED = "reviewed"


MOVES: dict[AssessmentState, frozenset[AssessmentState]] = {
    AssessmentState.DRAFT: frozenset({AssessmentState.SUBMITTED}),
    AssessmentState.SUBMITTED: frozenset({AssessmentState.REVIEWED, AssessmentState.RETURNED}),
    AssessmentState.RETURNED: frozenset({AssessmentState.SUBMITTED}),
    AssessmentState.REVIEWED: frozenset(),
}
# While it stands here, the organisation writes; elsewhere nobody does.
OPEN_TO_ANSWERS = frozenset({AssessmentState.DRAFT, AssessmentState.RETURNED})
UNFINISHED = frozenset(AssessmentState) - {AssessmentState.REVIEWED}


class Band(StrEnum):
    """A score in one word, worst first."""

    GAP = "gap"  # a critical control is not there, whatever the number
    WEAK = "weak"
    FAIR = "fair"
    STRONG = "strong"
    NONE = "none"  # nothing applies


class Due(StrEnum):
    """Whether an organisation is due to assess itself."""

    NEVER = "never"
    OVERDUE = "overdue"
    SOON = "soon"
    CURRENT = "current"


class Missing(StrEnum):
    """What an answer still lacks before it can be submitted."""

    REPLY = "reply"
    REASON = "reason"
    EVIDENCE = "evidence"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One control with what was said of it. `shown`: a file or a reference says where that can be seen."""

    control: str
    weight: int
    critical: bool
    reply: Reply | None = None
    verdict: Verdict | None = None
    reason: str = ""
    shown: bool = False

    @property
    def counted_as(self) -> Reply | None:
        """The reply as it counts: what a reviewer disputes counts as no."""
        return Reply.NO if self.verdict is Verdict.DISPUTED else self.reply


@dataclass(frozen=True, kw_only=True)
class Score:
    """What answers come to. `percent` is rounded down, None when nothing applies.

    `gaps` are critical controls that are not there; `excused` those that are said not to apply.
    """

    achieved: int  # in half weights
    possible: int
    answered: int
    total: int
    gaps: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()

    @property
    def percent(self) -> int | None:
        """The share of the weights that is there, in whole percent, never rounded up."""
        return self.achieved * 100 // self.possible if self.possible else None

    @property
    def band(self) -> Band:
        """The score in one word; a gap decides it before any number."""
        return band_of(self.percent, gaps=len(self.gaps))


def band_of(percent: int | None, *, gaps: int) -> Band:
    """Return the word for a kept number and how many critical gaps stand beside it."""
    if gaps:
        return Band.GAP
    if percent is None:
        return Band.NONE
    if percent >= STRONG_PERCENT:
        return Band.STRONG
    return Band.FAIR if percent >= FAIR_PERCENT else Band.WEAK


_HALVES = {Reply.YES: 2, Reply.PARTLY: 1, Reply.NO: 0, None: 0}


def score(answers: Iterable[Answered]) -> Score:
    """Return what some answers come to."""
    rows = list(answers)
    counted = [row for row in rows if row.counted_as is not Reply.NOT_APPLICABLE]
    return Score(
        achieved=sum(row.weight * _HALVES[row.counted_as] for row in counted),
        possible=sum(row.weight * 2 for row in counted),
        answered=sum(row.reply is not None for row in rows),
        total=len(rows),
        gaps=tuple(row.control for row in rows if row.critical and row.counted_as is Reply.NO),
        excused=tuple(row.control for row in rows if row.critical and row.counted_as is Reply.NOT_APPLICABLE),
    )


def missing(answers: Iterable[Answered]) -> tuple[tuple[str, Missing], ...]:
    """Return what stands between these answers and being submitted.

    Every control has a reply; one that does not apply has a reason; a yes to a critical one shows where it is seen.
    """
    found: list[tuple[str, Missing]] = []
    for row in answers:
        if row.reply is None:
            found.append((row.control, Missing.REPLY))
        elif row.reply is Reply.NOT_APPLICABLE and not row.reason.strip():
            found.append((row.control, Missing.REASON))
        elif row.reply is Reply.YES and row.critical and not row.shown:
            found.append((row.control, Missing.EVIDENCE))
    return tuple(found)


def require_move(current: AssessmentState, to: AssessmentState) -> None:
    """Refuse a move that the table does not hold."""
    if to not in MOVES[current]:
        raise Invalid(f"an assessment that is {current.value} cannot become {to.value}", field="state")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One reviewed assessment in time."""

    day: date
    percent: int | None
    gaps: int


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Reviewed assessments, oldest first, and how the last differs from the one before it (None: no two numbers)."""

    points: tuple[Point, ...]
    change: int | None
    gaps_change: int | None

    @property
    def fallen(self) -> int:
        """By how many points the last stands below the one before it."""
        return max(0, -(self.change or 0))


def trend(points: Iterable[Point]) -> Trend:
    """Return points in time order with the last change."""
    placed: Sequence[Point] = sorted(points, key=lambda point: point.day)
    last = placed[-2:]
    pair = len(last) == 2
    before, now = (last[0].percent, last[1].percent) if pair else (None, None)
    return Trend(
        points=tuple(placed),
        change=None if before is None or now is None else now - before,
        gaps_change=last[1].gaps - last[0].gaps if pair else None,
    )


def next_due(reviewed: date | None, *, every: timedelta) -> date | None:
    """Return by which day an organisation assesses itself again; None: it never did, and is due now."""
    return reviewed + every if reviewed else None


def due_state(due: date | None, *, today: date) -> Due:
    """Return how a due day stands today."""
    if due is None:
        return Due.NEVER
    if due < today:
        return Due.OVERDUE
    return Due.SOON if due - today <= DUE_SOON else Due.CURRENT
