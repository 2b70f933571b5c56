"""What may become of a finding: the one table that the guard, the buttons, the docs and the tests read.

A finding is open until somebody says that it is fixed, and fixed until somebody checked. What is seen again after it
was fixed is open again; what was seen before it was fixed, and only now came in, changes nothing.
"""

from enum import StrEnum

from pehra.kernel.refusals import Refusal


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    NOTIFIED = "notified"
    FIXED = "fixed"
    VERIFIED = "verified"


MOVES: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.NOTIFIED, State.FIXED}),
    State.NOTIFIED: frozenset({State.FIXED}),
    State.FIXED: frozenset({State.VERIFIED, State.OPEN}),
    State.VERIFIED: frozenset({State.OPEN}),
}

UNFIXED = frozenset({State.OPEN, State.NOTIFIED})


class MoveRefused(Refusal):
    """The finding may not go there from here."""


def require_move(present: State, wanted: State) -> None:
    """Refuse a move that the table does not hold."""
    if wanted not in MOVES[present]:
        raise MoveRefused(f"a finding that is {present} cannot become {wanted}", field="state")
