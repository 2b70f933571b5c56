"""Which unfinished blocking tasks hold an incident: from its end, from being contained, from the next phase.

The profile says of each phase which states it holds. A blocking task without a phase, or in one that the profile no
longer knows, holds the end: what nobody can place is not let go by accident. Dismissing is free: no incident, no work.
"""

from collections.abc import Iterable, Mapping, Sequence

from pehra.incidents.rules.states import MoveRefused, State
from pehra.incidents.rules.tasks import Blocking
from pehra.kernel.refusals import Invalid

NAMED_MAX = 5


def holding(blocking: Iterable[Blocking], *, target: State, holds: Mapping[str, Sequence[str]]) -> list[Blocking]:
    """Return the tasks that keep an incident from a state; `holds` says of each phase which states those are."""
    return [task for task in blocking if target in holds.get(task.phase, (State.CLOSED,))]


def before(blocking: Iterable[Blocking], *, phase: str, order: Sequence[str]) -> list[Blocking]:
    """Return the tasks of phases that come before one: they keep an incident from entering it."""
    place = place_of(phase, order)
    return [task for task in blocking if task.phase in order[:place]]


def place_of(phase: str, order: Sequence[str]) -> int:
    """Return where a phase stands among all; refuse one that the profile does not know."""
    if phase not in order:
        raise Invalid(f"{phase!r} is no phase of the profile; one of: {', '.join(order) or 'none'}", field="phase")
    return order.index(phase)


def require_none(tasks: Sequence[Blocking], *, field: str) -> None:
    """Refuse to go on while tasks hold the incident, naming them."""
    if not tasks:
        return
    names = ", ".join(f"{task.incident} {task.number} “{task.title}”".strip() for task in tasks[:NAMED_MAX])
    more = f" and {len(tasks) - NAMED_MAX} more" if len(tasks) > NAMED_MAX else ""
    raise MoveRefused(f"blocking tasks are not done: {names}{more}. Do them, or skip each with a reason", field=field)
