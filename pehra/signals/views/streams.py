"""The page of receivers and their streams: how they stand, and what whoever keeps the node does about one.

It shows services and numbers, and nobody whom a token is about.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.signals import api


@require_safe
def listing(request: Request) -> HttpResponse:
    """List receivers with their streams."""
    return _page(request)


@require_POST
def pause(request: Request, stream_id: UUID) -> HttpResponse:
    """Stop telling a receiver; what comes meanwhile is kept for it."""
    reason, by, at = request.POST.get("reason", ""), request.actor, request.at
    return _done(request, lambda: api.pause_stream(stream_id=stream_id, reason=reason, by=by, at=at))


@require_POST
def resume(request: Request, stream_id: UUID) -> HttpResponse:
    """Tell a receiver again, with what was kept for it."""
    reason, by, at = request.POST.get("reason", ""), request.actor, request.at
    return _done(request, lambda: api.resume_stream(stream_id=stream_id, reason=reason, by=by, at=at))


@require_POST
def verify(request: Request, stream_id: UUID) -> HttpResponse:
    """Send a receiver a verification event."""
    return _done(request, lambda: api.verify_stream(stream_id=stream_id, by=request.actor, at=request.at))


@require_POST
def again(request: Request, stream_id: UUID) -> HttpResponse:
    """Send once more what a receiver refused."""
    return _done(request, lambda: api.send_again(stream_id=stream_id, by=request.actor, at=request.at))


@require_POST
@access.recently_authenticated()
def bind(request: Request) -> HttpResponse:
    """Let a service account receive for a relying service."""

    def done() -> None:
        account = access.person_by_email(email=request.POST.get("email", ""), by=request.actor)
        api.bind_receiver(
            client_id=request.POST.get("service", ""),
            account_id=account,
            email_agreed=request.POST.get("email_agreed") == "yes",
            by=request.actor,
            at=request.at,
        )

    return _done(request, done)


@require_POST
@access.recently_authenticated()
def unbind(request: Request) -> HttpResponse:
    """End that an account receives for a service."""

    def done() -> None:
        service, reason = request.POST.get("service", ""), request.POST.get("reason", "")
        api.unbind_receiver(client_id=service, reason=reason, by=request.actor, at=request.at)

    return _done(request, done)


def _done(request: Request, done: Callable[[], object]) -> HttpResponse:
    try:
        done()
    except Forbidden:
        raise
    except NotVisible as refusal:
        if not access.may(request.actor, Permission.SIGNALS_MANAGE):
            raise
        return _page(request, refusal=refusal)
    except Refusal as refusal:
        return _page(request, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("signals:streams")


def _need(stream: api.StreamView | None) -> str:
    """Return in a word why a stream needs somebody, or nothing."""
    if stream is None or not api.needs_somebody(stream):
        return ""
    if stream.failures:
        return "failing"
    if stream.silent:
        return "silent"
    return stream.status.value if stream.status is not api.Status.ENABLED else "refused"


def _page(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    rows = api.receivers(by=request.actor, at=request.at)
    bound = {row.client_id for row in rows}
    manages = access.may(request.actor, Permission.SIGNALS_MANAGE)
    context = {
        "rows": sorted(((row, _need(row.stream)) for row in rows), key=lambda pair: not pair[1]),
        "manages": manages,
        "services": sorted(
            (name, client_id)
            for client_id, name in access.open_services().items()
            if manages and client_id not in bound
        ),
        "refusal": refusal,
        "typed": request.POST if refusal else {},
    }
    return render(request, "signals/streams.html", context, status=422 if refusal else 200)
