"""Tasks of an incident: add, change, give to somebody, tick, do.

A blocking task holds the incident in its phase and from its end. Done means that every item is ticked, that what comes
before it in its playbook is finished, and, where it acts on an organisation's systems, that the organisation said yes.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.api import acting, consenting, telling_of_tasks
from pehra.incidents.api.telling import AddressBook
from pehra.incidents.models import Incident, PlaybookRun, Task
from pehra.incidents.queries import work as queries
from pehra.incidents.queries.work import TaskView, WorkPage
from pehra.incidents.rules import clocks, playbook_steps
from pehra.incidents.rules import tasks as rules
from pehra.incidents.rules.holding import place_of
from pehra.incidents.rules.tasks import TaskState
from pehra.incidents.rules.working import working_teams
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence
from pehra.outbox import api as outbox

NOT_TAKEN = "not on the way that was taken"
DUE_EVENTS = {
    clocks.ClockState.DUE_SOON: "incidents.task.due_soon",
    clocks.ClockState.OVERDUE: "incidents.task.overdue",
}


def work(ref: str, *, by: Actor, at: datetime) -> WorkPage:
    """Return the work on an incident that one of the actor's teams reads: phases, tasks, running playbooks."""
    return queries.work(acting.of_its_teams(ref, by=by), by=by, at=at)


def my_tasks(*, by: Actor) -> tuple[TaskView, ...]:
    """Return the unfinished tasks given to the actor, those due first before the others."""
    return queries.my_tasks(by=by)


def may_be_given(ref: str, *, by: Actor, at: datetime) -> dict[str, str]:
    """Return to whom the actor may give a task: people of its own teams that work on the incident, by actor id."""
    incident = acting.of_its_teams(ref, by=by)
    return access.colleagues(teams=working_teams(incident.roles, otherwise=incident.teams), by=by, at=at)


@transaction.atomic
def add_task(
    *,
    ref: str,
    title: str,
    description: str = "",
    phase: str = "",
    assignee: str = "",
    due_at: datetime | None = None,
    checklist: str = "",
    is_blocking: bool = False,
    touches_organisation: bool = False,
    by: Actor,
    at: datetime,
) -> TaskView:
    """Add a task. A checklist is written an item a line."""
    incident = acting.locked(ref, by=by)
    if Task.objects.filter(incident=incident).count() >= rules.TASKS_AN_INCIDENT_MAX:
        raise Invalid(_("an incident has at most %(n)s tasks") % {"n": rules.TASKS_AN_INCIDENT_MAX}, field="title")
    row = Task(
        id=new_id(at),
        incident=incident,
        number=acting.next_number(Task.objects.filter(incident=incident)),
        title=acting.words(title, field="title", most=rules.TITLE_LENGTH_MAX),
        description=acting.words(description, field="description", most=rules.DESCRIPTION_LENGTH_MAX, needed=False),
        state=TaskState.OPEN,
        phase=_phase(phase, at=at),
        is_blocking=is_blocking,
        touches_organisation=touches_organisation,
        assignee=_assignee(assignee, incident, by=by, at=at),
        due_at=_due(due_at),
        fires_at=_fires(due_at, at=at),
        checklist=rules.checklist_of(checklist),
        created_at=at,
        created_by=by.id,
    )
    row.save(force_insert=True)
    acting.record(incident, "incidents.task.added", _told(row) | _tell(incident, row, by=by, at=at), by=by, at=at)
    return _shown(row)


@transaction.atomic
def change_task(
    *,
    ref: str,
    number: int,
    title: str | None = None,
    description: str | None = None,
    phase: str | None = None,
    assignee: str | None = None,
    due_at: datetime | None = None,
    forget_due: bool = False,
    is_blocking: bool | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> TaskView:
    """Change what is given of a task. To let a blocking one block no more takes who may close, and a reason."""
    incident = acting.locked(ref, by=by, merged_too=True)
    row = queries.one_task(incident, number, by=by)
    before = _told(row)
    if is_blocking is False and row.is_blocking:
        acting.require(incident, Permission.INCIDENTS_CLOSE, by=by)
        reason = acting.reason(reason)
    if title is not None:
        row.title = acting.words(title, field="title", most=rules.TITLE_LENGTH_MAX)
    if description is not None:
        most = rules.DESCRIPTION_LENGTH_MAX
        row.description = acting.words(description, field="description", most=most, needed=False)
    if phase is not None:
        row.phase = _moved_phase(row, phase, at=at)
    is_given = assignee is not None and assignee != row.assignee
    if assignee is not None and is_given:
        row.assignee = _assignee(assignee, incident, by=by, at=at)
    if (due_at is not None or forget_due) and due_at != row.due_at:
        row.due_at, row.fires_at = _due(due_at), _fires(due_at, at=at)
    row.is_blocking = row.is_blocking if is_blocking is None else is_blocking
    row.save(update_fields=["title", "description", "phase", "assignee", "due_at", "fires_at", "is_blocking"])
    facts = {"before": before, **_told(row), **({"reason": reason} if reason else {})}
    if is_given:
        facts |= _tell(incident, row, by=by, at=at)
    acting.record(incident, "incidents.task.changed", facts, by=by, at=at)
    return _shown(row)


@transaction.atomic
def tick(*, ref: str, number: int, item: int, done: bool, by: Actor, at: datetime) -> TaskView:
    """Tick an item of a task's checklist (counted from 1), or untick it while the task is unfinished."""
    incident = acting.locked(ref, by=by, merged_too=True)
    row = queries.one_task(incident, number, by=by)
    if TaskState(row.state) in rules.ENDED:
        raise rules.TaskRefused(
            Sentence("the task is %(task_word)s; open it again first", task_word=row.state), field="item"
        )
    if not 1 <= item <= len(row.checklist):
        raise Invalid(f"its checklist has no item {item}", field="item")
    ticked = dict(row.checklist[item - 1])
    ticked |= {"done": done, "by": by.id if done else "", "at": format_time(at) if done else None}
    row.checklist = [*row.checklist[: item - 1], ticked, *row.checklist[item:]]
    row.save(update_fields=["checklist"])
    facts = {"task": row.number, "item": item, "done": done}
    acting.record(incident, "incidents.task.ticked", facts, by=by, at=at)
    return _shown(row)


@transaction.atomic
def move_task(
    *, ref: str, number: int, to: str, reason: str = "", outcome: str = "", by: Actor, at: datetime
) -> TaskView:
    """Move a task. Skipping takes a reason, and of a blocking one who may close; a decision says which way it goes."""
    incident = acting.locked(ref, by=by, merged_too=True)
    row = queries.one_task(incident, number, by=by)
    before, target = TaskState(row.state), rules.parse_task_state(to)
    rules.require_move(before, target)
    words = acting.reason(reason, needed=False)
    if target is TaskState.SKIPPED:
        words = acting.reason(reason)
        if row.is_blocking:
            acting.require(incident, Permission.INCIDENTS_CLOSE, by=by)
    if target in (TaskState.DOING, TaskState.DONE):
        rules.require_before_it(_unfinished_before(row))
        consenting.require_consent(incident, row, at=at)
    if target is TaskState.DONE:
        rules.require_ticked(row.checklist)
    if target is TaskState.DOING and not row.assignee:
        row.assignee = by.id
    ended = target in rules.ENDED
    row.state, row.ended_reason = target, words
    row.ended_at, row.ended_by = (at, by.id) if ended else (None, "")
    row.save(update_fields=["state", "ended_reason", "ended_at", "ended_by", "assignee"])
    facts = {"task": row.number, "title": row.title, "from": before, "to": target, "reason": words}
    if row.run_id:
        facts |= _decided(row, row.run_id, target, outcome, by=by, at=at)
    acting.record(incident, "incidents.task.moved", facts, by=by, at=at)
    return _shown(row)


def skip_all(incident: Incident, *, reason: str, by: Actor, at: datetime) -> int:
    """Skip what is left to do of an incident that is no incident; in the caller's transaction."""
    rows = Task.objects.filter(incident=incident, ended_at__isnull=True)
    return rows.update(state=TaskState.SKIPPED, ended_at=at, ended_by=by.id, ended_reason=reason)


def _unfinished_before(row: Task) -> Iterable[str]:
    if not row.run_id or not row.after:
        return ()
    rows = Task.objects.filter(run=row.run_id, step__in=row.after, ended_at__isnull=True).order_by("number")
    return list(rows.values_list("title", flat=True))


def _decided(row: Task, run_id: UUID, target: TaskState, outcome: str, *, by: Actor, at: datetime) -> dict[str, object]:
    """Write down which way a decision went, and skip what can no longer be reached; opened again, all is open again."""
    run = PlaybookRun.objects.select_for_update().get(id=run_id)
    ways = playbook_steps.outcomes_of(run.ways.get(row.step, {}))
    if not ways:
        return {}
    if target is TaskState.DONE:
        if outcome not in ways:
            raise Invalid(f"say which way it goes: {', '.join(ways)}", field="outcome")
        run.decisions = run.decisions | {row.step: outcome}
    else:
        run.decisions = {step: way for step, way in run.decisions.items() if step != row.step}
    run.save(update_fields=["decisions"])
    closed = playbook_steps.untaken(run.ways, start=run.start, decided=run.decisions)
    steps = Task.objects.filter(run=run)
    skipped = steps.filter(step__in=closed, ended_at__isnull=True)
    away = list(skipped.order_by("number").values_list("number", flat=True))
    skipped.update(state=TaskState.SKIPPED, ended_at=at, ended_by=by.id, ended_reason=NOT_TAKEN)
    back = steps.exclude(step__in=closed).filter(state=TaskState.SKIPPED, ended_reason=NOT_TAKEN)
    back.update(state=TaskState.OPEN, ended_at=None, ended_by="", ended_reason="")
    return {"outcome": outcome, "skipped": away}


def _phase(code: str, *, at: datetime) -> str:
    if code:
        place_of(code, [phase.code for phase in queries.phases_on(at)])
    return code


def _moved_phase(row: Task, code: str, *, at: datetime) -> str:
    """A blocking task is not let go by moving it to a phase that holds nothing: the same door as unblocking it."""
    if row.is_blocking and code != row.phase:
        raise Invalid(_("a blocking task stays in its phase; let it block no more first, with a reason"), field="phase")
    return _phase(code, at=at)


def _assignee(person: str, incident: Incident, *, by: Actor, at: datetime) -> str:
    if not person or person == by.id:
        return person
    teams = working_teams(incident.roles, otherwise=incident.teams)
    if person not in access.colleagues(teams=teams, by=by, at=at):
        raise Invalid(_("give it to somebody of your team that works on this incident"), field="assignee")
    return person


def _due(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise Invalid("a moment needs an offset", field="due_at")
    return moment


def _fires(due: datetime | None, *, at: datetime) -> datetime | None:
    """Return when whoever does a task is told that it is nearly due: as a clock, when a quarter of its time is left."""
    return clocks.warn_at(started=at, due=due) if due else None


def _tell(incident: Incident, row: Task, *, by: Actor, at: datetime) -> dict[str, object]:
    """Tell whom a task was given to, and return what the ledger says of that."""
    told = telling_of_tasks.given(incident, row, by=by, at=at)
    outbox.queue_many(drafts=told.drafts, by=by, at=at)
    return {"told": told.teams} if told.teams else {}


def remind_due(*, by: Actor, at: datetime, limit: int) -> int:
    """Tell whoever does a task that it is nearly due, then that it is overdue, and return of how many tasks.

    In the caller's transaction. As with a clock, what is found late is overdue at once.
    """
    rows = Task.objects.filter(fires_at__lte=at, ended_at__isnull=True, incident__ended_at__isnull=True)
    firing = rows.order_by("fires_at", "id").select_for_update(skip_locked=True, of=("self",))
    found = list(firing.select_related("incident")[:limit])
    book = AddressBook()
    for row in found:
        reading = clocks.advance(state=clocks.ClockState.RUNNING, due=row.due_at, warn=row.fires_at, at=at)
        row.fires_at = reading.fires_at
        row.save(update_fields=["fires_at"])
        told = telling_of_tasks.due(row, reading.state, book, at=at)
        outbox.queue_many(drafts=told.drafts, by=by, at=at)
        acting.record(row.incident, DUE_EVENTS[reading.state], _told(row) | told.as_facts(), by=by, at=at)
    return len(found)


def _told(row: Task) -> dict[str, object]:
    return {
        "task": row.number,
        "title": row.title,
        "phase": row.phase,
        "blocking": row.is_blocking,
        "assignee": row.assignee,
        "due": format_time(row.due_at) if row.due_at else None,
    }


def _shown(row: Task) -> TaskView:
    (view,) = queries.task_views([row])
    return view
