"""Pages of threads: the list, one, the table of delivery and answer, any ticket number, an incident's letters."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api as incidents
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.registry import api as registry
from pehra.threads import api

PAGE_ROWS = 50
FILTER_CHARACTERS_MAX = 200
FILTERS = ("turn", "organisation", "about", "search")
DELIVERY_FILTERS = ("state", "organisation")


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the threads that the actor may see, where something happened last first."""
    access.require(request.actor, Permission.THREADS_READ)
    chosen = _chosen(request, FILTERS)
    rows, following = api.threads(
        by=request.actor,
        turn=_turn(chosen["turn"]),
        organisation=chosen["organisation"],
        about=chosen["about"],
        search=chosen["search"],
        before=request.GET.get("before", ""),
        limit=PAGE_ROWS,
    )
    context = {
        "rows": rows,
        "turns": list(api.Turn),
        "may_write": access.may(request.actor, Permission.THREADS_WRITE) and bool(request.actor.teams),
        **_paged(request, chosen, following=following),
    }
    return render(request, "threads/list.html", context)


@require_safe
def delivered(request: Request) -> HttpResponse:
    """Show the table of delivery and answer: what went to whom, whether it arrived, and what they said."""
    access.require(request.actor, Permission.THREADS_READ)
    chosen = _chosen(request, DELIVERY_FILTERS)
    rows, following = api.deliveries(
        by=request.actor,
        state=chosen["state"],
        organisation=chosen["organisation"],
        before=_number(request.GET.get("before", "")),
        limit=PAGE_ROWS,
    )
    states = {
        "waiting": _("an answer is awaited"),
        "answered": _("answered"),
        "returned": _("came back"),
        "silent": _("nobody answered"),
    }
    context = {"rows": rows, "states": states, **_paged(request, chosen, following=following)}
    return render(request, "threads/delivered.html", context)


@require_safe
def ticket(request: Request) -> HttpResponse:
    """Answer for any ticket number: what exactly was sent, when, and did it arrive?"""
    access.require(request.actor, Permission.THREADS_READ)
    asked = request.GET.get("q", "").strip()[:FILTER_CHARACTERS_MAX]
    found = api.look_up(ticket=asked, by=request.actor) if asked else None
    return render(request, "threads/ticket.html", {"asked": asked, "found": found})


@require_safe
def one(request: Request, reference: str) -> HttpResponse:
    """Show one thread: what went out and whether it arrived, what came back, and what to do next."""
    return page(request, reference)


@require_POST
def reply(request: Request, reference: str) -> HttpResponse:
    """Answer in the thread as one of the other side's own people."""
    try:
        api.write_reply(reference=reference, text=request.POST.get("text", ""), by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return page(request, reference, refusal=refusal)
    messages.success(request, _("Sent. The team sees it."))
    return redirect("threads:one", reference)


@require_POST
def settle(request: Request, reference: str) -> HttpResponse:
    """Say that nothing more is to be said."""
    try:
        api.settle(reference=reference, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return page(request, reference, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("threads:one", reference)


@require_safe
def incident(request: Request, reference: str) -> HttpResponse:
    """Show what was said about one incident, as a tab of it."""
    access.require(request.actor, Permission.THREADS_READ)
    head = incidents.heading(reference, by=request.actor)
    found = api.of_incident(reference=head.incident.reference, by=request.actor)
    context = {
        "incident": head.incident,
        "opened_by": head.opened_by,
        "next": head.next,
        "may_change": head.may_change,
        "may_close": head.may_close,
        "tab": "letters",
        "names": access.names(ids={head.opened_by}, by=request.actor),
        "found": found,
        "may_write": access.may(request.actor, Permission.THREADS_WRITE) and bool(request.actor.teams),
    }
    return render(request, "threads/incident.html", context)


def page(request: Request, reference: str, *, refusal: Refusal | None = None) -> HttpResponse:
    """Return a thread's page; after a refusal with what was typed."""
    access.require(request.actor, Permission.THREADS_READ)
    shown = api.thread(reference=reference, by=request.actor)
    thread = shown.thread
    lead = [thread.lead_team] if thread.lead_team else list(thread.teams)
    write = Permission.THREADS_WRITE
    theirs = {"organisation": thread.organisation} if thread.organisation else {"teams": [thread.other_team]}
    other_side = bool(thread.organisation or thread.other_team)
    context: dict[str, Any] = {
        "page": shown,
        "thread": thread,
        "organisations": registry.names([thread.organisation] if thread.organisation else []),
        "may_write": access.may(request.actor, write, teams=lead),
        "may_reply": other_side and access.may(request.actor, write, **theirs),
        "is_incident": _is_incident(thread.about, request),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "threads/one.html", context, status=422 if refusal else 200)


def _is_incident(about: str, request: Request) -> bool:
    if not about or not access.may(request.actor, Permission.INCIDENTS_READ):
        return False
    try:
        incidents.heading(about, by=request.actor)
    except NotVisible:
        return False
    return True


def _chosen(request: Request, names: tuple[str, ...]) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in names}


def _paged(request: Request, chosen: dict[str, str], *, following: int | str | None) -> dict[str, Any]:
    shown = {name: value for name, value in chosen.items() if value}
    return {
        "filters": chosen,
        "filtered": len(shown),
        "first": "before" not in request.GET,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'before': following})}" if following is not None else "",
    }


def _turn(text: str) -> api.Turn | None:
    if not text:
        return None
    try:
        return api.Turn(text)
    except ValueError as error:
        raise Invalid(_("This filter is not known."), field="turn") from error


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Invalid(_("This page's address is not complete."), field="before")
    return int(text)
