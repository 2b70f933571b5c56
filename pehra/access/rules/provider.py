"""The OpenID provider's own rules: addresses a service may name, how strong a sign-in was, who is told when. Pure.

Fewer than the standards allow: one flow through the browser (code), one method of PKCE (S256), addresses that match
letter by letter.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pehra.kernel.refusals import Invalid

SCOPES = ("openid", "profile", "email", "pehra")
ACCESS_SECONDS = 600
ID_TOKEN_SECONDS = 600
CODE_SECONDS = 60
LOGOUT_TOKEN_SECONDS = 120
SESSION_MAX = timedelta(hours=12)  # as long as a session of a browser; a refresh token lives no longer
REDIRECTS_MAX = 20
URI_CHARACTERS_MAX = 500
NAME_CHARACTERS_MAX = 100
DEVICE = "device."  # how the name of a sign-in begins that no browser's session stands behind
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=2)
TRIES_MAX = 20  # a service that is away for a day and a half is told when it comes back


class GrantKind(StrEnum):
    """By which road a service may ask for tokens; the value is what operators write."""

    CODE = "code"
    REFRESH = "refresh"
    DEVICE = "device_code"
    CLIENT = "client_credentials"


GRANT_TYPES: dict[GrantKind, str] = {
    GrantKind.CODE: "authorization_code",
    GrantKind.REFRESH: "refresh_token",
    GrantKind.DEVICE: "urn:ietf:params:oauth:grant-type:device_code",
    GrantKind.CLIENT: "client_credentials",
}

# From the weakest to the strongest. The last is OpenID's own word for what a passkey is.
ACR = (
    "urn:pehra:acr:link",
    "urn:pehra:acr:one-factor",
    "urn:pehra:acr:two-factors",
    "phr",
)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """How somebody signed in to a service: what its code carries, and then each of its tokens.

    `family` names what came of one code: when one of its tokens is used twice, all of them end. `until` is the last
    second at which any of them is renewed; `auth_time` and `until` are seconds since 1970.
    """

    sid: str
    family: str
    acr: str
    amr: tuple[str, ...]
    auth_time: int
    until: int

    def plain(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return asdict(self) | {"amr": list(self.amr)}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "SignedIn":
        """Read it as JSON kept it."""
        return cls(**{**kept, "amr": tuple(kept["amr"])})

    def ends(self) -> datetime:
        """Return when nothing of this family is renewed any more."""
        return datetime.fromtimestamp(self.until, tz=UTC)


def acr_of(strength: str, *, phishing_resistant: bool) -> str:
    """Return the `acr` of a sign-in; one whose strength says nothing is as weak as the weakest."""
    if phishing_resistant:
        return ACR[3]
    return {"two-factors": ACR[2], "one-factor": ACR[1]}.get(strength, ACR[0])


def meets(acr: str, *, wanted: Sequence[str]) -> bool:
    """Whether a sign-in is as strong as one of those wanted; of what we do not know none is met."""
    known = [ACR.index(name) for name in wanted if name in ACR]
    return not wanted or (bool(known) and acr in ACR and ACR.index(acr) >= min(known))


def redirect_uris(texts: Iterable[str], *, field: str = "redirect_uris") -> tuple[str, ...]:
    """Read the addresses to which browsers may be sent: https, or plain http to the machine itself; refuse all else.

    They are compared letter by letter, so that nothing here needs to be normalised.
    """
    found = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(found) > REDIRECTS_MAX:
        raise Invalid(f"a service has at most {REDIRECTS_MAX} addresses", field=field)
    for text in found:
        _require_redirect(text, field=field)
    return found


def _require_redirect(text: str, *, field: str) -> None:
    if len(text) > URI_CHARACTERS_MAX or not text.isascii() or any(letter in text for letter in " *\\\"'<>\t\r\n"):
        raise Invalid(f"{text[:80]!r} is no address: ASCII letters, no spaces, no wildcards", field=field)
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError as error:
        raise Invalid(f"{text!r} is no address of the web", field=field) from error
    if parts.username is not None or parts.password is not None or "#" in text or not parts.hostname:
        raise Invalid(
            f"{text!r}: an address is https://host/path, without a name, a password or a fragment", field=field
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise Invalid(f"{text!r}: browsers are sent to https alone, or to http on their own machine", field=field)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def grant_kinds(names: Iterable[str], *, public: bool) -> tuple[GrantKind, ...]:
    """Read which roads a service may take; refuse those that do not go together."""
    found = []
    for name in dict.fromkeys(name.strip() for name in names if name.strip()):
        if name not in set(GrantKind):
            raise Invalid(f"{name!r} is no grant type; these are: {', '.join(GrantKind)}", field="grants")
        found.append(GrantKind(name))
    if not set(found) - {GrantKind.REFRESH}:
        raise Invalid(
            "a service needs a road to its first token: code, device_code or client_credentials", field="grants"
        )
    if GrantKind.DEVICE in found and not public:
        raise Invalid("device_code is for public clients: a device keeps no secret", field="grants")
    if GrantKind.CLIENT in found and public:
        raise Invalid("client_credentials is for confidential clients: it is their secret that speaks", field="grants")
    return tuple(found)


def wait(*, tries: int) -> timedelta | None:
    """Return how long to wait after so many tries; nothing when it is enough."""
    if tries >= TRIES_MAX:
        return None
    doubled: timedelta = _FIRST_WAIT * 2 ** (tries - 1)
    return min(doubled, _LONGEST_WAIT)
