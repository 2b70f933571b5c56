"""Acts on many findings: chosen in the list or all that its filter finds, looked at first, done, and taken back."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.findings import api
from pehra.findings.views.findings import ACTS, chosen, filters_of
from pehra.kernel.identifiers import parse_id
from pehra.kernel.refusals import Invalid, Refusal
from pehra.kernel.sentences import in_language


@require_POST
def preview(request: Request) -> HttpResponse:
    """Show what an act would do; nothing is changed yet."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return _preview(request)


def _preview(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    act = request.POST.get("act", "")
    try:
        shown = api.preview_many(act=act, by=request.actor, **_asked(request.POST))
    except Invalid as refused:
        messages.error(request, in_language(refused.message, _))
        return redirect(_list(request.POST))
    context = {
        "preview": shown,
        "label": next(entry.label for entry in ACTS if entry.code == act),
        "fields": _fields(request.POST),
        "back": _list(request.POST),
        "reason": request.POST.get("reason", ""),
        "refusal": refusal,
    }
    return render(request, "findings/many.html", context, status=422 if refusal else 200)


@require_POST
def change(request: Request) -> HttpResponse:
    """Do it, if it is still what the preview said."""
    access.require(request.actor, Permission.FINDINGS_READ)
    expected, up_to = request.POST.get("expected", ""), request.POST.get("up_to", "")
    try:
        done = api.change_many(
            act=request.POST.get("act", ""),
            up_to=parse_id(up_to) if up_to else None,
            expected=int(expected) if expected.isdecimal() and len(expected) < 9 else -1,
            reason=request.POST.get("reason", ""),
            by=request.actor,
            at=request.at,
            **_asked(request.POST),
        )
    except Invalid as refusal:
        return _preview(request, refusal=refusal)
    return redirect("findings:many-one", done.id)


@require_safe
def one(request: Request, change_id: UUID) -> HttpResponse:
    """Show what was done to how many, and offer to take it back."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return _one(request, change_id)


@require_POST
def undo(request: Request, change_id: UUID) -> HttpResponse:
    """Take it back."""
    access.require(request.actor, Permission.FINDINGS_READ)
    try:
        undone = api.undo_many(change_id=change_id, by=request.actor, at=request.at)
    except Invalid as refusal:
        return _one(request, change_id, refusal=refusal)
    said = {"restored": undone.restored, "kept": undone.kept}
    messages.success(request, _("Taken back: %(restored)s as before, %(kept)s left as they are.") % said)
    return redirect("findings:many-one", change_id)


def _one(request: Request, change_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    change = api.many_change(change_id=change_id, by=request.actor, at=request.at)
    context = {
        "change": change,
        "label": next(entry.label for entry in ACTS if entry.code == change.act),
        "names": access.names(ids={change.changed_by}, by=request.actor),
        "refusal": refusal,
    }
    return render(request, "findings/many_done.html", context, status=422 if refusal else 200)


def _asked(said: QueryDict) -> dict[str, Any]:
    """Return which findings are meant: all that the list's filter finds, or those chosen in it."""
    if said.get("all") == "yes":
        return {"filters": filters_of(chosen(said))}
    ids = [parse_id(text) for text in said.getlist("chosen")[: api.MANY_MAX]]
    if not ids:
        raise Invalid(_("Choose at least one, or all that the filter finds."), field="chosen")
    return {"ids": ids}


def _fields(said: QueryDict) -> list[tuple[str, str]]:
    """Return what the confirming form says again."""
    if said.get("all") == "yes":
        return [("all", "yes"), *((name, value) for name, value in chosen(said).items() if value)]
    return [("chosen", text) for text in said.getlist("chosen")]


def _list(said: QueryDict) -> str:
    shown = {name: value for name, value in chosen(said).items() if value}
    return f"{reverse('findings:list')}?{urlencode(shown)}"
