"""The investigation timeline: what an entry is, and how a line that somebody types becomes one.

Two moments: when it happened (`happened_at`, as exactly as it is known) and when it was written down. A person at three
in the morning types one line, the time first: `14:32 login from 198.51.100.7`. Pure: the moment of writing and the
country's zone are given. A time of day without a day is its latest occurrence before now.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

TEXT_LENGTH_MAX = 4_000
SOURCE_LENGTH_MAX = 200
LINES_MAX = 50
ENTRIES_AN_INCIDENT_MAX = 5_000
CLOCK_DRIFT = timedelta(minutes=2)
"""How far ahead of ours somebody's watch may be."""


class Precision(StrEnum):
    """How exactly the moment is known."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Source(StrEnum):
    """Where an entry comes from: somebody's words, or a thing of the incident that was pinned."""

    PERSON = "person"
    TASK = "task"
    NOTE = "note"
    EVIDENCE = "evidence"
    OBSERVABLE = "observable"
    FINDING = "finding"
    MESSAGE = "message"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One line, read."""

    happened_at: datetime
    precision: Precision
    text: str


_ZONE = r"(?P<zone>\s?Z|\s?UTC|[+-]\d\d:?\d\d)?"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
_FULL = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]+{_TIME}{_ZONE}(?=\s|$)", re.IGNORECASE)
_HOUR = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]+(?P<hour>\d{1,2})h(?=\s|$)", re.IGNORECASE)
_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?=\s|$)")
_CLOCK = re.compile(rf"(?:(?P<before>yesterday|کل)\s+)?{_TIME}{_ZONE}(?=\s|$)", re.IGNORECASE)
_AGO = re.compile(r"-(?P<count>\d{1,4})\s?(?P<unit>[mhd])(?=\s|$)", re.IGNORECASE)
_UNITS = {"m": (timedelta(minutes=1), Precision.MINUTE), "h": (timedelta(hours=1), Precision.HOUR)}


def read_lines(text: str, *, zone: ZoneInfo, at: datetime) -> list[Typed]:
    """Read what somebody typed or pasted, an entry a line; a line that cannot be read is refused by its number."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise Invalid(Sentence("say what happened; the time may stand in front, as 14:32"), field="line")
    if len(lines) > LINES_MAX:
        raise Invalid(Sentence("at most %(n)s lines at once, not %(more)s", n=LINES_MAX, more=len(lines)), field="line")
    found = []
    for number, line in lines:
        try:
            found.append(read_line(line, zone=zone, at=at))
        except Invalid as refused:
            where = f"line {number}: " if len(lines) > 1 else ""
            raise Invalid(where + refused.message, field="line") from refused
    return found


def read_line(line: str, *, zone: ZoneInfo, at: datetime) -> Typed:
    """Read one line: a moment in front, in any of five forms, and the words; without a moment it happened now."""
    for pattern, read in _FORMS:
        match = pattern.match(line)
        if match:
            try:
                happened, precision = read(match, zone, at)
            except (ValueError, OverflowError) as error:
                raise Invalid(
                    Sentence("%(text)s is no moment of the calendar", text=match[0].strip()), field="line"
                ) from error
            words = line[match.end() :].strip().lstrip("-–—:,").strip()
            break
    else:
        happened, precision, words = at.replace(microsecond=0), Precision.MINUTE, line
    return require_entry(Typed(happened_at=happened, precision=precision, text=words), at=at)


def require_entry(typed: Typed, *, at: datetime) -> Typed:
    """Refuse an entry without words, with too many, or from the future."""
    if not typed.text:
        raise Invalid(Sentence("say what happened after the time"), field="line")
    if len(typed.text) > TEXT_LENGTH_MAX:
        raise Invalid(Sentence("an entry has at most %(n)s characters", n=TEXT_LENGTH_MAX), field="line")
    if typed.happened_at > at + CLOCK_DRIFT:
        raise Invalid(
            Sentence("%(moment)s UTC has not come yet", moment=f"{typed.happened_at:%Y-%m-%d %H:%M}"), field="line"
        )
    return typed


def _full(match: re.Match[str], zone: ZoneInfo, _at: datetime) -> tuple[datetime, Precision]:
    day = (int(match["year"]), int(match["month"]), int(match["day"]))
    local = datetime(*day, int(match["hour"]), int(match["minute"]), int(match["second"] or 0), tzinfo=UTC)
    return _in_zone(local, match["zone"], zone), _precision(match)


def _hour(match: re.Match[str], zone: ZoneInfo, _at: datetime) -> tuple[datetime, Precision]:
    local = datetime(int(match["year"]), int(match["month"]), int(match["day"]), int(match["hour"]), tzinfo=zone)
    return local.astimezone(UTC), Precision.HOUR


def _day(match: re.Match[str], zone: ZoneInfo, _at: datetime) -> tuple[datetime, Precision]:
    local = datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=zone)
    return local.astimezone(UTC), Precision.DAY


def _clock(match: re.Match[str], zone: ZoneInfo, at: datetime) -> tuple[datetime, Precision]:
    here = at.astimezone(_offset(match["zone"]) or zone)
    local = here.replace(
        hour=int(match["hour"]), minute=int(match["minute"]), second=int(match["second"] or 0), microsecond=0
    )
    if match["before"] or local > here + CLOCK_DRIFT:
        local -= timedelta(days=1)
    return local.astimezone(UTC), _precision(match)


def _ago(match: re.Match[str], _zone: ZoneInfo, at: datetime) -> tuple[datetime, Precision]:
    unit, precision = _UNITS.get(match["unit"].lower(), (timedelta(days=1), Precision.DAY))
    return at.replace(microsecond=0) - int(match["count"]) * unit, precision


def _precision(match: re.Match[str]) -> Precision:
    return Precision.SECOND if match["second"] else Precision.MINUTE


def _in_zone(written: datetime, offset: str | None, zone: ZoneInfo) -> datetime:
    return written.replace(tzinfo=_offset(offset) or zone).astimezone(UTC)


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    written = text.strip().upper().replace(":", "")
    if written in ("Z", "UTC"):
        return UTC
    span = timedelta(hours=int(written[1:3]), minutes=int(written[3:5]))
    return timezone(-span if written[0] == "-" else span)


_FORMS: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str], ZoneInfo, datetime], tuple[datetime, Precision]]], ...
] = (
    (_FULL, _full),
    (_HOUR, _hour),
    (_DAY, _day),
    (_CLOCK, _clock),
    (_AGO, _ago),
)
