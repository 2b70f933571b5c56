"""The states of a report and the moves between them: one table, read by the guard, the buttons, the docs and the tests.

Received until somebody decides; then an incident was opened from it, or it joined one, or it was merged into another
report, or dismissed with a reason. Every decision can be taken back but one: an incident that was opened stays opened,
and ends by its own states.
"""

from enum import StrEnum

from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import Sentence


class State(StrEnum):
    """Where a report stands."""

    RECEIVED = "received"
    OPENED = "opened"
    JOINED = "joined"
    MERGED = "merged"
    DISMISSED = "dismissed"


MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.OPENED, State.JOINED, State.MERGED, State.DISMISSED}),
    State.OPENED: frozenset(),
    State.JOINED: frozenset({State.RECEIVED}),
    State.MERGED: frozenset({State.RECEIVED}),
    State.DISMISSED: frozenset({State.RECEIVED}),
}
# What belongs to an incident names it, and nothing else does.
OF_AN_INCIDENT = frozenset({State.OPENED, State.JOINED})


class MoveRefused(Refusal):
    """The report may not go there from here."""


def parse_state(text: str) -> State:
    """Read a state by its name; refuse another word."""
    try:
        return State(text.strip().lower())
    except ValueError as error:
        raise Invalid(f"{text!r} is not a state of a report; one of: {', '.join(State)}", field="state") from error


def moves_from(state: State) -> tuple[State, ...]:
    """Return where a report may go from a state, in the order in which states are declared."""
    return tuple(target for target in State if target in MOVES[state])


def require_move(state: State, target: State, *, reference: str) -> None:
    """Refuse a move that the table does not hold."""
    if target in MOVES[state]:
        return
    allowed = ", ".join(moves_from(state)) or "nowhere: work on its incident instead"
    raise MoveRefused(
        Sentence(
            "%(reference)s is %(report_word)s and cannot become %(report_word_after)s; it may go to: %(report_words)s",
            reference=reference,
            report_word=state,
            report_word_after=target,
            report_words=allowed,
        ),
        field="state",
    )
