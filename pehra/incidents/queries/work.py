"""Reading the work on an incident: phases, tasks, runs of playbooks, and what of it blocks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from pehra.incidents.models import Incident, IncidentPhase, PlaybookRun, Task
from pehra.incidents.queries import families, reading
from pehra.incidents.rules import playbook_steps
from pehra.incidents.rules import tasks as task_rules
from pehra.incidents.rules.tasks import Blocking, TaskState
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import NotVisible
from pehra.law import api as law

TASKS_SHOWN_MAX = 500
MY_TASKS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task as shown. `waits_for` names unfinished steps that come first; `outcomes` are the ways of a decision."""

    id: UUID
    incident: str
    incident_title: str
    number: int
    title: str
    description: str
    state: TaskState
    phase: str
    is_blocking: bool
    touches_organisation: bool
    assignee: str
    due_at: datetime | None
    checklist: tuple[Mapping[str, Any], ...]
    run: str
    step: str
    waits_for: tuple[str, ...]
    outcomes: tuple[str, ...]
    outcome: str
    moves: tuple[TaskState, ...]
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str
    ended_reason: str

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do on it."""
        return self.state in task_rules.ENDED

    @property
    def ticked(self) -> int:
        """How many items of its checklist are ticked."""
        return sum(1 for item in self.checklist if item["done"])

    def as_json(self) -> dict[str, Any]:
        """Return the task as the contract names its keys."""
        return {
            "incident": self.incident,
            "number": self.number,
            "title": self.title,
            "state": self.state.value,
            "phase": self.phase or None,
            "blocking": self.is_blocking,
            "due": format_time(self.due_at) if self.due_at else None,
            "assignee": self.assignee or None,
            "playbook": self.run or None,
            "waits_for": list(self.waits_for),
        }


@dataclass(frozen=True, kw_only=True)
class PhaseView:
    """One phase of the profile as an incident stands to it."""

    code: str
    name: str
    name_local: str
    holds: tuple[str, ...]
    is_current: bool
    is_past: bool
    open_tasks: int
    blocking: int


@dataclass(frozen=True, kw_only=True)
class WorkPage:
    """The work on one incident. `of_parts` is what is left to do on incidents that were merged into it."""

    phases: tuple[PhaseView, ...]
    phase: str
    tasks: tuple[TaskView, ...]
    runs: tuple[str, ...]
    of_parts: tuple[TaskView, ...]

    @property
    def blocking(self) -> tuple[TaskView, ...]:
        """The tasks that hold the incident."""
        return tuple(task for task in self.tasks if task.is_blocking and not task.is_done)


def tasks_of(incident: Incident, *, by: Actor) -> tuple[TaskView, ...]:
    """Return the tasks of an incident that the actor may read, by number."""
    rows = Task.objects.all().visible_to(reading.reader(by)).filter(incident=incident)
    return task_views(rows.select_related("incident", "run").order_by("number")[:TASKS_SHOWN_MAX])


def one_task(incident: Incident, number: int, *, by: Actor) -> Task:
    """Return a task's row, locked; what the actor may not read is not there."""
    rows = Task.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row: Task | None = rows.select_for_update().first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no task {number}")
    return row


def my_tasks(*, by: Actor) -> tuple[TaskView, ...]:
    """Return the unfinished tasks of live incidents given to the actor, those due first before the others."""
    rows = Task.objects.all().visible_to(reading.reader(by)).filter(assignee=by.id, ended_at__isnull=True)
    found = (
        rows.filter(incident__ended_at__isnull=True)
        .select_related("incident", "run")
        .order_by("due_at", "-is_blocking", "id")[:MY_TASKS_MAX]
    )
    return task_views(found)


def task_views(rows: Iterable[Any]) -> tuple[TaskView, ...]:
    """Return rows as shown, with a fixed number of queries whatever their number."""
    found: list[Task] = list(rows)
    runs = {row.run_id for row in found if row.run_id}
    steps = Task.objects.filter(run__in=runs).values_list("run", "step", "title", "state") if runs else ()
    unfinished = {(run, step): title for run, step, title, state in steps if state not in task_rules.ENDED}
    return tuple(_task(row, unfinished) for row in found)


def _task(row: Task, unfinished: Mapping[tuple[UUID, str], str]) -> TaskView:
    waits = (
        [unfinished[row.run_id, step] for step in row.after if (row.run_id, step) in unfinished] if row.run_id else []
    )
    ways = row.run.ways.get(row.step, {}) if row.run else {}
    return TaskView(
        id=row.id,
        incident=row.incident.reference,
        incident_title=row.incident.title,
        number=row.number,
        title=row.title,
        description=row.description,
        state=TaskState(row.state),
        phase=row.phase,
        is_blocking=row.is_blocking,
        touches_organisation=row.touches_organisation,
        assignee=row.assignee,
        due_at=row.due_at,
        checklist=tuple(row.checklist),
        run=row.run.name if row.run else "",
        step=row.step,
        waits_for=tuple(waits),
        outcomes=playbook_steps.outcomes_of(ways),
        outcome=row.run.decisions.get(row.step, "") if row.run else "",
        moves=task_rules.moves_from(TaskState(row.state)),
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_reason=row.ended_reason,
    )


def phase_of(incident: Incident, known: Sequence[law.Phase]) -> str:
    """Return the phase in which an incident stands: the last that it entered, or the profile's first."""
    last = IncidentPhase.objects.filter(incident=incident).order_by("-id").values_list("phase", flat=True).first()
    return last or (known[0].code if known else "")


def phases_on(at: datetime) -> tuple[law.Phase, ...]:
    """Return the phases that the profile has on the day of a moment."""
    profile = law.load(settings.PEHRA_PROFILE)
    return law.phases(profile, on=law.day_of(profile, at))


def work(incident: Incident, *, by: Actor, at: datetime) -> WorkPage:
    """Return the work on an incident: its phases, its tasks, and which playbooks run."""
    known = phases_on(at)
    current = phase_of(incident, known)
    tasks = tasks_of(incident, by=by)
    codes = [phase.code for phase in known]
    place = codes.index(current) if current in codes else 0
    runs = PlaybookRun.objects.all().visible_to(reading.reader(by)).filter(incident=incident)
    return WorkPage(
        phases=tuple(
            PhaseView(
                code=phase.code,
                name=phase.name,
                name_local=phase.name_local,
                holds=phase.holds,
                is_current=phase.code == current,
                is_past=number < place,
                open_tasks=sum(1 for task in tasks if task.phase == phase.code and not task.is_done),
                blocking=sum(1 for task in tasks if task.phase == phase.code and task.is_blocking and not task.is_done),
            )
            for number, phase in enumerate(known)
        ),
        phase=current,
        tasks=tasks,
        of_parts=_of_parts(incident, by=by),
        runs=tuple(runs.order_by("started_at").values_list("name", flat=True)),
    )


def _of_parts(incident: Incident, *, by: Actor) -> tuple[TaskView, ...]:
    parts = [part.id for part in families.parts_of(incident)]
    if not parts:
        return ()
    rows = Task.objects.all().visible_to(reading.reader(by)).filter(incident__in=parts, ended_at__isnull=True)
    return task_views(rows.select_related("incident", "run").order_by("incident_id", "number")[:TASKS_SHOWN_MAX])


def blocking(incident_id: UUID) -> list[Blocking]:
    """Return the unfinished blocking tasks of an incident and of all that is part of it, whoever asks: what holds it
    holds it for everybody."""
    family = families.family_ids_of(incident_id)
    rows = Task.objects.filter(incident__in=family, is_blocking=True, ended_at__isnull=True)
    found = rows.order_by("incident_id", "number").values_list(
        "number", "title", "phase", "incident_id", "incident__reference"
    )
    return [
        Blocking(number=number, title=title, phase=phase, incident="" if owner == incident_id else reference)
        for number, title, phase, owner, reference in found[:TASKS_SHOWN_MAX]
    ]
