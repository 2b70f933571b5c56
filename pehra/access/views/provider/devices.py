"""Sign-in on a device that has no browser (RFC 8628): it shows a code, its person types it here.

The sign-in that comes of it is the device's own: it does not end with the browser's session, and no browser's name
stands in it. For public services alone.
"""

import secrets
from uuid import UUID

from allauth.core.internal import ratelimit
from allauth.idp.oidc.internal.oauthlib import device_codes
from allauth.idp.oidc.models import Client
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from oauthlib.common import Request as Asked
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc8628.endpoints import DeviceApplicationServer
from oauthlib.openid import Server

from pehra.access import api
from pehra.access.api import Request, provider
from pehra.access.rules import provider as rules
from pehra.access.rules.provider import SignedIn
from pehra.access.sessions import authentication_of
from pehra.access.views.provider.grants import Adapter, Grants, asked_of, known_of, server_for
from pehra.access.views.provider.pages import answered, refused, told

SID_BYTES = 18
CODE_CHARACTERS_MAX = 40


@login_not_required
@csrf_exempt
@require_POST
def device_code(request: Request) -> HttpResponse:
    """Give a device the code that it shows, and the one by which it asks whether somebody typed it."""
    with api.elevated(part="access.provider", only_people=True):
        page = api.issuer() + reverse("idp:oidc:device_authorization")
        server = DeviceApplicationServer(
            request_validator=Grants(at=request.at),
            verification_uri=page,
            verification_uri_complete=f"{page}?code={{user_code}}",
            interval=settings.IDP_OIDC_DEVICE_CODE_INTERVAL,
            user_code_generator=Adapter().generate_user_code,
        )
        server._expires_in = settings.IDP_OIDC_DEVICE_CODE_EXPIRES_IN
        try:
            headers, made, status = server.create_device_authorization_response(*asked_of(request))
            client = Client.objects.get(id=request.POST.get("client_id", ""))
            if rules.GRANT_TYPES[rules.GrantKind.DEVICE] not in client.get_grant_types():
                raise errors.UnauthorizedClientError()
            scope = known_of(request.POST.get("scope", "openid").split(), client=client)
            if not scope:
                raise errors.InvalidScopeError()
            device_codes.create(client.id, scope, made)
        except errors.OAuth2Error as error:
            return told(request, error)
        return answered(headers, made, status)


@require_http_methods(["GET", "HEAD", "POST"])
def device(request: Request) -> HttpResponse:
    """Ask for the code that a device shows; then, with the service's name before them, whether it is theirs."""
    code = (request.POST.get("code") or request.GET.get("code") or "").strip()[:CODE_CHARACTERS_MAX]
    if not code:
        return render(request, "access/device.html")
    with api.elevated(part="access.provider", only_people=True):
        key = f"device:{request.actor.id}"
        if not ratelimit.consume(
            request, app="allauth.idp.oidc", action="device_user_code", key=key, user=request.user, limit_get=True
        ):
            return render(
                request, "access/device.html", {"wrong": _("Too many codes were tried. Wait a minute.")}, status=429
            )
        try:
            waiting, client = device_codes.validate_user_code(code)
        except ValidationError:
            wrong = _(
                "No device waits with this code. It may be older than five minutes: let the device show a new one."
            )
            return render(request, "access/device.html", {"wrong": wrong, "typed": code}, status=400)
        if not provider.may_use_service(person_id=UUID(request.actor.id), client_id=client.id, at=request.at):
            return refused(
                request, 403, "access_denied", _("This service is not for you: you hold no role in its teams.")
            )
        act = request.POST.get("act", "")
        if request.method != "POST" or act not in ("let-in", "refuse"):
            return render(request, "access/device.html", {"client": client, "code": code})
        _decide(request, waiting, client, let_in=act == "let-in")
        return render(request, "access/device.html", {"client": client, "decided": act})


def _decide(request: Request, waiting: str, client: Client, *, let_in: bool) -> None:
    """Keep with a device's code who let it in, and how they are signed in here."""
    found = authentication_of(request)
    assert found is not None
    signed_in = SignedIn(
        sid=rules.DEVICE + secrets.token_urlsafe(SID_BYTES),
        family=secrets.token_hex(16),
        acr=rules.acr_of(found.strength, phishing_resistant=found.phishing_resistant),
        amr=found.amr,
        auth_time=int(found.proved_at.timestamp()),
        until=int((request.at + rules.SESSION_MAX).timestamp()),
    )
    provider.one_at_a_time(f"device:{waiting}")
    if not device_codes.confirm_or_deny_device_code(request.user, waiting, confirm=let_in) or not let_in:
        return
    kept = cache.get(device_codes.cache_device_code_key(waiting))
    device_codes.update_device_state(waiting, kept | {"signed_in": signed_in.plain()})
    provider.note_use(person_id=UUID(request.actor.id), client_id=client.id, sid=signed_in.sid, at=request.at)


def device_server(request: Request, grants: Grants) -> Server:
    """Return the engine for a device that asks whether it was let in; refuse while it was not."""
    provider.one_at_a_time(f"device:{request.POST.get('device_code', '')}")
    person, kept = device_codes.poll_device_code(request)
    grants.signed_in = SignedIn.of(kept["signed_in"])
    if not provider.still_signed_in(
        person_id=person.pk, client_id=kept["client_id"], sid=grants.signed_in.sid, at=request.at
    ):
        raise errors.InvalidGrantError()

    def complete(asked: Asked) -> None:
        asked.scope = " ".join(kept["scope"])
        asked.scopes = list(kept["scope"])
        asked.user = person

    return server_for(grants, before=complete)
