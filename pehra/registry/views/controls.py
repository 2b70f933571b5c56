"""Pages of assessments against identity controls: where an organisation stands, the form by theme, the review.

Everything works by plain forms. Whatever button of the form is pressed saves what was typed, those that lead to another
theme too; what cannot be kept is shown again as it was typed.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.kernel.sentences import in_language
from pehra.kernel.spreadsheets import table
from pehra.law import api as law
from pehra.registry import api
from pehra.registry.rules.assessing import Missing, Reply, Verdict
from pehra.registry.rules.assessment_views import EXPORTED, AnswerView, AssessmentView, Judged, Said
from pehra.registry.rules.evidence import FILE_BYTES_MAX, FILES_AN_ANSWER_MAX, given_name

OVERVIEW_ROWS = 50
VIEWS = ("waiting", "lowest", "overdue", "never", "all")
VERSION_DIGITS_MAX = 9
Word = TypeVar("Word", Reply, Verdict)


@dataclass(frozen=True)
class Question:
    """One control as a page shows it: its words (None: the profile no longer has them), its answer, what it lacks."""

    control: law.Control | None
    answer: AnswerView
    missing: Missing | None = None
    kept: AnswerView | None = None  # what another wrote meanwhile
    refusal: str = ""


@dataclass(frozen=True)
class Theme:
    """Some controls under one heading, and how many of them are answered."""

    code: str
    name: str
    name_local: str
    questions: tuple[Question, ...]

    @property
    def answered(self) -> int:
        """How many controls have a reply."""
        return sum(question.answer.reply is not None for question in self.questions)


@require_safe
def overview(request: Request) -> HttpResponse:
    """List the organisations that one's teams lead by how they stand: waiting, lowest, overdue, never."""
    access.require(request.actor, Permission.ASSESSMENT_READ)
    chosen = request.GET.get("view", "")
    page = _number(request.GET.get("page", ""))
    if chosen and chosen not in VIEWS:
        raise Invalid(_("This filter is not known."), field="view")
    shown = api.assessed_organisations(
        by=request.actor, at=request.at, view=chosen or "lowest", page=page, limit=OVERVIEW_ROWS
    )
    if not chosen and not shown.rows:
        chosen = "waiting" if shown.counts["waiting"] else "all"
        shown = api.assessed_organisations(by=request.actor, at=request.at, view=chosen, page=page, limit=OVERVIEW_ROWS)
    context = {
        "page": shown,
        "view": chosen or "lowest",
        "first": page == 1,
        "newest": f"?{urlencode({'view': chosen or 'lowest'})}",
        "older": f"?{urlencode({'view': chosen or 'lowest', 'page': page + 1})}" if shown.more else "",
    }
    return render(request, "registry/controls_overview.html", context)


@require_safe
def standing(request: Request, code: str) -> HttpResponse:
    """Show how one organisation stands: its assessments, the trend, when the next is due."""
    return _standing(request, code)


@require_POST
def open_one(request: Request, code: str) -> HttpResponse:
    """Open an assessment and lead to its first theme."""
    try:
        made = api.open_assessment(code, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _standing(request, code, refusal=refusal)
    view = api.assessment(made, by=request.actor, organisation=code)
    return redirect("registry:assessment-answer", code, made, view.answers[0].theme)


def _standing(request: Request, code: str, *, refusal: Refusal | None = None) -> HttpResponse:
    access.require(request.actor, Permission.ASSESSMENT_READ)
    shown = api.controls_standing(code, by=request.actor, at=request.at)
    people = {name for row in shown.assessments for name in (row.opened_by, row.submitted_by, row.reviewed_by) if name}
    context = {
        "standing": shown,
        "organisation": api.organisation(code, by=request.actor),
        "names": access.names(ids=people, by=request.actor),
        "refusal": refusal,
    }
    return render(request, "registry/controls.html", context, status=422 if refusal else 200)


@require_safe
def one(request: Request, code: str, assessment_id: UUID) -> HttpResponse:
    """Show one assessment whole, for reading and printing."""
    return _one(request, code, assessment_id)


@require_POST
def submit(request: Request, code: str, assessment_id: UUID) -> HttpResponse:
    """Hand an assessment in."""
    view = _view(request, code, assessment_id)
    try:
        api.submit_assessment(assessment_id=view.id, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _one(request, code, assessment_id, refusal=refusal)
    messages.success(request, _("Submitted. The team that leads for you reads it and answers."))
    return redirect("registry:assessment", code, assessment_id)


def _one(request: Request, code: str, assessment_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    view = _view(request, code, assessment_id)
    context = _context(request, view) | {"refusal": refusal}
    return render(request, "registry/assessment.html", context, status=422 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: Request, code: str, assessment_id: UUID, theme: str) -> HttpResponse:
    """Show the form of one theme; keep what is sent and go where its button leads."""
    view = _view(request, code, assessment_id)
    if not view.may_answer and request.method != "POST":
        return redirect("registry:assessment", code, assessment_id)
    if view.withheld:
        raise Forbidden(_("This is still being written, and not by you."))
    if not view.of_theme(theme):
        raise NotVisible(_("There is nothing at this address that you may see."))
    if request.method != "POST":
        return render(request, "registry/assessment_form.html", _context(request, view) | {"theme": theme})
    said = [_said(request.POST, row) for row in view.of_theme(theme)]
    try:
        conflicts = api.answer_controls(assessment_id=view.id, said=said, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Invalid as refused:
        refusals = {refused.field: in_language(refused.message, _)}
        return _typed_again(request, view, theme, said, refusals=refusals, conflicts=())
    refusals = _files(request, view, theme)
    if conflicts or refusals:
        return _typed_again(request, view, theme, said, refusals=refusals, conflicts=conflicts)
    goes = request.POST.get("go", "")
    if goes == "whole":
        return redirect("registry:assessment", code, assessment_id)
    messages.success(request, _("Saved."))
    onward = goes if view.of_theme(goes) else theme
    return redirect("registry:assessment-answer", code, assessment_id, onward)


def _files(request: Request, view: AssessmentView, theme: str) -> dict[str, str]:
    """Keep the files that came with a form and take away the one named; return what was refused, by control."""
    refusals: dict[str, str] = {}
    for row in view.of_theme(theme):
        for file in request.FILES.getlist(f"evidence-{row.control}")[: FILES_AN_ANSWER_MAX + 1]:
            try:
                api.add_evidence(
                    assessment_id=view.id,
                    control=row.control,
                    name=file.name or "",
                    content=file.read(FILE_BYTES_MAX + 1),
                    by=request.actor,
                    at=request.at,
                )
            except Invalid as refused:
                refusals[row.control] = in_language(refused.message, _)
    named = request.POST.get("remove", "")
    if named:
        api.remove_evidence(assessment_id=view.id, evidence_id=_id(named), by=request.actor, at=request.at)
    return refusals


def _typed_again(
    request: Request,
    view: AssessmentView,
    theme: str,
    said: list[Said],
    *,
    refusals: dict[str, str],
    conflicts: tuple[str, ...],
) -> HttpResponse:
    """Show the form with what was typed and could not be kept, and beside it what another wrote meanwhile."""
    kept = {row.control: row for row in api.assessment(view.id, by=request.actor).answers}
    typed = {one.control: one for one in said}
    context = _context(request, view)
    shown = []
    for entry in context["themes"]:
        questions = []
        for question in entry.questions:
            now, own = kept[question.answer.control], typed.get(question.answer.control)
            if own is not None:
                lost = now.control in conflicts
                answer = replace(now, reply=own.reply, note=own.note, reference=own.reference)
                refusal = refusals.get(now.control, "")
                questions.append(replace(question, answer=answer, kept=now if lost else None, refusal=refusal))
            else:
                questions.append(replace(question, answer=now))
        shown.append(replace(entry, questions=tuple(questions)))
    refused = Invalid(
        _("Another changed this meanwhile. Look at both, and save what holds.")
        if conflicts
        else _("Not all of this could be kept. What was refused is marked.")
    )
    context |= {"themes": shown, "theme": theme, "refusal": refused}
    return render(request, "registry/assessment_form.html", context, status=409 if conflicts else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: Request, code: str, assessment_id: UUID) -> HttpResponse:
    """Show the answers to a reviewer; keep the verdicts, and close the assessment or give it back."""
    view = _view(request, code, assessment_id)
    if request.method != "POST":
        if not view.may_review:
            raise Forbidden(_("You may see this, but somebody else reviews it."))
        return render(request, "registry/assessment_review.html", _context(request, view))
    judged = [_judged(request.POST, row) for row in view.answers]
    decision, note = request.POST.get("decision", ""), request.POST.get("note", "")
    try:
        api.judge_controls(assessment_id=view.id, judged=judged, by=request.actor, at=request.at)
        if decision:
            api.review_assessment(assessment_id=view.id, decision=decision, note=note, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Invalid as refused:
        said = {one.control: one for one in judged}
        answers = tuple(
            replace(row, verdict=said[row.control].verdict, verdict_note=said[row.control].note) for row in view.answers
        )
        context = _context(request, replace(view, answers=answers)) | {"refusal": refused, "note": note}
        return render(request, "registry/assessment_review.html", context, status=422)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("registry:assessment" if decision else "registry:assessment-review", code, assessment_id)


@require_safe
def evidence(request: Request, code: str, assessment_id: UUID, evidence_id: UUID) -> HttpResponse:
    """Give a file as a file: never shown in the page, whatever it claims to be."""
    view = _view(request, code, assessment_id)
    seen, content = api.evidence_content(assessment_id=view.id, evidence_id=evidence_id, by=request.actor)
    name = given_name(seen.name, seen.media_type)
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    response = HttpResponse(content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
def export(request: Request, code: str, assessment_id: UUID, form: str) -> HttpResponse:
    """Give one assessment as a table or as JSON; what is still being written is not given to others."""
    view = _view(request, code, assessment_id)
    if form not in ("csv", "json"):
        raise NotVisible(_("There is nothing at this address that you may see."))
    if view.withheld:
        raise Forbidden(_("This is still being written. You may read it when it was submitted."))
    if form == "json":
        content = json.dumps(view.as_json(), ensure_ascii=False, indent=1) + "\n"
        response = HttpResponse(content, content_type="application/json")
    else:
        response = HttpResponse(table(EXPORTED, view.cells()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="controls-{view.controls_on}.{form}"'
    return response


def _view(request: Request, code: str, assessment_id: UUID) -> AssessmentView:
    access.require(request.actor, Permission.ASSESSMENT_READ)
    return api.assessment(assessment_id, by=request.actor, organisation=code)


def _context(request: Request, view: AssessmentView) -> dict[str, Any]:
    asked = api.assessed_controls(view)
    lacking = dict(view.missing)
    themes = []
    for code in dict.fromkeys(row.theme for row in view.answers):
        named = next((theme for theme in asked.themes if theme.code == code), None) if asked else None
        questions = tuple(
            Question(asked.control(row.control) if asked else None, row, lacking.get(row.control))
            for row in view.of_theme(code)
        )
        themes.append(Theme(code, named.name if named else code, named.name_local if named else "", questions))
    people = {view.opened_by, view.submitted_by, view.reviewed_by, *(row.answered_by for row in view.answers)} - {""}
    return {
        "assessment": view,
        "organisation": api.organisation(view.organisation, by=request.actor),
        "control_set": asked,
        "themes": themes,
        "names": access.names(ids=people, by=request.actor),
        "replies": list(Reply),
        "verdicts": list(Verdict),
        "evidence_megabytes": FILE_BYTES_MAX // 1024**2,
        "lacking": len(lacking),
        "address": reverse("registry:assessment", args=[view.organisation, view.id]),
    }


def _said(form: QueryDict, row: AnswerView) -> Said:
    """Return what a form says of one control; a field that it lacks says what stands."""
    reply = form.get(f"reply-{row.control}")
    seen = form.get(f"seen-{row.control}", "")
    return Said(
        control=row.control,
        reply=row.reply if reply is None else _of(Reply, reply),
        note=form.get(f"note-{row.control}", row.note),
        reference=form.get(f"reference-{row.control}", row.reference),
        seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= VERSION_DIGITS_MAX else None,
    )


def _judged(form: QueryDict, row: AnswerView) -> Judged:
    verdict = form.get(f"verdict-{row.control}")
    return Judged(
        control=row.control,
        verdict=row.verdict if verdict is None else _of(Verdict, verdict),
        note=form.get(f"note-{row.control}", row.verdict_note),
    )


def _of(kind: type[Word], text: str) -> Word | None:
    try:
        return kind(text) if text else None
    except ValueError as error:
        raise Invalid(_("This answer is not one of those offered."), field="reply") from error


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotVisible(_("There is nothing at this address that you may see.")) from error


def _number(text: str) -> int:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Invalid(_("This page's address is not complete."), field="page")
    return max(1, int(text))
