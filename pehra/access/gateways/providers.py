"""Other organisations' sign-in: the operator's file, the client secrets, and the provider's own answers.

The file is `providers.toml` in the data folder. A secret comes from the environment
(`PEHRA_PROVIDER_SECRET_<ID>`) or from a file beside it that nobody else may read. Calls follow no redirect, take
seconds at most, and read little.
"""

import stat
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pehra.access.rules.providers import ALGORITHMS, Provider, is_safe, parsed
from pehra.kernel import json_text
from pehra.kernel.refusals import Fault, Invalid

FILE = "providers.toml"
CALL_SECONDS = (3, 5)  # to connect, to answer
ANSWER_BYTES_MAX = 256 * 1024
REMEMBERED_SECONDS = 600
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


def configured() -> tuple[Provider, ...]:
    """Return the providers that the operator wrote down; none where there is no file."""
    path = Path(settings.PEHRA_DATA) / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ()
    return _read(path, changed)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[Provider, ...]:
    try:
        return parsed(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Fault(f"{path.name} cannot be read: {error}") from error
    except Invalid as error:
        raise Fault(f"{path.name}: {error.message}") from error


def secret_of(provider: Provider) -> str:
    """Return a provider's client secret; empty for a public client, which proves itself by PKCE alone."""
    said = settings.PEHRA_PROVIDER_SECRETS.get(provider.id.replace("-", "_"), "")
    if said or not provider.secret_file:
        return str(said)
    path = Path(settings.PEHRA_DATA) / provider.secret_file
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Fault(f"{path.name} can be read by others: chmod 600 {path.name}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Fault(f"the secret of {provider.id} cannot be read: {error.strerror}") from error


def described(provider: Provider) -> dict[str, Any]:
    """Return what a provider says about itself (OpenID Connect Discovery 1.0), asked for every ten minutes at most."""
    key = f"provider:{provider.id}:{provider.issuer}"
    held: dict[str, Any] | None = cache.get(key)
    if held is None:
        held = _json(_call("GET", f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"), provider)
        if any(not isinstance(held.get(name), str) for name in NEEDED) or held["issuer"] != provider.issuer:
            raise Fault(f"{provider.name} describes itself as somebody else, or not at all")
        if not all(is_safe(held[name].partition("?")[0]) for name in NEEDED[1:]):
            raise Fault(f"{provider.name} names an address without TLS")
        cache.set(key, held, REMEMBERED_SECONDS)
    return held


def redeem(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
    """Give an authorization code back to its provider and return the verified claims of the ID token."""
    said = described(provider)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        "client_id": provider.client_id,
    }  # fmt: skip
    secret, methods = secret_of(provider), said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    basic = None
    if secret and "client_secret_basic" in methods:
        basic = requests.auth.HTTPBasicAuth(quote(provider.client_id, safe=""), quote(secret, safe=""))
    elif secret:
        form["client_secret"] = secret
    answer = _json(_call("POST", said["token_endpoint"], data=form, auth=basic), provider)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise Fault(f"{provider.name} gave no ID token")
    return verified(provider, token)


def verified(provider: Provider, token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature is by one of the provider's published keys."""
    keys = _json(_call("GET", described(provider)["jwks_uri"]), provider)
    try:
        claims: dict[str, Any] = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Fault(f"{provider.name} signed with a key that it does not publish") from error
    return claims


def _call(method: str, address: str, **more: Any) -> bytes:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method, address, timeout=CALL_SECONDS, allow_redirects=False, stream=True,
                headers={"Accept": "application/json"}, **more,
            )  # fmt: skip
            with answer:
                if answer.status_code != 200:
                    raise Fault(f"the provider answered {answer.status_code}")
                body: bytes = answer.raw.read(ANSWER_BYTES_MAX + 1, decode_content=True)
    except requests.RequestException as error:
        raise Fault(f"the provider does not answer ({type(error).__name__})") from error
    if len(body) > ANSWER_BYTES_MAX:
        raise Fault("the provider answered too much")
    return body


def _json(body: bytes, provider: Provider) -> dict[str, Any]:
    try:
        return json_text.read_object(body)
    except json_text.NotJson as error:
        raise Fault(f"{provider.name} answered no JSON object: {error.message}") from error
