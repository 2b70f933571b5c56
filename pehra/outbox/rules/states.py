"""What may become of a message: the one table that the sender, the buttons, the docs and the tests read.

A sent message stays sent. A held one waits for a person. A failed one is never forgotten: a person may queue it again.
"""

from enum import StrEnum

from pehra.kernel.refusals import Refusal


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.HELD}),
    # To itself: its sender was killed, and another took it over when the lease ran out.
    State.SENDING: frozenset({State.SENDING, State.SENT, State.QUEUED, State.FAILED}),
    State.HELD: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.SENT: frozenset(),
}


class MoveRefused(Refusal):
    """The message may not go there from here."""


def require_move(present: State, wanted: State) -> None:
    """Refuse a move that the table does not hold."""
    if wanted not in MOVES[present]:
        raise MoveRefused(f"a message that is {present} cannot become {wanted}", field="state")
