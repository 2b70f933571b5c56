"""Clocks as pure rules: time moves them one way, exactly as far as the due time says, and nothing else stops them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.incidents.rules import clocks
from pehra.incidents.rules.clocks import ENDED, OWED, TICKING, ClockRefused, ClockState

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
moments = st.integers(0, 15 * 365 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds - 5 * 365 * 86_400))
periods = st.timedeltas(timedelta(0), timedelta(days=400))
ORDER = {ClockState.RUNNING: 0, ClockState.DUE_SOON: 1, ClockState.OVERDUE: 2}


def test_states_part_into_owed_and_ended() -> None:
    assert set(ClockState) == OWED | ENDED
    assert not OWED & ENDED
    assert TICKING <= OWED


@given(started=moments, period=periods)
def test_the_warning_lies_between_start_and_due(started: datetime, period: timedelta) -> None:
    due = started + period
    assert started <= clocks.warn_at(started=started, due=due) <= due


def test_a_clock_warns_when_a_quarter_is_left() -> None:
    assert clocks.warn_at(started=START, due=START + timedelta(hours=72)) == START + timedelta(hours=54)


def test_a_due_time_before_the_start_warns_at_once() -> None:
    due = START - timedelta(hours=1)
    assert clocks.warn_at(started=START, due=due) == due


@given(started=moments, period=periods, steps=st.lists(moments, max_size=12))
def test_time_moves_a_clock_one_way_and_each_state_once(
    started: datetime, period: timedelta, steps: list[datetime]
) -> None:
    due = started + period
    warn = clocks.warn_at(started=started, due=due)
    state, seen = ClockState.RUNNING, [ClockState.RUNNING]
    for at in sorted(steps):
        reading = clocks.advance(state=state, due=due, warn=warn, at=at)
        assert ORDER[reading.state] >= ORDER[state]
        if reading.state is not state:
            seen.append(reading.state)
        state = reading.state
        assert (state is ClockState.OVERDUE) == (at >= due)
        assert (state is ClockState.RUNNING) == (at < warn and at < due)
        assert (reading.fires_at is not None) == (state in TICKING)
        assert reading.fires_at is None or reading.fires_at > at
    assert len(seen) == len(set(seen))


@given(state=st.sampled_from(sorted(set(ClockState) - TICKING)), due=st.none() | moments, at=moments)
def test_time_alone_moves_no_other_state(state: ClockState, due: datetime | None, at: datetime) -> None:
    assert clocks.advance(state=state, due=due, warn=due, at=at).state is state


@given(status=st.sampled_from(["running", "unknown", "waiting"]), started=st.none() | moments, due=st.none() | moments)
def test_a_clock_without_a_due_time_never_ticks(status: str, started: datetime | None, due: datetime | None) -> None:
    reading = clocks.start(status=status, started=started, due=due)
    assert (reading.state is ClockState.RUNNING) == (due is not None)
    assert (reading.fires_at is not None) == (due is not None)
    if due is None:
        assert reading.state is (ClockState.WAITING if status == "waiting" else ClockState.UNKNOWN)


def test_a_clock_that_starts_overdue_is_fired_by_the_next_advance() -> None:
    due = START - timedelta(days=1)
    first = clocks.start(status="running", started=due - timedelta(hours=4), due=due)
    assert first.fires_at is not None
    assert first.fires_at <= START
    assert clocks.advance(state=first.state, due=due, warn=first.fires_at, at=START).state is ClockState.OVERDUE


@pytest.mark.parametrize("state", sorted(OWED))
def test_an_owed_stage_is_met_in_time_late_or_without_a_due_time(state: ClockState) -> None:
    late = START + timedelta(seconds=1)
    assert clocks.sent(state=state, due=START, at=START) is ClockState.MET
    assert clocks.sent(state=state, due=START, at=late) is ClockState.MET_LATE
    assert clocks.sent(state=state, due=None, at=late) is ClockState.MET


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_cannot_end_again(state: ClockState) -> None:
    with pytest.raises(ClockRefused):
        clocks.sent(state=state, due=None, at=START)
    with pytest.raises(ClockRefused):
        clocks.require_withdrawable(state)


def test_the_overdue_come_first_then_the_next_due_then_the_unknown() -> None:
    shown = [
        (ClockState.MET, START, 0),
        (ClockState.UNKNOWN, None, 1),
        (ClockState.RUNNING, START + timedelta(days=2), 2),
        (ClockState.WAITING, None, 3),
        (ClockState.RUNNING, START + timedelta(days=1), 4),
        (ClockState.OVERDUE, START, 5),
        (ClockState.DUE_SOON, START + timedelta(days=3), 6),
    ]
    assert [order for *_, order in sorted(shown, key=lambda clock: clocks.urgency(*clock))] == [5, 6, 4, 2, 1, 3, 0]
