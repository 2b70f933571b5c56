"""The end of a session because a service asks for it (OpenID Connect RP-Initiated Logout 1.0).

A person is asked first, unless the service shows an ID token of this very session. Where the browser goes then is,
letter by letter, an address that the service registered; an address that is none of those is not followed.
"""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from allauth.idp.oidc.internal.tokens import decode_jwt_token
from allauth.idp.oidc.models import Client
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, QueryDict
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pehra.access import api
from pehra.access.api import Request, provider, services
from pehra.access.sessions import limits, sid_of
from pehra.access.views.provider.pages import leading, refused

WORDS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
WORD_CHARACTERS_MAX = 8_000


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What a service asks: which one it is, whose session of which name it means, and where the browser goes then."""

    client: Client | None
    subject: str
    sid: str
    address: str


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def logout(request: Request) -> HttpResponse:
    """End the session, after asking where it is not certain that its person wants that."""
    with api.elevated(part="access.provider", only_people=True):
        sent = request.POST if request.method == "POST" else request.GET
        wish = _wish(sent)
        if wish.address and wish.address not in _registered(wish.client):
            return refused(
                request,
                400,
                "invalid_request",
                _("The service named an address that it has not registered. You are still signed in."),
            )
        signed_in = request.user.is_authenticated
        same = signed_in and wish.subject == str(request.user.pk) and wish.sid == sid_of(request) != ""
        if signed_in and not same:
            if request.method != "POST" or "act" not in request.POST:
                kept = {name: sent.get(name, "")[:WORD_CHARACTERS_MAX] for name in WORDS}
                return render(request, "access/provider_leave.html", {"kept": kept, "client": wish.client})
            if (forged := _forged(request)) is not None:
                return forged
        if signed_in and (same or request.POST.get("act") == "leave"):
            _end(request)
        address = wish.address
        if address and (state := sent.get("state", "")):
            address += ("&" if "?" in address else "?") + urlencode({"state": state})
        return leading(request, address, left=not request.user.is_authenticated)


def _wish(sent: QueryDict) -> _Wish:
    """Read what a service asks; a hint that is not ours, or of another client than is named, says nothing."""
    hint = decode_jwt_token(sent.get("id_token_hint", ""), verify_exp=False, verify_iss=True) or {}
    named = sent.get("client_id", "") or str(hint.get("aud", ""))
    if hint and named != hint.get("aud"):
        hint = {}
    client = Client.objects.filter(id=named).first() if named and services.open_service(named) else None
    return _Wish(
        client=client,
        subject=str(hint.get("sub", "")) if client else "",
        sid=str(hint.get("sid", "")) if client else "",
        address=sent.get("post_logout_redirect_uri", ""),
    )


def _registered(client: Client | None) -> list[str]:
    return client.get_post_logout_redirect_uris() if client is not None else []


def _forged(request: HttpRequest) -> HttpResponse | None:
    """Refuse a press that did not come from our own page: this address also takes forms of services."""

    def unused(request: HttpRequest) -> HttpResponse:
        return HttpResponseForbidden()

    return CsrfViewMiddleware(unused).process_view(request, lambda: HttpResponse(), (), {})


def _end(request: Request) -> None:
    """End the browser's session, and with it the sign-ins at services that came of it."""
    provider.end_service_uses(person_id=UUID(request.actor.id), sids=[sid_of(request)], at=request.at)
    limits.leave(request, why="a service asked", at=request.at)
