"""The states of an incident and the moves between them: one table, read by the guard, the buttons, the docs and the
tests.

Words follow ISO/IEC 27035: an incident is new until somebody takes it, open while it is worked on, contained when the
harm no longer grows, closed when nothing is due any more. `dismissed` is for what turned out to be no incident.
Nothing leaves `closed` or `dismissed`: what comes back is a new incident.
"""

from enum import StrEnum

from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import Sentence


class State(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    OPEN = "open"
    CONTAINED = "contained"
    CLOSED = "closed"
    DISMISSED = "dismissed"


MOVES: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.OPEN, State.DISMISSED}),
    State.OPEN: frozenset({State.CONTAINED, State.CLOSED, State.DISMISSED}),
    State.CONTAINED: frozenset({State.OPEN, State.CLOSED}),
    State.CLOSED: frozenset(),
    State.DISMISSED: frozenset(),
}

ENDED: frozenset[State] = frozenset(state for state, moves in MOVES.items() if not moves)
LIVE: frozenset[State] = frozenset(State) - ENDED


class MoveRefused(Refusal):
    """The incident may not go there from here, or not yet."""


def parse_state(text: str) -> State:
    """Read a state by its name; refuse another word."""
    try:
        return State(text.strip().lower())
    except ValueError as error:
        names = ", ".join(State)
        raise Invalid(f"{text!r} is not a state of an incident; one of: {names}", field="state") from error


def moves_from(state: State) -> tuple[State, ...]:
    """Return where an incident may go from a state, in the order in which states are declared."""
    return tuple(target for target in State if target in MOVES[state])


def require_move(state: State, target: State) -> None:
    """Refuse a move that the table does not hold."""
    if target in MOVES[state]:
        return
    allowed = ", ".join(moves_from(state)) or "nowhere: open a new incident instead"
    raise MoveRefused(
        Sentence(
            "an incident that is %(incident_word)s cannot become %(incident_word_after)s;"
            " it may go to: %(incident_words)s",
            incident_word=state,
            incident_word_after=target,
            incident_words=allowed,
        ),
        field="state",
    )
