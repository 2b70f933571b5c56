"""When a period ends: hours on the world's clock; days, working days and months on the country's calendar.

Hours are added in UTC, so 24 hours are 24 hours whatever clocks do. Days, working days and months are counted on local
dates from the start, never chained, and a month that has no such day ends on its last. The first day is the one after
the start. A later start is never due earlier: where local time repeats or skips, the later reading is taken.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pehra.kernel.sentences import Sentence
from pehra.law.rules.profile import Calendar, Unit
from pehra.law.rules.records import WEEKDAYS
from pehra.law.rules.rule_records import NEXT_WORKING_DAY, SAME_TIME

WORKING_DAYS_SEARCH_MAX = 10_000
AMBIGUOUS_MINUTES_MAX = 24 * 60
_LAST_MOMENT = time(23, 59, 59)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Period:
    """How long, and how its end is found."""

    count: int
    unit: Unit
    ends: str = ""
    on_holiday: str = ""


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a period ends, and what may still move it."""

    moment: datetime
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """Which days of a country are worked."""

    calendar: Calendar | None
    weekend: tuple[str, ...]

    def is_weekend(self, day: date) -> bool:
        """Whether the day is of the weekly rest."""
        return WEEKDAYS[day.weekday()] in self.weekend

    def holiday(self, day: date) -> tuple[str, str, str] | None:
        """Return a holiday's name in English and locally, and its certainty, or None on a day that is none."""
        if self.calendar is None:
            return None
        found = self.calendar.by_day.get(day)
        if found is not None:
            return found.name, found.name_local, found.certainty
        for yearly in self.calendar.yearly:
            if (yearly.month, yearly.day) == (day.month, day.day):
                certainty = "gazetted" if day <= self.calendar.gazetted_to else "estimated"
                return yearly.name, yearly.name_local, certainty
        return None

    def works(self, day: date) -> bool:
        """Whether the country works on that day."""
        return not self.is_weekend(day) and self.holiday(day) is None

    def after(self, start: date, count: int) -> date:
        """Return the `count`-th working day after the start day."""
        day = start
        for _ in range(WORKING_DAYS_SEARCH_MAX):
            if count <= 0:
                return day
            day += _DAY
            count -= self.works(day)
        raise OverflowError(f"no working day found within {WORKING_DAYS_SEARCH_MAX} days after {start}")

    def doubts(self, start: date, end: date) -> tuple[Sentence, ...]:
        """Say which days between start and end are not certain, and so may move the end.

        One day more on each side is looked at: a day estimated from the moon may fall a day earlier or later.
        """
        if self.calendar is None:
            return (Sentence("this profile has no holidays: weekends alone were left out"),)
        notes = []
        estimated: list[tuple[str, str]] = []
        day = start - _DAY
        while day <= end + _DAY:
            found = self.holiday(day)
            if found and found[2] == "estimated":
                estimated.append((f"{found[0]} {day.isoformat()}", f"{found[1]} {day.isoformat()}"))
            day += _DAY
        if estimated:
            days, days_local = (", ".join(names) for names in zip(*estimated, strict=True))
            notes.append(Sentence("rests on estimated holidays: %(days)s", days=days, days_local=days_local))
        if start < self.calendar.covered_from or end > self.calendar.covered_to:
            first, last = self.calendar.covered_from.isoformat(), self.calendar.covered_to.isoformat()
            notes.append(Sentence("holidays are known only from %(first)s to %(last)s", first=first, last=last))
        return tuple(notes)


def due(start: datetime, period: Period, *, timezone: str, days: WorkingDays) -> Due:
    """Return the end of a period that starts at a moment."""
    if period.unit is Unit.HOURS:
        return Due(moment=start.astimezone(UTC) + timedelta(hours=period.count))
    zone = ZoneInfo(timezone)
    local = _steady(start, zone)
    first = local.date()
    last = _last_day(first, period, days)
    rests_on_calendar = period.unit is Unit.WORKING_DAYS or period.on_holiday == NEXT_WORKING_DAY
    if period.on_holiday == NEXT_WORKING_DAY and not days.works(last):
        last = days.after(last, 1)
    wall = local.time() if period.ends == SAME_TIME else _LAST_MOMENT
    notes = days.doubts(first, last) if rests_on_calendar else ()
    return Due(moment=_moment(last, wall, zone), notes=notes)


def _last_day(first: date, period: Period, days: WorkingDays) -> date:
    if period.unit is Unit.WORKING_DAYS:
        return days.after(first, period.count)
    if period.unit is Unit.MONTHS:
        return add_months(first, period.count)
    return first + timedelta(days=period.count)


def add_months(start: date, count: int) -> date:
    """Return the same day some months on, or that month's last day when it has no such day."""
    months = start.year * 12 + start.month - 1 + count
    year, month = divmod(months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _steady(start: datetime, zone: ZoneInfo) -> datetime:
    """Return the local wall time of a moment, made never to run backwards.

    When clocks go back an hour is passed twice. Its second pass counts as the hour's end, or a start at 02:10 of the
    second pass would be due before one at 02:50 of the first.
    """
    local = start.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    wall = local.replace(tzinfo=None, fold=0, second=0, microsecond=0)
    for _ in range(AMBIGUOUS_MINUTES_MAX):
        if not _ambiguous(wall, zone):
            break
        wall += timedelta(minutes=1)
    return wall


def _ambiguous(wall: datetime, zone: ZoneInfo) -> bool:
    early = wall.replace(tzinfo=zone, fold=0).utcoffset()
    late = wall.replace(tzinfo=zone, fold=1).utcoffset()
    return early is not None and late is not None and early > late


def _moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the moment of a wall time: the second of two, or the first after a gap when there is none."""
    local = datetime.combine(day, wall.replace(fold=0))
    if _ambiguous(local, zone):
        return local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # The wall time does not exist. Every minute of the gap ends at the gap's end, so that order is kept.
    wall_time = local.replace(second=0, microsecond=0)
    for _ in range(AMBIGUOUS_MINUTES_MAX):
        wall_time += timedelta(minutes=1)
        moment = wall_time.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall_time:
            break
    return moment
