"""The states of a mail, and of a feed that came by mail: two tables, read by the guards, the buttons and the tests."""

from enum import StrEnum

from pehra.kernel.refusals import Refusal
from pehra.kernel.sentences import Sentence


class MailState(StrEnum):
    """Where a mail stands: kept and waiting to be sorted, sorted, or set aside for a person to look at."""

    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set-aside"


class FeedState(StrEnum):
    """Where a feed that came by mail stands on its way to the machine road."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


MOVES: dict[MailState, frozenset[MailState]] = {
    MailState.WAITING: frozenset({MailState.DONE, MailState.SET_ASIDE}),
    MailState.SET_ASIDE: frozenset({MailState.WAITING}),
    MailState.DONE: frozenset({MailState.WAITING}),  # a person takes it for a report after all
}
FEED_MOVES: dict[FeedState, frozenset[FeedState]] = {
    FeedState.WAITING: frozenset({FeedState.DONE, FeedState.FAILED}),
    FeedState.FAILED: frozenset({FeedState.WAITING}),
    FeedState.DONE: frozenset(),
}


class MoveRefused(Refusal):
    """The mail may not go there from here."""


def require_move(state: MailState, target: MailState) -> None:
    """Refuse a move that the table does not hold."""
    if target not in MOVES[state]:
        raise MoveRefused(
            Sentence(
                "this mail is %(mail_word)s and cannot become %(mail_word_after)s",
                mail_word=state,
                mail_word_after=target,
            ),
            field="state",
        )
