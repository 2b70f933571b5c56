"""Sign-in at another organisation (OpenID Connect 1.0): how a provider is written down, and what of its word counts.

Only what the operator wrote counts: an address is believed for the mail domains that stand beside the provider, a
second factor for the values of `amr` and `acr` that stand there. Unknown keys, doubled names and addresses without TLS
are errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pehra.kernel.refusals import Forbidden, Invalid

PROVIDERS_MAX = 20
SKEW = timedelta(minutes=1)  # by which two clocks may differ
ISSUED_AT_MOST_AGO = timedelta(minutes=10)
SUBJECT_CHARACTERS_MAX = 255  # OpenID Connect Core 1.0, section 2
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEYS = {
    "id",
    "name",
    "issuer",
    "client_id",
    "secret_file",
    "trusted_domains",
    "second_factor_amr",
    "second_factor_acr",
}
_NEEDED = {"id", "name", "issuer", "client_id"}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider as the operator wrote it down."""

    id: str
    name: str
    issuer: str
    client_id: str
    secret_file: str = ""
    trusted_domains: frozenset[str] = frozenset()
    second_factor_amr: frozenset[str] = frozenset()
    second_factor_acr: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a provider said of somebody, as far as it counts here. `email` is empty unless it is believed."""

    subject: str
    email: str
    two_factors: bool


def parsed(document: Mapping[str, Any]) -> tuple[Provider, ...]:
    """Read the providers of a file; raise `Invalid` for what cannot be used."""
    unknown = set(document) - {"provider"}
    rows = document.get("provider", [])
    if unknown or not isinstance(rows, list):
        raise Invalid(f"unknown: {', '.join(sorted(unknown))}; a provider is a table [[provider]]", field="provider")
    found = tuple(_provider(row) for row in rows)
    if len({provider.id for provider in found}) != len(found) or len(found) > PROVIDERS_MAX:
        raise Invalid(f"each provider has an id of its own, and there are at most {PROVIDERS_MAX}", field="id")
    return found


def _provider(row: Mapping[str, Any]) -> Provider:
    if unknown := set(row) - _KEYS:
        raise Invalid(f"unknown: {', '.join(sorted(unknown))}", field="provider")
    if missing := _NEEDED - set(row):
        raise Invalid(f"missing: {', '.join(sorted(missing))}", field="provider")
    texts = {key: row[key] for key in (*sorted(_NEEDED), "secret_file") if key in row}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str) or not value.strip()]:
        raise Invalid(f"{wrong[0]} is a text", field=wrong[0])
    if not _ID.fullmatch(texts["id"]):
        raise Invalid("an id has lower-case letters, digits and dashes, at most 40", field="id")
    if not is_safe(texts["issuer"]):
        raise Invalid(f"{texts['issuer']} is no https address", field="issuer")
    return Provider(
        **texts,
        trusted_domains=frozenset(domain.lower() for domain in _list(row, "trusted_domains")),
        second_factor_amr=_list(row, "second_factor_amr"),
        second_factor_acr=_list(row, "second_factor_acr"),
    )


def _list(row: Mapping[str, Any], key: str) -> frozenset[str]:
    values = row.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise Invalid(f"{key} is a list of texts", field=key)
    return frozenset(values)


def is_safe(address: str) -> bool:
    """Whether an address may be called: by TLS, or on this very machine; without a name, a query or a fragment."""
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    return secure and bool(parts.hostname) and not (parts.username or parts.query or parts.fragment)


def word_of(claims: Mapping[str, Any], *, provider: Provider, nonce: str, at: datetime) -> Word:
    """Return what counts of an ID token whose signature was verified; refuse one that is not for us, now, for this."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    subject = claims.get("sub")
    age = at.timestamp() - _moment(claims.get("iat"))
    party = claims.get("azp", provider.client_id if len(audiences) == 1 else None)
    checks = {
        "iss": claims.get("iss") == provider.issuer,
        "aud": provider.client_id in audiences,
        "azp": party == provider.client_id,
        "exp": _moment(claims.get("exp")) + SKEW.total_seconds() > at.timestamp(),
        "iat": -SKEW.total_seconds() <= age <= ISSUED_AT_MOST_AGO.total_seconds(),
        "nonce": claims.get("nonce") == nonce,
        "sub": isinstance(subject, str) and 0 < len(subject) <= SUBJECT_CHARACTERS_MAX,
    }
    if wrong := [name for name, right in checks.items() if not right]:
        raise Forbidden(f"the provider's token was refused: {', '.join(wrong)}")
    return Word(subject=str(subject), email=_believed(claims, provider), two_factors=_two_factors(claims, provider))


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _believed(claims: Mapping[str, Any], provider: Provider) -> str:
    """Return the address, if the provider verified it and the operator believes the provider for its domain."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or email.count("@") != 1:
        return ""
    address = email.strip().lower()
    return address if address.partition("@")[2] in provider.trusted_domains else ""


def _two_factors(claims: Mapping[str, Any], provider: Provider) -> bool:
    methods = claims.get("amr")
    by_method = isinstance(methods, list) and bool(provider.second_factor_amr & {str(one) for one in methods})
    return by_method or claims.get("acr") in provider.second_factor_acr
