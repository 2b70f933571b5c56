"""What a lesson may propose, and how a proposal is answered."""

from enum import StrEnum

from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import Sentence

LESSON_LENGTH_MAX = 8_000


class Aim(StrEnum):
    """What a lesson would change. `none`: it is only worth knowing."""

    NONE = "none"
    PLAYBOOK = "playbook"
    RULE = "rule"


class LessonState(StrEnum):
    """Where a lesson stands: one that proposes nothing is noted, the others are answered."""

    NOTED = "noted"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CARRIED_OUT = "carried-out"


MOVES: dict[LessonState, frozenset[LessonState]] = {
    LessonState.NOTED: frozenset(),
    LessonState.PROPOSED: frozenset({LessonState.ACCEPTED, LessonState.DECLINED}),
    LessonState.ACCEPTED: frozenset({LessonState.CARRIED_OUT, LessonState.DECLINED}),
    LessonState.DECLINED: frozenset({LessonState.ACCEPTED}),
    LessonState.CARRIED_OUT: frozenset(),
}


class LessonRefused(Refusal):
    """The proposal may not be answered this way from here."""


def parse_lesson_state(text: str) -> LessonState:
    """Read an answer by its name; refuse another word."""
    try:
        return LessonState(text.strip().lower())
    except ValueError as error:
        names = ", ".join(LessonState)
        raise Invalid(f"{text!r} is no answer to a proposal; one of: {names}", field="state") from error


def parse_aim(text: str) -> Aim:
    """Read what a lesson would change; refuse another word."""
    try:
        return Aim(text.strip().lower() or Aim.NONE)
    except ValueError as error:
        raise Invalid(f"a lesson changes one of: {', '.join(Aim)}; not {text!r}", field="aim") from error


def moves_from(state: LessonState) -> tuple[LessonState, ...]:
    """Return how a proposal may be answered, in the order in which states are declared."""
    return tuple(target for target in LessonState if target in MOVES[state])


def require_move(state: LessonState, target: LessonState) -> None:
    """Refuse an answer that the table does not hold."""
    if target not in MOVES[state]:
        allowed = ", ".join(moves_from(state)) or "nothing any more"
        raise LessonRefused(
            Sentence(
                "a lesson that is %(lesson_word)s cannot become %(lesson_word_after)s; it may become: %(lesson_words)s",
                lesson_word=state,
                lesson_word_after=target,
                lesson_words=allowed,
            ),
            field="state",
        )
