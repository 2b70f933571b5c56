"""What reading threads gives: frozen records, so that a template can start no query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.kernel.clock import format_time
from pehra.outbox import api as outbox
from pehra.threads.rules.answers import ANSWERS_A_LETTER_MAX, Choice, Turn


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One answer by a link. `effects` is what it changed."""

    choice: Choice
    note: str
    at: datetime
    position: int
    effects: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "choice": self.choice.value,
            "note": self.note,
            "at": format_time(self.at),
            "correction": self.position > 1,
            "effects": dict(self.effects),
        }


@dataclass(frozen=True, kw_only=True)
class Answerable:
    """A message whose link somebody holds, and until when it takes an answer."""

    view: outbox.MessageView
    until: datetime

    def may_be_answered(self, at: datetime) -> bool:
        """Whether the link still holds; a message that nobody marked as answerable never was."""
        return self.view.answer_until is not None and at <= self.until


@dataclass(frozen=True, kw_only=True)
class AnswerPage:
    """What the holder of a link is shown: no more than the letter itself said, and their own answers."""

    about: str
    subject: str
    sent_at: datetime
    languages: tuple[str, ...]
    until: datetime
    is_open: bool
    answers: tuple[AnswerView, ...]

    @property
    def standing(self) -> AnswerView | None:
        """The answer that stands: the newest."""
        return self.answers[-1] if self.answers else None

    @property
    def may_answer(self) -> bool:
        """Whether another answer is taken."""
        return self.is_open and len(self.answers) < ANSWERS_A_LETTER_MAX


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One line of the table of delivery and answer: what went to whom, whether it arrived, what they said."""

    message: outbox.MessageView
    thread: str
    step: int = 0
    stands_in_for: UUID | None = None
    silent_at: datetime | None = None
    came_back_at: datetime | None = None
    ended: str = ""
    answer: AnswerView | None = None
    replies: int = 0

    @property
    def state(self) -> str:
        """Where it stands, in one word: that it came back says more than that it was sent."""
        return "returned" if self.came_back_at else self.message.standing

    def as_json(self) -> dict[str, Any]:
        """Return the line as JSON values."""
        return {
            "message": self.message.as_json(),
            "thread": self.thread or None,
            "state": self.state,
            "step": self.step,
            "stands_in_for": str(self.stands_in_for) if self.stands_in_for else None,
            "waits_until": format_time(self.silent_at) if self.silent_at else None,
            "ended": self.ended or None,
            "answer": self.answer.as_json() if self.answer else None,
            "replies": self.replies,
        }


@dataclass(frozen=True, kw_only=True)
class ReplyView:
    """What came back by mail, or was written on the thread's page by the other side."""

    sender: str
    expected: bool
    subject: str
    text: str
    raw_sha256: str
    files: tuple[Mapping[str, Any], ...]
    signed: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the reply as JSON values."""
        return vars(self) | {"files": [dict(file) for file in self.files], "at": format_time(self.at)}


@dataclass(frozen=True, kw_only=True)
class ThreadView:
    """A thread as a list shows it."""

    id: UUID
    number: int
    reference: str
    subject: str
    about: str
    lead_team: str
    teams: tuple[str, ...]
    organisation: str
    other_team: str
    other_name: str
    other_email: str
    tlp: str
    turn: Turn
    urgent: bool
    opened_at: datetime
    last_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the thread as JSON values."""
        said = vars(self) | {"id": str(self.id), "teams": list(self.teams), "turn": self.turn.value}
        del said["number"]
        return said | {"opened_at": format_time(self.opened_at), "last_at": format_time(self.last_at)}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened in a thread: exactly one of a letter, a reply and an answer."""

    at: datetime
    letter: Delivery | None = None
    reply: ReplyView | None = None
    answer: AnswerView | None = None


@dataclass(frozen=True, kw_only=True)
class ThreadPage:
    """A thread with all that was said in it, oldest first."""

    thread: ThreadView
    events: tuple[Event, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the thread as JSON values, with what was said beside it."""
        return self.thread.as_json() | {
            "letters": [event.letter.as_json() for event in self.events if event.letter],
            "replies": [event.reply.as_json() for event in self.events if event.reply],
            "answers": [event.answer.as_json() for event in self.events if event.answer],
        }


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a ticket number finds: the threads of that matter, and everything that was sent about it."""

    ticket: str
    threads: tuple[ThreadView, ...]
    deliveries: tuple[Delivery, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what was found as JSON values."""
        return {
            "ticket": self.ticket,
            "threads": [thread.as_json() for thread in self.threads],
            "deliveries": [delivery.as_json() for delivery in self.deliveries],
        }
