"""What an organisation may say when it is asked whether an act may be done on its systems.

The team coordinates and supports; the operator of critical infrastructure keeps control. Each act has a question of its
own. Silence is no consent, and a consent that was given may be withdrawn, from then on.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import Sentence

ACT_LENGTH_MAX = 2_000
TERMS_LENGTH_MAX = 2_000
CHANNELS = ("portal", "telephone", "mail", "letter", "in-person")
REMINDED_AFTER = timedelta(hours=24)
"""How long a question waits before its organisation is asked once more. Ours, and no law's."""


class Answer(StrEnum):
    """What was said."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


MOVES: dict[Answer, frozenset[Answer]] = {
    Answer.ASKED: frozenset({Answer.GIVEN, Answer.REFUSED}),
    Answer.GIVEN: frozenset({Answer.WITHDRAWN}),
    Answer.REFUSED: frozenset({Answer.GIVEN}),
    Answer.WITHDRAWN: frozenset({Answer.GIVEN}),
}


class ConsentRefused(Refusal):
    """Consent is missing, or cannot be answered this way."""


def parse_answer(text: str) -> Answer:
    """Read an answer by its name; refuse another word."""
    try:
        return Answer(text.strip().lower())
    except ValueError as error:
        raise Invalid(f"{text!r} is no answer; one of: {', '.join(Answer)}", field="answer") from error


def moves_from(answer: Answer) -> tuple[Answer, ...]:
    """Return what may be said next, in the order in which answers are declared."""
    return tuple(target for target in Answer if target in MOVES[answer])


def require_move(answer: Answer, target: Answer) -> None:
    """Refuse an answer that the table does not hold."""
    if target not in MOVES[answer]:
        allowed = ", ".join(moves_from(answer))
        raise ConsentRefused(
            Sentence(
                "a consent that is %(consent_word)s cannot become %(consent_word_after)s; only: %(consent_words)s",
                consent_word=answer,
                consent_word_after=target,
                consent_words=allowed,
            ),
            field="answer",
        )


def holds(answer: Answer, *, valid_until: datetime | None, at: datetime) -> bool:
    """Whether an act is allowed at a moment: given, and not run out."""
    return answer is Answer.GIVEN and (valid_until is None or at <= valid_until)
