"""The clock: the only place, beside the entry points, that reads the time.

Everything else takes `at` as an argument, so that the same facts give the same answer next year, in court.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pehra.kernel.refusals import Invalid


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
    """Read an RFC 3339 moment; refuse one without an offset, since it names no moment."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is not an RFC 3339 time such as 2026-11-24T09:30:00Z", field=field) from error
    if moment.tzinfo is None:
        raise Invalid(f"{text!r} has no offset; write 2026-11-24T09:30:00Z", field=field)
    return moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, without a fraction when it has none."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
