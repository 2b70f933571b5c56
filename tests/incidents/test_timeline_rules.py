"""The line that somebody types: five forms of a moment, whatever the digits, and no entry from the future."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.incidents.rules.timeline import LINES_MAX, Precision, read_line, read_lines
from pehra.kernel.refusals import Invalid

KARACHI = ZoneInfo("Asia/Karachi")
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # 14:30 in Karachi


@pytest.mark.parametrize(
    ("line", "moment", "precision", "text"),
    [
        ("14:02 login from 198.51.100.7", "2026-11-24T09:02", Precision.MINUTE, "login from 198.51.100.7"),
        ("14:02:07 login", "2026-11-24T09:02:07", Precision.SECOND, "login"),
        ("09:02Z login", "2026-11-24T09:02", Precision.MINUTE, "login"),
        ("11:02+02:00 login", "2026-11-24T09:02", Precision.MINUTE, "login"),
        ("23:10 late", "2026-11-23T18:10", Precision.MINUTE, "late"),
        ("yesterday 08:00 early", "2026-11-23T03:00", Precision.MINUTE, "early"),
        ("کل 08:00 صبح", "2026-11-23T03:00", Precision.MINUTE, "صبح"),
        ("۱۴:۰۲ لاگ اِن", "2026-11-24T09:02", Precision.MINUTE, "لاگ اِن"),
        ("2026-11-03 09:14 - mail opened", "2026-11-03T04:14", Precision.MINUTE, "mail opened"),
        ("2026-11-03T09:14:05Z mail", "2026-11-03T09:14:05", Precision.SECOND, "mail"),
        ("2026-11-03T09:14:05.123456+05:00 mail", "2026-11-03T04:14:05", Precision.SECOND, "mail"),
        ("2026-11-03 09h mail", "2026-11-03T04:00", Precision.HOUR, "mail"),
        ("2026-11-03 mail", "2026-11-02T19:00", Precision.DAY, "mail"),
        ("-20m called", "2026-11-24T09:10", Precision.MINUTE, "called"),
        ("-3h called", "2026-11-24T06:30", Precision.HOUR, "called"),
        ("-2d called", "2026-11-22T09:30", Precision.DAY, "called"),
        ("called just now", "2026-11-24T09:30", Precision.MINUTE, "called just now"),
        ("2026 was a year", "2026-11-24T09:30", Precision.MINUTE, "2026 was a year"),
        ("14:3 is no time", "2026-11-24T09:30", Precision.MINUTE, "14:3 is no time"),
        ("2001:db8::1 answered", "2026-11-24T09:30", Precision.MINUTE, "2001:db8::1 answered"),
    ],
)
def test_a_line_is_read_as_people_mean_it(line: str, moment: str, precision: Precision, text: str) -> None:
    read = read_line(line, zone=KARACHI, at=AT)
    assert read.happened_at == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert (read.precision, read.text) == (precision, text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-11-25 09:00 tomorrow", "has not come yet"),
        ("2027-01-01 later", "has not come yet"),
        ("25:61 odd", "no moment of the calendar"),
        ("2026-02-30 10:00 odd", "no moment of the calendar"),
        ("14:02", "say what happened"),
        ("0001-01-01 00:00+14:00 old", "no moment of the calendar"),
    ],
)
def test_what_is_no_moment_is_refused(line: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_line(line, zone=KARACHI, at=AT)
    assert says in refused.value.message


def test_one_bad_line_of_many_is_named_and_none_is_taken() -> None:
    with pytest.raises(Invalid, match="line 3"):
        read_lines("14:00 a\n\n25:00 b\n14:02 c", zone=KARACHI, at=AT)


def test_nothing_and_too_much_are_refused() -> None:
    for text in ("", "  \n ", "14:00 x\n" * (LINES_MAX + 1)):
        with pytest.raises(Invalid):
            read_lines(text, zone=KARACHI, at=AT)


@given(st.text(max_size=200))
def test_any_line_is_an_entry_or_a_refusal(line: str) -> None:
    read = None
    with suppress(Invalid):
        read = read_line(line.strip(), zone=KARACHI, at=AT)
    assert read is None or (read.text and read.happened_at.tzinfo)
