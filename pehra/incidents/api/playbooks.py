"""Playbooks: taken in as they are, given out as they came, followed as tasks.

A playbook of CACAO 2.0 is kept to the byte. Starting one on an incident makes a task of every step that a person does
or decides; which of them block is said by the playbook's own extension, or by who starts it. Pehra runs no command.
"""

import hashlib
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.api import acting
from pehra.incidents.models import Incident, Playbook, PlaybookRun, Task
from pehra.incidents.queries import playbooks as queries
from pehra.incidents.queries import work as work_queries
from pehra.incidents.queries.playbooks import PlaybookView
from pehra.incidents.queries.work import TaskView
from pehra.incidents.rules import playbook_writing as writing
from pehra.incidents.rules import playbooks as rules
from pehra.incidents.rules import tasks as task_rules
from pehra.incidents.rules.holding import place_of
from pehra.incidents.rules.playbook_steps import Step
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger


class PlaybookRefused(Invalid):
    """The playbook cannot be started: retired, revoked, out of its time, or running already."""


def playbooks(*, retired: bool = False, by: Actor) -> tuple[PlaybookView, ...]:
    """Return the playbooks the actor may use, by name, the newest version first; retired ones when asked for."""
    return queries.playbooks(retired=retired, by=by)


def playbook(playbook_id: UUID, *, by: Actor) -> PlaybookView:
    """Return one playbook with its steps."""
    return queries.playbook_view(queries.one_playbook(playbook_id, by=by))


def playbook_document(playbook_id: UUID, *, by: Actor) -> bytes:
    """Return a playbook as it was received, to the byte."""
    return queries.one_playbook(playbook_id, by=by).document.encode()


@transaction.atomic
def add_playbook(*, document: bytes, team: str, for_everybody: bool = False, by: Actor, at: datetime) -> PlaybookView:
    """Take in a playbook for a team, or for every team. The same version again is the same playbook, not another."""
    access.require_known_team(team)
    access.require(by, Permission.INCIDENTS_PLAYBOOKS, teams=[team])
    read = rules.read(document)
    sha256 = hashlib.sha256(document).hexdigest()
    row = Playbook(
        id=new_id(at),
        cacao_id=read.cacao_id,
        modified=read.modified,
        name=read.name,
        description=read.description,
        types=[word[:64] for word in read.types[:20]],
        document=document.decode(),
        sha256=sha256,
        steps=[asdict(step) for step in read.steps],
        remarks=list(read.remarks),
        reach=Playbook.EVERYBODY if for_everybody else Playbook.TEAM,
        team=team,
        teams=[team],
        added_at=at,
        added_by=by.id,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        known = Playbook.objects.get(team=team, cacao_id=read.cacao_id, modified=read.modified)
        if known.sha256 != sha256:
            raise Invalid(
                _("another playbook of this id and version is here already; a changed one needs a later `modified`"),
                field="document",
            ) from None
        return queries.playbook_view(known)
    facts = {"cacao_id": row.cacao_id, "modified": row.modified, "name": row.name, "sha256": sha256, "reach": row.reach}
    ledger.record("incidents.playbook.added", subject=str(row.id), by=by, at=at, teams=[team], facts=facts)
    return queries.playbook_view(row)


@transaction.atomic
def retire_playbook(*, playbook_id: UUID, reason: str, by: Actor, at: datetime) -> PlaybookView:
    """Take a playbook out of use. What runs goes on; it can be read and given out as before."""
    row = queries.one_playbook(playbook_id, by=by, lock=True)
    access.require(by, Permission.INCIDENTS_PLAYBOOKS, teams=[row.team])
    if row.retired_at is not None:
        raise PlaybookRefused(_("this playbook is retired already"), field="reason")
    row.retired_at, row.retired_by, row.retired_reason = at, by.id, acting.reason(reason)
    row.save(update_fields=["retired_at", "retired_by", "retired_reason"])
    facts = {"cacao_id": row.cacao_id, "name": row.name, "reason": row.retired_reason}
    ledger.record("incidents.playbook.retired", subject=str(row.id), by=by, at=at, teams=[row.team], facts=facts)
    return queries.playbook_view(row)


@transaction.atomic
def start_playbook(
    *,
    ref: str,
    playbook_id: UUID,
    blocking: Collection[str] | None = None,
    phase: str = "",
    by: Actor,
    at: datetime,
) -> tuple[TaskView, ...]:
    """Make tasks of a playbook's steps. `blocking` names the steps that block; None leaves it to the playbook.

    `phase` is for steps that name none, or one that the profile does not know.
    """
    incident = acting.locked(ref, by=by)
    row = queries.one_playbook(playbook_id, by=by)
    read = rules.read(row.document.encode())
    _require_usable(row, read, at=at)
    phases = [item.code for item in work_queries.phases_on(at)]
    if phase:
        place_of(phase, phases)
    unknown = set(blocking or ()) - {step.id for step in read.steps}
    if unknown:
        raise Invalid(f"this playbook has no step {min(unknown)}", field="blocking")
    if Task.objects.filter(incident=incident).count() + len(read.steps) > task_rules.TASKS_AN_INCIDENT_MAX:
        raise Invalid(
            _("an incident has at most %(n)s tasks") % {"n": task_rules.TASKS_AN_INCIDENT_MAX}, field="playbook"
        )
    run = _run(incident, row, read, by=by, at=at)
    first = acting.next_number(Task.objects.filter(incident=incident))
    tasks = [
        _task(run, step, number, blocking=blocking, phase=step.phase if step.phase in phases else phase, by=by, at=at)
        for number, step in enumerate(read.steps, start=first)
    ]
    Task.objects.bulk_create(tasks)
    facts = {
        **{"playbook": row.name, "cacao_id": row.cacao_id, "modified": row.modified, "sha256": row.sha256},
        **{"tasks": [task.number for task in tasks], "blocking": [task.number for task in tasks if task.is_blocking]},
    }
    acting.record(incident, "incidents.playbook.started", facts, by=by, at=at)
    return work_queries.task_views(tasks)


def playbook_of_tasks(ref: str, *, name: str, team: str, by: Actor, at: datetime) -> bytes:
    """Return the tasks of an incident as a playbook, in their order: what was done becomes what is done next time.

    Skipped tasks and people's names stay out. It is not kept: a person reads it over before it is taken in.
    """
    incident = acting.of_its_teams(ref, by=by)
    access.require_known_team(team)
    access.require(by, Permission.INCIDENTS_PLAYBOOKS, teams=[team])
    works = [
        writing.Work(
            title=task.title,
            description=task.description,
            phase=task.phase,
            is_blocking=task.is_blocking,
            touches_organisation=task.touches_organisation,
            checklist=tuple(str(item["text"]) for item in task.checklist),
        )
        for task in work_queries.tasks_of(incident, by=by)
        if task.state is not task_rules.TaskState.SKIPPED
    ]
    if not works:
        raise Invalid(_("there are no tasks to make a playbook of"), field="name")
    title = acting.words(name, field="name", most=rules.NAME_LENGTH_MAX)
    ids = [uuid4() for _ in range(writing.ids_needed(works))]
    return writing.write(works, name=title, description="", team=team, ids=ids, at=at)


def _require_usable(row: Playbook, read: rules.Playbook, *, at: datetime) -> None:
    if row.retired_at is not None:
        raise PlaybookRefused(
            _("this playbook was retired: %(reason)s") % {"reason": row.retired_reason}, field="playbook"
        )
    if read.revoked:
        raise PlaybookRefused(_("this playbook was revoked by who made it"), field="playbook")
    if read.valid_from is not None and at < read.valid_from:
        raise PlaybookRefused(_("this playbook is not valid yet"), field="playbook")
    if read.valid_until is not None and at > read.valid_until:
        raise PlaybookRefused(_("this playbook is not valid any more"), field="playbook")


def _run(incident: Incident, row: Playbook, read: rules.Playbook, *, by: Actor, at: datetime) -> PlaybookRun:
    run = PlaybookRun(
        id=new_id(at),
        incident=incident,
        playbook=row.id,
        cacao_id=row.cacao_id,
        modified=row.modified,
        name=row.name,
        sha256=row.sha256,
        start=read.start,
        ways={step: {way: list(targets) for way, targets in ways.items()} for step, ways in read.ways.items()},
        started_at=at,
        started_by=by.id,
    )
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError as error:
        raise PlaybookRefused(_("this playbook runs on the incident already"), field="playbook") from error
    return run


def _task(
    run: PlaybookRun,
    step: Step,
    number: int,
    *,
    blocking: Collection[str] | None,
    phase: str,
    by: Actor,
    at: datetime,
) -> Task:
    said = [step.description, *step.commands]
    return Task(
        id=new_id(at),
        incident=run.incident,
        number=number,
        title=step.name,
        description="\n".join(line for line in said if line)[: task_rules.DESCRIPTION_LENGTH_MAX],
        state=task_rules.TaskState.OPEN,
        phase=phase,
        is_blocking=step.is_blocking if blocking is None else step.id in blocking,
        touches_organisation=step.touches_organisation,
        checklist=task_rules.checklist_of("\n".join(step.checklist)),
        run=run,
        step=step.id,
        after=list(step.after),
        created_at=at,
        created_by=by.id,
    )
