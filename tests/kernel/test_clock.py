"""The clock and RFC 3339 text."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.clock import SystemClock, VirtualClock, format_time, now, parse_time
from pehra.kernel.refusals import Invalid

NINE_THIRTY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T09:30:00Z", "2026-11-24t09:30:00z", "2026-11-24 14:30:00+05:00", " 2026-11-24T09:30:00.000-00:00 "],
)
def test_a_moment_is_read_as_utc(text: str) -> None:
    assert parse_time(text) == NINE_THIRTY
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-24",
        "20261124T093000Z",
        "2026-W48-2T09:30:00Z",
        "2026-11-24T09:30Z",
        "2026-02-30T09:30:00Z",
        "2026-11-24T25:30:00Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-11-24T09:30:00Z",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_time(text, field="at")
    assert refused.value.field == "at"


def test_a_moment_without_an_offset_is_refused_with_what_to_write() -> None:
    with pytest.raises(Invalid, match="no offset"):
        parse_time("2026-11-24T09:30:00")
    with pytest.raises(ValueError, match="no offset"):
        format_time(datetime(2026, 11, 24, 9, 30))  # noqa: DTZ001 (without an offset on purpose)


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5)), timezone(timedelta(hours=-3, minutes=-30))])
DAYS = st.timedeltas(min_value=timedelta(days=-730_000), max_value=timedelta(days=2_900_000))


@given(ZONES, DAYS)
def test_text_and_moment_are_the_same_thing(zone: tzinfo, since: timedelta) -> None:
    moment = (NINE_THIRTY + since).astimezone(zone)
    assert parse_time(format_time(moment)) == moment


def test_a_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock(NINE_THIRTY)
    assert clock.now() == clock.now() == NINE_THIRTY
    assert clock.advance(timedelta(hours=24)) == NINE_THIRTY + timedelta(hours=24)
    assert clock.now() == NINE_THIRTY + timedelta(hours=24)


def test_the_system_clock_is_aware() -> None:
    assert now().tzinfo is UTC
    assert SystemClock().now().tzinfo is UTC
