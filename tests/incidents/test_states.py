"""The table of an incident's states: every pair is either allowed by it or refused with the ways that are open."""

from itertools import product

import pytest

from pehra.incidents.rules.states import (
    ENDED,
    LIVE,
    MOVES,
    MoveRefused,
    State,
    moves_from,
    parse_state,
    require_move,
)
from pehra.kernel.refusals import Invalid


def test_every_state_stands_in_the_table() -> None:
    assert set(MOVES) == set(State)


def test_states_are_either_ended_or_live() -> None:
    assert set(State) == LIVE | ENDED
    assert not LIVE & ENDED
    assert {State.CLOSED, State.DISMISSED} == ENDED


def test_every_live_state_can_end_and_every_state_is_reached() -> None:
    reached = {State.NEW}
    while True:
        further = reached.union(*(MOVES[state] for state in reached))
        if further == reached:
            break
        reached = further
    assert reached == set(State)


@pytest.mark.parametrize(("state", "target"), list(product(State, State)))
def test_a_move_is_allowed_or_refused_by_the_table_alone(state: State, target: State) -> None:
    if target in MOVES[state]:
        require_move(state, target)
        return
    with pytest.raises(MoveRefused) as refused:
        require_move(state, target)
    for possible in moves_from(state):
        assert possible in refused.value.message


def test_a_state_is_read_in_any_case_and_another_word_refused() -> None:
    assert parse_state(" Contained ") is State.CONTAINED
    with pytest.raises(Invalid, match="contained"):
        parse_state("resolved")
