"""How much time is left, as the two largest units: what somebody reads first at three in the morning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SOON = timedelta(hours=24)


class Urgency(StrEnum):
    """How near a due time is."""

    OVER = "over"
    SOON = "soon"
    CALM = "calm"


@dataclass(frozen=True)
class Span:
    """A length of time in whole days, hours and minutes, and on which side of its end it lies."""

    urgency: Urgency
    days: int
    hours: int
    minutes: int


def until(due: datetime, *, at: datetime) -> Span:
    """Return how far a due time is away, rounded down to the minute: never more time than there is."""
    left = due - at
    urgency = Urgency.OVER if left < timedelta() else Urgency.SOON if left <= SOON else Urgency.CALM
    minutes = int(abs(left).total_seconds() // 60)
    return Span(urgency=urgency, days=minutes // 1440, hours=minutes // 60 % 24, minutes=minutes % 60)
