"""The clock: the only place, beside the entry points, that reads the time.

Everything else takes `at` as an argument, so that the same facts give the same answer next year, in court.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pehra.kernel.refusals import Invalid

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class VirtualClock:
    """A clock that moves only when told to: for drills and tests."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment this clock was set to."""
        return self.moment

    def advance(self, by: timedelta) -> datetime:
        """Move the clock and return its new moment."""
        self.moment += by
        return self.moment


def now() -> datetime:
    """Return the present moment, aware, in UTC. For entry points (commands, views, jobs) only."""
    return SystemClock().now()


def parse_time(text: str, *, field: str = "time") -> datetime:
    """Read an RFC 3339 moment as UTC; refuse one without an offset, since it names no moment."""
    match = _RFC_3339.fullmatch(text.strip())
    if match is None:
        raise Invalid(f"{text!r} is not an RFC 3339 time such as 2026-11-24T09:30:00Z", field=field)
    if match[2] is None:
        raise Invalid(f"{text!r} has no offset; write 2026-11-24T09:30:00Z", field=field)
    try:
        return datetime.fromisoformat(match[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text!r} is no moment in the calendar: {error}", field=field) from error


def format_time(moment: datetime) -> str:
    """Write an aware moment as RFC 3339 in UTC, without a fraction when it has none."""
    if moment.tzinfo is None:
        # astimezone() would take it as the machine's local time: a bug of ours, so loud.
        raise ValueError(f"{moment!r} has no offset and names no moment")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
