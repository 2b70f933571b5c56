"""The provider's engine: allauth's, held to what we promise.

oauthlib and allauth read and answer the protocol; here stands where we are stricter than they. PKCE with S256 for
everybody; redirect addresses letter by letter; a client is the one that authenticated, whatever else the request names;
a code or a refresh token that comes twice ends all that came of it; nothing is renewed once the sign-in behind it has
ended.
"""

import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from allauth.core import context
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.oauthlib import authorization_codes
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.server import generate_opaque_token
from allauth.idp.oidc.internal.oauthlib.utils import extract_params, get_validator_context
from allauth.idp.oidc.internal.tokens import decode_jwt_token
from allauth.idp.oidc.models import Client, PrivateKey, Token
from django.conf import settings
from django.http import HttpRequest
from oauthlib.common import Request as Asked
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid import Server

from pehra.access.api import provider, services, signing
from pehra.access.models import Person
from pehra.access.rules import provider as rules
from pehra.access.rules.provider import SignedIn

FAMILY_LETTERS = 32
BASIC_LETTERS_MAX = 2_000
NOT_TAKEN = ("claims",)  # `claims_parameter_supported` is false


class Adapter(DefaultOIDCAdapter):  # type: ignore[misc]
    """What allauth asks the deployment: who issues, which keys, who is meant by a subject."""

    def get_issuer(self) -> str:
        """Return the name under which this node signs."""
        return signing.issuer()

    def list_private_keys(self, *, did_activate: Any = None, is_active: Any = None) -> list[PrivateKey]:
        """Return the keys by which something may be verified; signing is ours to do."""
        return [PrivateKey(pem=key.pem) for key in signing.published_keys(at=context.request.at)]

    def is_introspection_allowed(self, token: Token, *, caller_client: Client) -> bool:
        """A service asks about its own tokens, and about those by which another service speaks for itself."""
        carried = carried_by(token)
        if token.user_id is None:
            return token.client_id is not None and services.open_service(token.client_id) is not None
        return (
            token.client_id == caller_client.id
            and carried is not None
            and provider.still_signed_in(
                person_id=token.user_id,
                client_id=caller_client.id,
                sid=carried.sid,
                at=context.request.at,
            )
        )

    def get_user_sub(self, client: Client, user: Any) -> str:
        """Return the id of a person, which never changes and is the same for every service."""
        return str(user.pk)

    def get_user_by_sub(self, client: Client, sub: str) -> Person | None:
        """Return the person of an id while they are active."""
        try:
            return Person.objects.filter(pk=UUID(sub), active=True, service=False).first()
        except (ValueError, TypeError, AttributeError):
            return None


def asked_of(request: HttpRequest) -> tuple[str, str, str, dict[str, str]]:
    """Return a request as the engine takes it: address, method, form and headers.

    A client's name and secret come percent-encoded in a Basic header (RFC 6749, 2.3.1), which allauth does not undo;
    and the engine knows a form's type only without its parameters. Ours have no letter that undoing could change.
    """
    _address, method, body, headers = extract_params(request)
    asked = request.GET.copy()
    for name in NOT_TAKEN:
        asked.pop(name, None)
    # Written anew: the engine falls over what Django reads with patience.
    address = f"{request.path}?{asked.urlencode()}" if asked else request.path
    changed = {"Content-Type": request.content_type or ""} if "Content-Type" in headers else {}
    scheme, _space, pair = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic" and len(pair) <= BASIC_LETTERS_MAX:
        with suppress(ValueError):  # what is no base64 of UTF-8 is refused as it stands
            name, colon, secret = base64.b64decode(pair, validate=True).decode().partition(":")
            plain = f"{unquote_plus(name)}{colon}{unquote_plus(secret)}"
            changed["Authorization"] = f"Basic {base64.b64encode(plain.encode()).decode()}"
    return address, method, body, headers | changed


def known_of(scopes: Sequence[str], *, client: Client) -> list[str]:
    """Return those of the scopes that a service may ask for."""
    allowed = client.get_scopes()
    return [scope for scope in dict.fromkeys(scopes) if scope in allowed]


def family_of(code: str) -> str:
    """Return the name of all that comes of a code: of no use to whoever does not hold the code."""
    return sha256(f"family:{code}".encode()).hexdigest()[:FAMILY_LETTERS]


class Grants(OAuthLibRequestValidator):  # type: ignore[misc]
    """Decides each step of the protocol for one request; `signed_in` is what the code or token at hand carries."""

    def __init__(self, *, at: datetime) -> None:
        super().__init__()
        self.at = at
        self.signed_in: SignedIn | None = None

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Asked, *args: Any, **kwargs: Any
    ) -> bool:
        """Letter by letter: no port, no path and no parameter more than was registered."""
        return redirect_uri in request.client.get_redirect_uris()

    def validate_scopes(
        self, client_id: str, scopes: Sequence[str], client: Client, request: Asked, *args: Any, **kwargs: Any
    ) -> bool:
        """What we do not know is left out, as OpenID asks; where nothing is left there is nothing to give."""
        request.scopes = known_of(scopes, client=request.client)
        return bool(request.scopes)

    def is_pkce_required(self, client_id: str, request: Asked) -> bool:
        """Always, with a secret as without."""
        return True

    def validate_silent_authorization(self, request: Asked) -> bool:
        """Nobody is asked for consent: services are the node's own."""
        return True

    def validate_user_match(self, id_token_hint: str, scopes: Any, claims: Any, request: Asked) -> bool:
        """Whether who is signed in is who the hint names; who is not signed in yet is asked again afterwards."""
        person = context.request.user
        if not id_token_hint or not person.is_authenticated:
            return True
        hint = decode_jwt_token(id_token_hint, client_id=request.client.id, verify_exp=False, verify_iss=True)
        return hint is not None and hint.get("sub") == str(person.pk)

    def authenticate_client(self, request: Asked, *args: Any, **kwargs: Any) -> bool:
        """The client that proved itself is the one the request is for: another one's name beside it is refused."""
        named = request.client_id
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        return not named or named == request.client.id

    def save_authorization_code(
        self, client_id: str, code: dict[str, Any], request: Asked, *args: Any, **kwargs: Any
    ) -> None:
        """Keep with a code how its person signed in."""
        assert self.signed_in is not None  # the view says so before it asks for a code
        kept = self.signed_in.plain() | {"family": family_of(code["code"])}
        super().save_authorization_code(client_id, dict(code, signed_in=kept), request, *args, **kwargs)

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Asked, *args: Any, **kwargs: Any
    ) -> bool:
        """A code serves once, and while its sign-in holds; one that comes again ends what it gave."""
        provider.one_at_a_time(f"code:{code}")
        family = family_of(code)
        if client_id != client.id or not super().validate_code(client_id, code, client, request, *args, **kwargs):
            provider.revoke_family(client_id=client.id, family=family, at=self.at, why="a code was used twice")
            return False
        found = self._lookup_authorization_code(request, client_id, code)
        self.signed_in = SignedIn.of(found["code"]["signed_in"]) if found else None
        # One try: a wrong verifier is a thief's, and takes the code with it.
        authorization_codes.invalidate(client_id, code)
        return self._holds(request.user, client)

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Asked, *args: Any, **kwargs: Any
    ) -> bool:
        """A refresh token serves once: one that comes again ends its whole family, whoever of the two is the thief."""
        family = refresh_token.partition(".")[0]
        provider.one_at_a_time(f"family:{family}")
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            provider.revoke_family(client_id=client.id, family=family, at=self.at, why="a refresh token was used twice")
            return False
        self.signed_in = carried_by(get_validator_context().refresh_token)
        if self._holds(request.user, client):
            return True
        provider.revoke_family(client_id=client.id, family=family, at=self.at, why="the sign-in has ended")
        return False

    def validate_bearer_token(self, token: str, scopes: Sequence[str], request: Asked) -> bool:
        """An access token opens the person's claims while its sign-in holds."""
        if not super().validate_bearer_token(token, scopes, request) or request.user is None:
            return False
        self.signed_in = carried_by(get_validator_context().access_token)
        return self._holds(request.user, request.client)

    def revoke_token(self, token: str, token_type_hint: str, request: Asked, *args: Any, **kwargs: Any) -> None:
        """End a token of this client, and with a refresh token all of its family; of another's say nothing."""
        row = Token.objects.by_value(token).filter(client=request.client).first()
        carried = carried_by(row)
        if row is not None and row.type == Token.Type.REFRESH_TOKEN and carried is not None:
            provider.revoke_family(client_id=request.client.id, family=carried.family, at=self.at)
        elif row is not None:
            row.delete()

    def finalize_id_token(
        self, id_token: dict[str, Any], token: dict[str, Any], token_handler: Any, request: Asked
    ) -> str:
        """Return the ID token: who, how they signed in, what they are."""
        carried = self.signed_in
        assert carried is not None  # every road to a token of a person sets it
        whole = id_token | {
            "exp": id_token["iat"] + rules.ID_TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(16),
            "sid": carried.sid,
            "acr": carried.acr,
            "amr": list(carried.amr),
            "auth_time": carried.auth_time,
        }
        claims = self._claims(request)
        return signing.sign(whole | claims, typ="JWT", at=self.at)

    def get_userinfo_claims(self, request: Asked) -> dict[str, Any]:
        """Return what the service learns of the person, as it is now."""
        return self._claims(request)

    def _claims(self, request: Asked) -> dict[str, Any]:
        return provider.claims_of(
            person_id=request.user.pk, client_id=request.client.id, scopes=frozenset(request.scopes), at=self.at
        )

    def _holds(self, person: Any, client: Client) -> bool:
        return self.signed_in is not None and provider.still_signed_in(
            person_id=person.pk, client_id=client.id, sid=self.signed_in.sid, at=self.at
        )

    def _lookup_client(self, request: Asked, client_id: str) -> Client | None:
        """A closed service is no client."""
        found = super()._lookup_client(request, client_id)
        return found if found is not None and services.open_service(found.id) else None

    def _prep_access_token(self, ctx: Any, token: dict[str, Any], request: Asked) -> Token:
        return self._carrying(super()._prep_access_token(ctx, token, request))

    def _prep_refresh_token(self, ctx: Any, refresh_token: str, request: Asked) -> Token:
        made = self._carrying(super()._prep_refresh_token(ctx, refresh_token, request))
        if self.signed_in is not None:
            made.expires_at = self.signed_in.ends()
        return made

    def _carrying(self, row: Token) -> Token:
        if self.signed_in is not None:
            row.data = (row.data or {}) | provider.family_tokens(self.signed_in)
        return row


def carried_by(row: Token | None) -> SignedIn | None:
    """Return the sign-in that a token came of."""
    kept = (row.data or {}).get("signed_in") if row is not None else None
    return SignedIn.of(kept) if kept else None


class _Tokens(BearerToken):  # type: ignore[misc]
    """Gives a refresh token to services that may use one, and to no other."""

    def create_token(self, request: Asked, refresh_token: bool = False, **kwargs: Any) -> dict[str, Any]:
        may = rules.GRANT_TYPES[rules.GrantKind.REFRESH] in request.client.get_grant_types()
        made: dict[str, Any] = super().create_token(request, refresh_token=refresh_token and may, **kwargs)
        return made


def server_for(grants: Grants, *, before: Callable[[Asked], None] | None = None) -> Server:
    """Return the protocol's engine for one request, with no more roads than we offer.

    `before` is called with a device's request before it is judged.
    """

    def refresh_token(request: Asked) -> str:
        assert grants.signed_in is not None
        return f"{grants.signed_in.family}.{generate_opaque_token(request)}"

    server = Server(
        grants,
        token_expires_in=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN,
        token_generator=generate_opaque_token,
        refresh_token_generator=refresh_token,
        **({"pre_token": [before]} if before else {}),
    )
    tokens = _Tokens(grants, generate_opaque_token, settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN, refresh_token)
    server._default_token_type = tokens
    server._tokens = {"Bearer": tokens}
    server._response_types = {"code": server.auth_grant_choice}
    server._default_response_type = "code"
    server._grant_types.pop("password")
    for grant in (server.auth_grant, server.openid_connect_auth.proxy_target):
        grant._code_challenge_methods = {"S256": code_challenge_method_s256}
    return server
