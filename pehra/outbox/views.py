"""Pages of messages: who was told what, when, and the proof that it arrived where it was sent."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.outbox import api
from pehra.outbox.rules.states import MOVES, State

PAGE_ROWS = 50
FILTER_CHARACTERS_MAX = 200


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the messages the actor may see, newest first."""
    access.require(request.actor, Permission.OUTBOX_READ)
    filters = {
        name: request.GET.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in ("state", "organisation", "search")
    }
    rows = api.messages(
        by=request.actor,
        state=_state(filters["state"]),
        organisation=filters["organisation"],
        search=filters["search"],
        before=_before(request.GET.get("before", "")),
        limit=PAGE_ROWS + 1,
    )
    shown = {name: value for name, value in filters.items() if value}
    more = len(rows) > PAGE_ROWS
    context = {
        "rows": rows[:PAGE_ROWS],
        "filters": filters,
        "filtered": len(shown),
        "states": list(State),
        "first": "before" not in request.GET,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'before': rows[PAGE_ROWS - 1].id})}" if more else "",
    }
    return render(request, "outbox/list.html", context)


@require_safe
def one(request: Request, message_id: UUID) -> HttpResponse:
    """Show one message whole, with the proof of its sending."""
    access.require(request.actor, Permission.OUTBOX_READ)
    return _page(request, message_id)


@require_POST
def again(request: Request, message_id: UUID) -> HttpResponse:
    """Send a held or failed message after all, to another address where one is given."""
    email, reason = request.POST.get("email", ""), request.POST.get("reason", "")
    try:
        api.queue_again(message_id=message_id, reason=reason, email=email, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, message_id, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("outbox:one", message_id)


def _page(request: Request, message_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    message = api.message(message_id=message_id, by=request.actor)
    may_send = access.may(request.actor, Permission.OUTBOX_SEND, teams=message.teams, organisation=message.organisation)
    context = {
        "message": message,
        "may_send": may_send and State.QUEUED in MOVES[message.state] and message.state is not State.SENDING,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "outbox/one.html", context, status=422 if refusal else 200)


@require_safe
def attachment(request: Request, message_id: UUID, position: int) -> HttpResponse:
    """Give an attachment as a file: never shown in the page, whatever it claims to be."""
    view, content = api.attachment_content(message_id=message_id, position=position, by=request.actor)
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{position}-{_plain(view.name)}"'
    return answer


def _plain(name: str) -> str:
    """Return a file's name with nothing in it that a header or a file system could misread."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)


def _state(text: str) -> State | None:
    if not text:
        return None
    try:
        return State(text)
    except ValueError as error:
        raise Invalid(_("This filter is not known."), field="state") from error


def _before(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="before") from error
