"""Pages of the services that trust our sign-in, for whoever keeps the node; a secret is shown once."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api
from pehra.access.api import Permission, Request
from pehra.access.requests import recently_authenticated
from pehra.access.rules.provider import GrantKind
from pehra.access.views.people import frame
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated()
def services(request: Request) -> HttpResponse:
    """List the services and add one; its secret stands in the answer to the form that asked for it."""
    api.require(request.actor, Permission.ACCESS_SERVICES)
    if request.method != "POST":
        return _list(request)
    sent = request.POST
    try:
        made = api.add_service(
            name=sent.get("name", ""),
            redirect_uris=sent.get("redirect_uris", "").split(),
            after_logout_uris=sent.get("after_logout_uris", "").split(),
            teams=sent.get("teams", "").split(),
            grants=sent.getlist("grant"),
            logout_uri=sent.get("logout_uri", "").strip(),
            public=sent.get("kind") == "public",
            by=request.actor,
            at=request.at,
        )
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _list(request, refusal=refusal)
    return _one(request, made.client_id, secret=made.secret, new=True)


@require_safe
def service(request: Request, client_id: str) -> HttpResponse:
    """Show one service: what it may, whom it lets in, and whether it heard of every end."""
    return _one(request, client_id)


@require_POST
@recently_authenticated()
def rotate(request: Request, client_id: str) -> HttpResponse:
    """Give a service another secret, which stands in this answer alone."""
    return _one(request, client_id, secret=api.rotate_service_secret(client_id=client_id, **_now(request)))


@require_POST
@recently_authenticated()
def close(request: Request, client_id: str) -> HttpResponse:
    """Let nobody in at a service any more."""
    try:
        api.close_service(client_id=client_id, reason=request.POST.get("reason", ""), **_now(request))
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _one(request, client_id, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("access:services")


def _list(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    context = {
        "rows": api.relying_services(by=request.actor),
        "keys": api.signing_keys(**_now(request)),
        "grants": list(GrantKind),
        "issuer": api.issuer(),
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "ticked": request.POST.getlist("grant") if refusal else [GrantKind.CODE, GrantKind.REFRESH],
        **frame(request, "services"),
    }
    return render(request, "access/services.html", context, status=400 if refusal else 200)


def _one(
    request: Request, client_id: str, *, secret: str = "", new: bool = False, refusal: Refusal | None = None
) -> HttpResponse:
    context = {
        "row": api.relying_service(client_id=client_id, by=request.actor),
        "secret": secret,
        "new": new,
        "issuer": api.issuer(),
        "refusal": refusal,
        **frame(request, "services"),
    }
    return render(request, "access/service.html", context, status=400 if refusal else 200)


def _now(request: Request) -> dict[str, Any]:
    return {"by": request.actor, "at": request.at}
