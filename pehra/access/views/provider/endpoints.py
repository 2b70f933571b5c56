"""The addresses of the OpenID provider: what services and people's browsers ask, by the standards' names.

Discovery and keys are open to all. The endpoints that services call take no cookie's word: who calls is the client that
authenticates. The pages that people see are few: the refusal, the code of a device, and the end of a session.
"""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from allauth.idp.oidc import app_settings
from allauth.idp.oidc.internal.oauthlib.utils import (
    get_validator_context,
)
from allauth.idp.oidc.models import Client
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauthlib.oauth2.rfc6749 import errors

from pehra.access import api
from pehra.access.api import Request, provider, services
from pehra.access.rules import provider as rules
from pehra.access.rules.provider import SignedIn
from pehra.access.sessions import authentication_of, sid_of
from pehra.access.views.provider.devices import device_server
from pehra.access.views.provider.grants import Grants, asked_of, server_for
from pehra.access.views.provider.pages import answered, leading, refused, told

KEYS_KEPT_SECONDS = 3600
ASKED = "pehra_asked_to_prove"
ASKED_MAX = 5
S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_AGE_MAX = 366 * 24 * 3600


@login_not_required
@require_safe
def configuration(request: Request) -> HttpResponse:
    """Say what this provider does, and nothing that it does not."""
    base = api.issuer()

    def at(name: str) -> str:
        return base + reverse(f"idp:oidc:{name}")

    secret = ["client_secret_basic", "client_secret_post"]
    found = {
        "issuer": base,
        "authorization_endpoint": at("authorization"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "revocation_endpoint": at("revoke"),
        "introspection_endpoint": at("introspect"),
        "device_authorization_endpoint": at("device_code"),
        "end_session_endpoint": at("logout"),
        "scopes_supported": list(rules.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(rules.GRANT_TYPES.values()),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*secret, "none"],
        "revocation_endpoint_auth_methods_supported": [*secret, "none"],
        "introspection_endpoint_auth_methods_supported": secret,
        "acr_values_supported": list(rules.ACR),
        "prompt_values_supported": ["none", "login"],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
            *("name", "locale", "email", "email_verified", "pehra_teams", "pehra_organisations", "pehra_roles"),
        ],
        "ui_locales_supported": [code for code, _name in settings.LANGUAGES],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": False,
    }
    return _open(JsonResponse(found))


@login_not_required
@require_safe
def keys(request: Request) -> HttpResponse:
    """Return the keys by which what this node signs is verified."""
    return _open(JsonResponse(api.jwks(at=request.at)))


def _open(answer: HttpResponse) -> HttpResponse:
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = f"public, max-age={KEYS_KEPT_SECONDS}"
    return answer


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])
def authorize(request: Request) -> HttpResponse:
    """Send a person back to a service with a code, once it is clear who they are and that they may."""
    if request.method == "POST":
        # A cookie does not come along with a form of another site; it does with the way there.
        return redirect(f"{request.path}?{request.POST.urlencode()}")
    with api.elevated(part="access.provider", only_people=True):
        grants = Grants(at=request.at)
        server = server_for(grants)
        asked = asked_of(request)
        try:
            scopes, info = server.validate_authorization_request(*asked)
            _require_known_parameters(request, info)
        except errors.FatalClientError as error:
            return refused(request, 400, str(error.error), _wrong_question(error))
        except errors.OAuth2Error as error:
            if not error.redirect_uri:
                return refused(request, 400, str(error.error), _wrong_question(error))
            return _back(request, error.in_uri(error.redirect_uri))
        client = info["request"].client
        answer = _unready(request, info)
        if answer is not None:
            return answer
        if not provider.may_use_service(person_id=UUID(request.actor.id), client_id=client.id, at=request.at):
            return _not_for_them(request, client, info)
        grants.signed_in = _signed_in(request)
        credentials = {name: value for name, value in info.items() if name != "resources"} | {"user": request.user}
        headers, body, status = server.create_authorization_response(*asked, scopes=scopes, credentials=credentials)
        provider.note_use(
            person_id=UUID(request.actor.id), client_id=client.id, sid=grants.signed_in.sid, at=request.at
        )
    if status == 302:
        return _back(request, headers["Location"])
    return answered(headers, body, status)


def _require_known_parameters(request: Request, info: dict[str, Any]) -> None:
    """Refuse what we say in the discovery document that we do not take: ignoring it would weaken what was asked."""
    asked = info["request"]
    for name, error in (("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")):
        if name in request.GET:
            raise errors.CustomOAuth2Error(error=error, request=asked)
    if "prompt" in request.GET and not set(request.GET["prompt"].split()) <= {
        "none",
        "login",
        "consent",
        "select_account",
    }:
        raise errors.InvalidRequestError(description="Unknown prompt.", request=asked)
    if not S256_CHALLENGE.fullmatch(request.GET.get("code_challenge", "")):
        raise errors.InvalidRequestError(description="code_challenge is no S256 challenge.", request=asked)
    if request.GET.get("response_mode", "query") != "query":
        raise errors.InvalidRequestError(description="Unsupported response_mode.", request=asked)
    _max_age(request, info)


def _max_age(request: Request, info: dict[str, Any]) -> timedelta | None:
    text = request.GET.get("max_age", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MAX_AGE_MAX)):
        raise errors.InvalidRequestError(description="max_age is a number of seconds.", request=info["request"])
    return timedelta(seconds=int(text))


def _unready(request: Request, info: dict[str, Any]) -> HttpResponse | None:
    """Return how a person is asked to sign in, or to prove anew who they are; nothing when they have."""
    prompts = set(request.GET.get("prompt", "").split())
    found = authentication_of(request)
    if found is None or not sid_of(request):
        if "none" in prompts:
            return _error(request, info, "login_required")
        _note_asked(request)
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
    oldest = _max_age(request, info)
    wanted = request.GET.get("acr_values", "").split()
    strong = rules.meets(rules.acr_of(found.strength, phishing_resistant=found.phishing_resistant), wanted=wanted)
    asked_at = request.session.get(ASKED, {}).get(_question(request), 0.0)
    proved = asked_at and found.proved_at.timestamp() >= asked_at
    stale = "login" in prompts or (oldest is not None and request.at - found.proved_at > oldest)
    if strong and (proved or not stale):
        return None
    if "none" in prompts:
        return _error(request, info, "login_required" if stale else "unmet_authentication_requirements")
    if proved:
        return _error(request, info, "unmet_authentication_requirements")
    return _prove(request, info)


def _prove(request: Request, info: dict[str, Any]) -> HttpResponse:
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        return _error(request, info, "unmet_authentication_requirements")
    _note_asked(request)
    return redirect(f"{ways[0]['url']}?{urlencode({'next': request.get_full_path()})}")


def _note_asked(request: Request) -> None:
    """Remember since when the answer to this question is awaited: a proof after that is an answer to it."""
    waiting = dict(request.session.get(ASKED, {}))
    waiting.pop(_question(request), None)
    kept = dict(list(waiting.items())[1 - ASKED_MAX :]) if len(waiting) >= ASKED_MAX else waiting
    request.session[ASKED] = kept | {_question(request): request.at.timestamp()}


def _question(request: Request) -> str:
    return sha256(request.META.get("QUERY_STRING", "").encode()).hexdigest()[:16]


def _signed_in(request: Request) -> SignedIn:
    found = authentication_of(request)
    assert found is not None
    ends = min(found.signed_in_at + rules.SESSION_MAX, request.at + rules.SESSION_MAX)
    return SignedIn(
        sid=sid_of(request),
        family="",
        acr=rules.acr_of(found.strength, phishing_resistant=found.phishing_resistant),
        amr=found.amr,
        auth_time=int(found.proved_at.timestamp()),
        until=int(ends.timestamp()),
    )


def _back(request: Request, address: str) -> HttpResponse:
    """Send a browser back to a service, and say who sent it (RFC 9207).

    After a form of ours, of which the browser tells by `Sec-Fetch-Site`, by a page in between (`pages.leading`).
    """
    parts = urlsplit(address)
    query = "&".join(filter(None, [parts.query, urlencode({"iss": api.issuer()})]))
    whole = urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return leading(request, whole)
    answer = HttpResponse(status=302)
    answer["Location"] = whole
    return answer


def _error(request: Request, info: dict[str, Any], error: str) -> HttpResponse:
    return _back(request, _error_address(info, error))


def _error_address(info: dict[str, Any], error: str) -> str:
    said = errors.CustomOAuth2Error(error=error, request=info["request"])
    return str(said.in_uri(info["redirect_uri"]))


def _not_for_them(request: Request, client: Client, info: dict[str, Any]) -> HttpResponse:
    """Tell a person that a service is for other teams; where nobody is looking, tell the service."""
    if "none" in request.GET.get("prompt", "").split():
        return _error(request, info, "access_denied")
    row = services.open_service(client.id)
    message = _("%(service)s is for people of these teams: %(teams)s. You hold no role in any of them.") % {
        "service": client.name,
        "teams": ", ".join(row.teams) if row is not None else "",
    }
    return refused(request, 403, "access_denied", message, back=_error_address(info, "access_denied"))


def _wrong_question(error: errors.OAuth2Error) -> str:
    if isinstance(error, errors.InvalidClientIdError | errors.MissingClientIdError):
        return _("No service that we know sent you here, or it was closed.")
    return _("The service asked in a way that we do not answer. It was told nothing of you.")


@login_not_required
@csrf_exempt
@require_POST
def token(request: Request) -> HttpResponse:
    """Give tokens for a code, a refresh token, a device's code, or a service's own name."""
    with api.elevated(part="access.provider", only_people=True):
        grants = Grants(at=request.at)
        try:
            if request.POST.get("grant_type") == Client.GrantType.DEVICE_CODE:
                server = device_server(request, grants)
            else:
                server = server_for(grants)
            return answered(*server.create_token_response(*asked_of(request)))
        except errors.OAuth2Error as error:
            return told(request, error)


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: Request) -> HttpResponse:
    """Return what a service may know of the person whose access token it holds."""
    with api.elevated(part="access.provider", only_people=True):
        try:
            server = server_for(Grants(at=request.at))
            return answered(*server.create_userinfo_response(*asked_of(request)))
        except errors.OAuth2Error as error:
            return told(request, error)


@login_not_required
@csrf_exempt
@require_POST
def revoke(request: Request) -> HttpResponse:
    """End a token of the service that asks (RFC 7009)."""
    with api.elevated(part="access.provider", only_people=True):
        server = server_for(Grants(at=request.at))
        return answered(*server.create_revocation_response(*asked_of(request)))


@login_not_required
@csrf_exempt
@require_POST
def introspect(request: Request) -> HttpResponse:
    """Say whether a token is good, to a service with a secret (RFC 7662)."""
    with api.elevated(part="access.provider", only_people=True):
        get_validator_context().supported_auth_methods = app_settings.INTROSPECTION_AUTH_METHODS
        try:
            ratelimit.consume(request=request, app="allauth.idp.oidc", action="introspect_ip", raise_exception=True)
            server = server_for(Grants(at=request.at))
            return answered(*server.create_introspect_response(*asked_of(request)))
        except RateLimited:
            return JsonResponse({"error": "temporarily_unavailable"}, status=429)
