"""Pages of an incident's tasks: its phases, what is to be done in each, running playbooks, and consent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rules.consents import CHANNELS
from pehra.incidents.views import acting
from pehra.incidents.views import consents as consent_pages
from pehra.incidents.views.frame import heading
from pehra.kernel.refusals import NotVisible, Refusal

TAB = "tasks"
UNSAVED = {"add": "task", "consent-ask": "consent"}
"""Where what is typed for an act is kept until the act is done."""


@require_safe
def listing(request: Request, reference: str) -> HttpResponse:
    """Show what is to be done, phase by phase."""
    return _page(request, reference)


@require_safe
def mine(request: Request) -> HttpResponse:
    """Show the unfinished tasks given to whoever asks, over all incidents."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return render(request, "incidents/my_tasks.html", {"tasks": api.my_tasks(by=request.actor)})


@require_POST
def do(request: Request, reference: str, what: str) -> HttpResponse:
    """Do one act on the tasks, the phase or a consent."""
    run = acting.known(ACTS, what)
    number = request.POST.get("number", "")
    form = f"{what}-{number}" if number else what

    def done() -> None:
        run(request.POST, {"ref": reference, "by": request.actor, "at": request.at})
        if what in UNSAVED:
            api.forget_unsaved(ref=reference, place=UNSAVED[what], by=request.actor)

    return acting.act(
        request,
        done,
        again=lambda refusal: _page(request, reference, refused=form, refusal=refusal),
        to=f"{reverse('incidents:tasks', args=[reference])}#{_place(what, number)}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: Request, reference: str, playbook_id: UUID) -> HttpResponse:
    """Show the steps of a playbook before it is started, and start it with the steps that block."""
    playbook = api.playbook(playbook_id, by=request.actor)

    def begin() -> object:
        return api.start_playbook(
            ref=reference,
            playbook_id=playbook_id,
            blocking=request.POST.getlist("blocking"),
            phase=request.POST.get("phase", ""),
            by=request.actor,
            at=request.at,
        )

    def show(refusal: Refusal | None = None) -> HttpResponse:
        frame = heading(request, reference, tab=TAB)
        chosen = {step["id"] for step in playbook.steps if step["is_blocking"]}
        context = frame | {
            "playbook": playbook,
            "chosen": set(request.POST.getlist("blocking")) if refusal else chosen,
            "work": api.work(reference, by=request.actor, at=request.at),
            "refusal": refusal,
        }
        return render(request, "incidents/start_playbook.html", context, status=422 if refusal else 200)

    if request.method != "POST":
        return show()
    return acting.act(request, begin, again=show, to=reverse("incidents:tasks", args=[reference]))


def _place(what: str, number: str) -> str:
    if what.startswith("consent"):
        return "h-consent"
    return f"task-{number}" if number else "h-tasks"


def _page(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    consents = api.consents(reference, by=request.actor)
    work = _work(request, reference)
    incident = frame["incident"]
    tasks = work.tasks if work else ()
    ids = {task.assignee for task in tasks} | {task.ended_by for task in tasks}
    ids |= {consent.asked_by for consent in consents} | {consent.answered_by for consent in consents}
    context = frame | {
        "work": work,
        "groups": _groups(work),
        "states": _counts(tasks),
        "people": api.may_be_given(reference, by=request.actor, at=request.at) if work and frame["may_change"] else {},
        "names": access.names(ids=ids | {frame["opened_by"]}, by=request.actor),
        "playbooks": api.playbooks(by=request.actor) if work and frame["may_change"] else (),
        "consents": consent_pages.rows(request, consents, refused=_refused_consent(request, incident, refused)),
        "action": reverse("incidents:tasks-do", args=[incident.reference, "consent-answer"]),
        "channels": CHANNELS[1:],
        "may_ask": bool(work) and frame["may_change"] and bool(incident.organisations),
        "unsaved": api.unsaved(reference, by=request.actor) if work else {},
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/tasks.html", context, status=422 if refusal else 200)


def _refused_consent(request: Request, incident: api.IncidentView, refused: str) -> str:
    """Return the place of the question whose answer was refused, if that was it."""
    number = request.POST.get("number", "")
    return consent_pages.place(incident.reference, number) if refused == f"consent-answer-{number}" else ""


def _work(request: Request, reference: str) -> api.WorkPage | None:
    """Return the work, or None for who sees the incident as its organisation: the work is the teams'."""
    try:
        return api.work(reference, by=request.actor, at=request.at)
    except NotVisible:
        return None


def _groups(work: api.WorkPage | None) -> list[dict[str, Any]]:
    """Return the tasks phase by phase; those of no phase, or of one that is no more, at the end."""
    if work is None:
        return []
    codes = {phase.code for phase in work.phases}
    groups: list[dict[str, Any]] = [
        {"phase": phase, "tasks": [task for task in work.tasks if task.phase == phase.code]} for phase in work.phases
    ]
    groups.append({"phase": None, "tasks": [task for task in work.tasks if task.phase not in codes]})
    return [group for group in groups if group["tasks"]]


def _counts(tasks: tuple[api.TaskView, ...]) -> dict[str, int]:
    return {"done": sum(1 for task in tasks if task.is_done), "all": len(tasks)}


def _add(form: QueryDict, to: dict[str, Any]) -> object:
    return api.add_task(
        title=form.get("title", ""),
        description=form.get("description", ""),
        phase=form.get("phase", ""),
        assignee=form.get("assignee", ""),
        due_at=acting.moment(form.get("due_at", ""), field="due_at"),
        checklist=form.get("checklist", ""),
        is_blocking="blocking" in form,
        touches_organisation="touches" in form,
        **to,
    )


def _change(form: QueryDict, to: dict[str, Any]) -> object:
    due: datetime | None = acting.moment(form.get("due_at", ""), field="due_at")
    return api.change_task(
        number=_number(form),
        assignee=form.get("assignee"),
        due_at=due,
        forget_due=due is None,
        is_blocking="blocking" in form,
        reason=form.get("reason", ""),
        **to,
    )


def _move(form: QueryDict, to: dict[str, Any]) -> object:
    return api.move_task(
        number=_number(form),
        to=form.get("to", ""),
        reason=form.get("reason", ""),
        outcome=form.get("outcome", ""),
        **to,
    )


def _tick(form: QueryDict, to: dict[str, Any]) -> object:
    item = acting.number(form.get("item", ""), field="item")
    return api.tick(number=_number(form), item=item, done=form.get("done") == "yes", **to)


def _phase(form: QueryDict, to: dict[str, Any]) -> object:
    return api.enter_phase(phase=form.get("phase", ""), reason=form.get("reason", ""), **to)


def _ask(form: QueryDict, to: dict[str, Any]) -> object:
    task = form.get("task", "") or "0"
    return api.ask_consent(
        organisation=form.get("organisation", ""),
        act=form.get("act", ""),
        task=acting.number(task, field="task"),
        **to,
    )


def _number(form: QueryDict) -> int:
    return acting.number(form.get("number", ""), field="number")


ACTS: dict[str, Callable[[QueryDict, dict[str, Any]], object]] = {
    "add": _add,
    "change": _change,
    "move": _move,
    "tick": _tick,
    "phase": _phase,
    "consent-ask": _ask,
    "consent-answer": consent_pages.answer,
}
