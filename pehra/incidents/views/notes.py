"""Notes of an incident, what is typed and not yet written down, and lessons."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.views import acting
from pehra.incidents.views.frame import heading
from pehra.kernel.refusals import Invalid, NotVisible, Refusal

TAB = "notes"
NOTE_CHARACTERS_MAX = 64 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: Request, reference: str) -> HttpResponse:
    """Show the notes, the newest first; write one."""
    if request.method != "POST":
        return _listing(request, reference)

    def write() -> None:
        team = request.POST.get("team", "")
        api.add_note(ref=reference, text=request.POST.get("text", ""), team=team, by=request.actor, at=request.at)
        api.forget_unsaved(ref=reference, place="note", by=request.actor)

    return acting.act(
        request,
        write,
        again=lambda refusal: _listing(request, reference, refusal=refusal),
        to=reverse("incidents:notes", args=[reference]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: Request, reference: str, number: int) -> HttpResponse:
    """Show what a note has said, and change it."""
    if request.method != "POST":
        return _one(request, reference, number)

    def change() -> None:
        version = acting.number(request.POST.get("version", ""), field="version")
        api.change_note(
            ref=reference,
            number=number,
            text=request.POST.get("text", ""),
            version=version,
            by=request.actor,
            at=request.at,
        )
        api.forget_unsaved(ref=reference, place=f"note-{number}", by=request.actor)

    return acting.act(
        request,
        change,
        again=lambda refusal: _one(request, reference, number, refusal=refusal),
        to=f"{reverse('incidents:notes', args=[reference])}#note-{number}",
    )


@require_POST
def unsaved(request: Request, reference: str) -> HttpResponse:
    """Keep what is being typed: by the page's own script (204), or by a button, back to the page."""
    place = request.POST.get("place", "")
    if "forget" in request.POST:
        api.forget_unsaved(ref=reference, place=place, by=request.actor)
    else:
        skipped = {"csrfmiddlewaretoken", "place", "keep", "forget", "version"}
        fields = {name: value for name, value in request.POST.items() if name not in skipped}
        api.keep_unsaved(
            ref=reference, place=place, fields={k: str(v) for k, v in fields.items()}, by=request.actor, at=request.at
        )
    if request.headers.get("X-Requested-With") == "unsaved":
        return HttpResponse(status=204)
    name, _dash, number = place.partition("-")
    pages = {"note": "incidents:notes", "timeline": "incidents:timeline", "lesson": "incidents:lessons"}
    if name == "note" and number:
        return redirect("incidents:note", reference, acting.number(number, field="place"))
    return redirect(pages.get(name, "incidents:tasks"), reference)


@require_http_methods(["GET", "HEAD", "POST"])
def lessons(request: Request, reference: str) -> HttpResponse:
    """Show what was learnt; write a lesson."""
    if request.method != "POST":
        return _lessons(request, reference)

    def write() -> None:
        said = {name: request.POST.get(name, "") for name in ("learnt", "aim", "subject", "proposal")}
        api.add_lesson(ref=reference, by=request.actor, at=request.at, **said)
        api.forget_unsaved(ref=reference, place="lesson", by=request.actor)

    return acting.act(
        request,
        write,
        again=lambda refusal: _lessons(request, reference, refused="lesson", refusal=refusal),
        to=reverse("incidents:lessons", args=[reference]),
    )


@require_POST
def answer(request: Request, reference: str, number: int) -> HttpResponse:
    """Accept or decline what a lesson proposes."""
    said = {name: request.POST.get(name, "") for name in ("to", "reason", "result")}
    return acting.act(
        request,
        lambda: api.answer_lesson(ref=reference, number=number, by=request.actor, at=request.at, **said),
        again=lambda refusal: _lessons(request, reference, refused=f"answer-{number}", refusal=refusal),
        to=f"{reverse('incidents:lessons', args=[reference])}#lesson-{number}",
    )


@require_safe
def proposals(request: Request) -> HttpResponse:
    """Show what lessons of all incidents propose, the newest first."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    state = request.GET.get("state", "proposed")
    states = [state.value for state in api.LessonState if state is not api.LessonState.NOTED]
    if state and state not in states:
        raise Invalid(_("This page's address is not complete."), field="state")
    found = api.proposals(state=state, by=request.actor)
    context = {
        "lessons": found,
        "states": states,
        "state": state,
        "names": access.names(ids={lesson.written_by for lesson in found}, by=request.actor),
    }
    return render(request, "incidents/proposals.html", context)


def _listing(request: Request, reference: str, *, refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    try:
        notes = api.notes(reference, by=request.actor)
        typed = api.unsaved(reference, by=request.actor)
    except NotVisible:
        return render(request, "incidents/withheld.html", frame)
    incident = frame["incident"]
    context = frame | {
        "notes": notes,
        "may_write": _may(request, frame, Permission.INCIDENTS_CHANGE),
        "own_teams": sorted(request.actor.teams & set(incident.teams)),
        "unsaved": typed.get("note"),
        "names": access.names(ids={note.changed_by for note in notes} | {frame["opened_by"]}, by=request.actor),
        "characters": NOTE_CHARACTERS_MAX,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/notes.html", context, status=422 if refusal else 200)


def _one(request: Request, reference: str, number: int, *, refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    versions = api.note_versions(reference, number, by=request.actor)
    kept = api.unsaved(reference, by=request.actor).get(f"note-{number}")
    context = frame | {
        "number": number,
        "versions": versions,
        "text": request.POST.get("text") if refusal else kept.fields.get("text") if kept else versions[0].text,
        "version": versions[0].version,
        "unsaved": kept,
        "may_write": _may(request, frame, Permission.INCIDENTS_CHANGE),
        "names": access.names(ids={said.written_by for said in versions} | {frame["opened_by"]}, by=request.actor),
        "characters": NOTE_CHARACTERS_MAX,
        "refusal": refusal,
    }
    return render(request, "incidents/note.html", context, status=422 if refusal else 200)


def _lessons(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab="lessons")
    try:
        found = api.lessons(reference, by=request.actor)
        typed = api.unsaved(reference, by=request.actor)
    except NotVisible:
        return render(request, "incidents/withheld.html", frame)
    ids = {lesson.written_by for lesson in found} | {lesson.decided_by for lesson in found}
    context = frame | {
        "lessons": found,
        "may_write": _may(request, frame, Permission.INCIDENTS_CHANGE),
        "may_answer": _may(request, frame, Permission.INCIDENTS_PLAYBOOKS),
        "aims": [aim.value for aim in api.Aim],
        "playbooks": api.playbooks(by=request.actor),
        "unsaved": typed.get("lesson"),
        "names": access.names(ids=ids | {frame["opened_by"]}, by=request.actor),
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/lessons.html", context, status=422 if refusal else 200)


def _may(request: Request, frame: dict[str, Any], permission: Permission) -> bool:
    incident = frame["incident"]
    return access.may(request.actor, permission, teams=api.working_teams(incident.roles, otherwise=incident.teams))
