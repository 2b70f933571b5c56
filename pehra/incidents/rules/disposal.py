"""When evidence may be destroyed: its matter has ended, nothing holds it, and its time is over or an order is named.

ISO/IEC 27037 asks that what is done with evidence can be shown afterwards, its end too: who asked, who agreed, by which
rule, and what was destroyed. Two people, because nothing brings it back. Pure.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ASKED_VALID = timedelta(days=7)  # as every question of two people
KEPT_AGAIN_WITHIN = timedelta(hours=1)  # bytes that came into the vault so lately may be named by a row in a moment
ENDED_AT_ONCE_MAX = 200


class Outcome(StrEnum):
    """What became of a question whether a piece may be destroyed."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNANSWERED = "unanswered"


class Bar(StrEnum):
    """Why a piece may not be destroyed now."""

    LIVE = "live"
    HELD = "held"
    BEFORE_ITS_TIME = "before-its-time"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What decides whether a piece may be destroyed."""

    is_live: bool  # its incident is worked on
    holds: int
    keep_until: date | None
    order: str


def bar(standing: Standing, *, on: date) -> Bar | None:
    """Return what stands against destroying a piece on a day; None when nothing does.

    Without a day it is kept until somebody says otherwise, and that takes an order as well. No order lifts a hold.
    """
    if standing.is_live:
        return Bar.LIVE
    if standing.holds:
        return Bar.HELD
    is_over = standing.keep_until is not None and standing.keep_until < on
    return None if is_over or standing.order else Bar.BEFORE_ITS_TIME
