"""The table of states: what it holds, and that the database and the use cases hold to it."""

import pytest
from django.db import IntegrityError, transaction

from pehra.findings.models import Finding
from pehra.findings.rules.states import MOVES, UNFIXED, MoveRefused, State, require_move


def test_every_state_has_its_moves_and_can_be_left() -> None:
    assert set(MOVES) == set(State)
    assert all(moves and state not in moves for state, moves in MOVES.items())


def test_a_finding_is_verified_only_after_somebody_said_that_it_is_fixed() -> None:
    assert [state for state, moves in MOVES.items() if State.VERIFIED in moves] == [State.FIXED]


def test_what_is_unfixed_was_neither_fixed_nor_verified() -> None:
    assert set(State) - UNFIXED == {State.FIXED, State.VERIFIED}


@pytest.mark.parametrize("present", State)
@pytest.mark.parametrize("wanted", State)
def test_the_guard_is_the_table(present: State, wanted: State) -> None:
    if wanted in MOVES[present]:
        require_move(present, wanted)
    else:
        with pytest.raises(MoveRefused):
            require_move(present, wanted)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "lost"},
        {"state": "notified"},
        {"state": "fixed"},
        {"state": "verified"},
        {"times": 0},
        {"first_seen": "2030-01-01T00:00:00Z"},
        {"lead_team": "fincert"},
    ],
)
def test_the_database_refuses_what_cannot_be(fold, sighting, wrong: dict[str, object]) -> None:
    fold(sighting())

    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.update(**wrong)
