"""The states of a task, and what a task must have before it is done.

Words are a person's: open until somebody takes it, doing, then done or skipped with a reason. A blocking task holds the
incident in its phase and from its end until it is done; only who may close the incident may skip one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import Sentence

TITLE_LENGTH_MAX = 300
DESCRIPTION_LENGTH_MAX = 8_000
CHECKLIST_ITEMS_MAX = 50
ITEM_LENGTH_MAX = 300
TASKS_AN_INCIDENT_MAX = 500


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DOING = "doing"
    DONE = "done"
    SKIPPED = "skipped"


MOVES: dict[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.DOING, TaskState.DONE, TaskState.SKIPPED}),
    TaskState.DOING: frozenset({TaskState.OPEN, TaskState.DONE, TaskState.SKIPPED}),
    TaskState.DONE: frozenset({TaskState.OPEN}),
    TaskState.SKIPPED: frozenset({TaskState.OPEN}),
}

ENDED: frozenset[TaskState] = frozenset({TaskState.DONE, TaskState.SKIPPED})


class TaskRefused(Refusal):
    """The task may not go there from here, or not yet."""


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """One unfinished blocking task, as far as it decides where the incident may go."""

    number: int
    title: str
    phase: str
    incident: str = ""
    """The reference of the part that it belongs to, where that is not the incident itself."""


def parse_task_state(text: str) -> TaskState:
    """Read a state by its name; refuse another word."""
    try:
        return TaskState(text.strip().lower())
    except ValueError as error:
        names = ", ".join(TaskState)
        raise Invalid(f"{text!r} is not a state of a task; one of: {names}", field="state") from error


def moves_from(state: TaskState) -> tuple[TaskState, ...]:
    """Return where a task may go from a state, in the order in which states are declared."""
    return tuple(target for target in TaskState if target in MOVES[state])


def require_move(state: TaskState, target: TaskState) -> None:
    """Refuse a move that the table does not hold."""
    if target not in MOVES[state]:
        allowed = ", ".join(moves_from(state))
        raise TaskRefused(
            Sentence(
                "a task that is %(task_word)s cannot become %(task_word_after)s; it may become: %(task_words)s",
                task_word=state,
                task_word_after=target,
                task_words=allowed,
            ),
            field="state",
        )


def require_ticked(checklist: Sequence[Mapping[str, object]]) -> None:
    """Refuse to call a task done while an item of its checklist is not."""
    waiting = [str(item["text"]) for item in checklist if not item["done"]]
    if waiting:
        raise TaskRefused(
            Sentence(
                "%(n)s items of its checklist are not ticked: %(items)s", n=len(waiting), items=", ".join(waiting)
            ),
            field="state",
        )


def require_before_it(unfinished: Iterable[str]) -> None:
    """Refuse to start or end a step while one that comes before it is unfinished."""
    names = list(unfinished)
    if names:
        raise TaskRefused(Sentence("first comes: %(names)s", names=", ".join(names)), field="state")


def checklist_of(text: str) -> list[dict[str, object]]:
    """Read a checklist as people write it, an item a line; bullets and boxes at the front are dropped."""
    lines = [line.strip().lstrip("-*•☐").removeprefix("[ ]").strip() for line in text.splitlines()]
    items = [line for line in lines if line]
    if len(items) > CHECKLIST_ITEMS_MAX:
        raise Invalid(Sentence("a checklist has at most %(n)s items", n=CHECKLIST_ITEMS_MAX), field="checklist")
    for item in items:
        if len(item) > ITEM_LENGTH_MAX:
            raise Invalid(
                Sentence("an item of a checklist has at most %(n)s characters", n=ITEM_LENGTH_MAX), field="checklist"
            )
    return [{"text": item, "done": False, "by": "", "at": None} for item in items]
