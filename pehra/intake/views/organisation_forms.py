"""An organisation's own reports: what it began, the form that its duties make, and what it handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api as intake
from pehra.intake.views import form_fields, open_forms
from pehra.intake.views.form_fields import FieldView
from pehra.kernel.refusals import Fault, Invalid
from pehra.kernel.sentences import in_language
from pehra.registry import api as registry

HANDED_IN = "hand-in"


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage as the page shows it, with the questions that it lacks."""

    stage: intake.StageView
    lacking: tuple[FieldView, ...]


@require_safe
def listing(request: Request) -> HttpResponse:
    """Show the reports of the reader's organisations, and let another be begun."""
    access.require(request.actor, Permission.INTAKE_REPORT)
    names = registry.local_names(request.actor.organisations)
    own = [code for code in sorted(request.actor.organisations) if code in names]
    context = {
        "rows": intake.own_reports(by=request.actor, at=request.at),
        "organisations": [(code, names[code]) for code in own],
        "incident": request.GET.get("incident", "")[:24],
    }
    return render(request, "intake/own/list.html", context)


@require_POST
def begin(request: Request) -> HttpResponse:
    """Begin a report."""
    draft = intake.begin_own_report(
        organisation=request.POST.get("organisation", ""),
        incident=request.POST.get("incident", "").strip()[:24],
        by=request.actor,
        at=request.at,
    )
    return redirect("intake:own-report", draft)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: Request, draft: UUID) -> HttpResponse:
    """Show a report to be filled in; save it or hand it in."""
    if request.method != "POST":
        return _page(request, draft)
    form = intake.own_form(draft=draft, by=request.actor, at=request.at)
    # What a question stood for that the form asks no longer stays: it was typed once.
    typed = {name: words for name, words in form.filled.typed.items() if name not in form.shape.codes}
    typed |= form_fields.typed_in(form_fields.lists_of(request), form.shape)
    try:
        outcome = _done(request, draft, typed)
    except Invalid as refusal:
        said = (
            open_forms.said_of(refusal)
            if refusal.field in ("files", "description")
            else in_language(refusal.message, _)
        )
        return _page(request, draft, typed=typed, problem=said, status=422)
    except Fault as fault:
        return _page(request, draft, typed=typed, problem=str(fault), status=503)
    return _answered(request, draft, typed, outcome)


@require_POST
def throw_away(request: Request, draft: UUID) -> HttpResponse:
    """Throw away what was never handed in."""
    intake.throw_away_own_report(draft=draft, by=request.actor, at=request.at)
    messages.success(request, _("Thrown away."))
    return redirect("intake:own-reports")


def _done(request: Request, draft: UUID, typed: dict[str, tuple[str, ...]]) -> intake.OwnOutcome:
    seen = request.POST.get("seen", "")[:40]
    if request.POST.get("act") != HANDED_IN:
        return intake.save_own_report(draft=draft, typed=typed, seen=seen, by=request.actor, at=request.at)
    return intake.hand_in_own_report(
        draft=draft,
        typed=typed,
        seen=seen,
        stages=request.POST.getlist("stage"),
        files=form_fields.files_of(request),
        by=request.actor,
        at=request.at,
    )


def _answered(
    request: Request, draft: UUID, typed: dict[str, tuple[str, ...]], outcome: intake.OwnOutcome
) -> HttpResponse:
    if outcome.meanwhile:
        return _page(request, draft, typed=typed, outcome=outcome, status=409)
    if outcome.receipt is not None:
        messages.success(request, _("Handed in: %(reference)s") % {"reference": outcome.receipt.reference})
        return HttpResponseRedirect(f"{reverse('intake:own-report', args=[draft])}#handed-in")
    if outcome.filled.problems and request.POST.get("act") == HANDED_IN:
        said = _("Saved, but not handed in: please look at the marked answers.")
        return _page(request, draft, typed=typed, problem=said, status=422)
    messages.success(request, _("Saved. Only your organisation reads it until you hand it in."))
    return redirect("intake:own-report", draft)


def _page(
    request: Request,
    draft: UUID,
    *,
    typed: dict[str, tuple[str, ...]] | None = None,
    outcome: intake.OwnOutcome | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    form = intake.own_form(draft=draft, typed=typed, by=request.actor, at=request.at)
    meanwhile = outcome.meanwhile if outcome else {}
    shown = form_fields.fields(form.shape, form.filled, required=(), needed_for=_needed_for(form), meanwhile=meanwhile)
    context: dict[str, Any] = {
        "form": form,
        "fields": shown,
        "stages": [_row(stage, shown) for stage in form.stages],
        "names": access.names(ids=[form.changed_by, outcome.by if outcome else ""], by=request.actor),
        "problem": problem,
        "meanwhile_by": outcome.by if outcome and meanwhile else "",
        "files_max_bytes": settings.PEHRA_REQUEST_BYTES_MAX,
    }
    return render(request, "intake/own/report.html", context, status=status)


def _row(stage: intake.StageView, shown: Sequence[FieldView]) -> StageRow:
    by_code = {view.code: view for view in shown}
    lacking = tuple(by_code[code] for code in stage.progress.lacking if code in by_code)
    return StageRow(stage=stage, lacking=lacking)


def _needed_for(form: intake.OwnForm) -> dict[str, str]:
    """Return beside which question stands which stage: only those that cannot do without its answer."""
    found: dict[str, str] = {}
    for entry in form.shape.asked:
        names = dict.fromkeys(form_fields.stage_words(name) for name in entry.required_by)
        if names:
            between = "، " if get_language_bidi() else ", "
            found[entry.question.code] = _("needed for: %(stages)s") % {"stages": between.join(names)}
    return found
