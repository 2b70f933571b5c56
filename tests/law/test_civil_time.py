"""Days and hours on a country's calendar: the corners."""

from datetime import UTC, date, datetime

import pytest

from pehra.law import api
from pehra.law.rules.civil_time import Period, WorkingDays, add_months, due
from pehra.law.rules.profile import Unit


def _due(start: datetime, period: Period, zone: str) -> datetime:
    return due(start, period, timezone=zone, days=WorkingDays(calendar=None, weekend=("saturday", "sunday"))).moment


def test_hours_over_a_change_of_clocks_are_hours():
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert _due(start, Period(count=24, unit=Unit.HOURS), "Europe/Zurich") == datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),  # chained through February it would be the 28th
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months(start: date, count: int, expected: date):
    assert add_months(start, count) == expected


def test_a_wall_time_that_does_not_exist_ends_with_the_gap():
    # 28 March 02:30 plus one day is 29 March 02:30, which Zurich skips: the first moment after is 03:00 summer time.
    start = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    period = Period(count=1, unit=Unit.DAYS, ends="same-time")
    assert _due(start, period, "Europe/Zurich") == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_wall_time_that_comes_twice_is_taken_the_second_time():
    start = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)  # 02:30 summer time
    period = Period(count=1, unit=Unit.DAYS, ends="same-time")
    assert _due(start, period, "Europe/Zurich") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 winter time


def test_a_start_in_the_second_pass_of_an_hour_counts_from_its_end():
    start = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, for the second time
    period = Period(count=1, unit=Unit.DAYS, ends="same-time")
    assert _due(start, period, "Europe/Zurich") == datetime(2026, 10, 26, 2, 0, tzinfo=UTC)  # 03:00


def test_without_holidays_the_answer_says_so():
    period = Period(count=2, unit=Unit.WORKING_DAYS, ends="end-of-day")
    days = WorkingDays(calendar=None, weekend=("saturday", "sunday"))
    found = due(datetime(2026, 11, 20, tzinfo=UTC), period, timezone="Asia/Karachi", days=days)
    assert "no holidays" in found.notes[0]


def test_an_estimated_day_beside_the_due_date_is_named_too():
    profile = api.load("pk")
    days = WorkingDays(calendar=profile.calendar, weekend=profile.identity.weekend)
    period = Period(count=1, unit=Unit.WORKING_DAYS, ends="end-of-day")
    # Due Tuesday 9 March 2027: if the moon is seen early that is itself the holiday.
    found = due(datetime(2027, 3, 8, 6, tzinfo=UTC), period, timezone="Asia/Karachi", days=days)
    assert found.moment == datetime(2027, 3, 9, 18, 59, 59, tzinfo=UTC)
    assert "Eid al-Fitr 2027-03-10" in found.notes[0]


def test_even_a_fixed_day_is_estimated_until_its_year_is_gazetted():
    profile = api.load("pk")
    days = WorkingDays(calendar=profile.calendar, weekend=profile.identity.weekend)
    period = Period(count=1, unit=Unit.WORKING_DAYS, ends="end-of-day")
    certain = due(datetime(2026, 3, 24, 6, tzinfo=UTC), period, timezone="Asia/Karachi", days=days)
    estimated = due(datetime(2027, 3, 24, 6, tzinfo=UTC), period, timezone="Asia/Karachi", days=days)
    assert certain.notes == ()
    assert "Pakistan Day 2027-03-23" in estimated.notes[0]
