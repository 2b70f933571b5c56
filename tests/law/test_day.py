"""The law of a moment is that of the country's own day, not of UTC's."""

from datetime import UTC, date, datetime

import pytest

from pehra.law import api as law


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 18, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 19, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_midnight_is_the_countrys_own(moment: datetime, day: date) -> None:
    assert law.day_of(law.load("pk"), moment) == day
