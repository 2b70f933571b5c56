"""By what somebody proved in this session who they are: password, code, passkey, one-time link, and when.

allauth writes each proof down in the session; here it is read, as RFC 8176 names it and as strong as it is. A password
alone is one factor and opens nothing where two are wanted. A passkey is two: the device, and the PIN or finger that it
asks for (`MFA_WEBAUTHN_USER_VERIFICATION` is `required`).
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

BEGAN, SID = "pehra_began", "pehra_sid"
PROOFS_COUNT_BEFORE = timedelta(minutes=15)  # how long before the session began its first proof may lie
RECENT = timedelta(minutes=5)  # how long a proof serves for a sensitive act
LINK, PASSWORD, MFA, PROVIDER = "link", "password", "mfa", "socialaccount"
SID_BYTES = 24


class Strength(StrEnum):
    """How strongly somebody proved who they are."""

    NONE = "none"
    LINK = "link"  # a one-time link alone: enough to enrol, no more where two factors are wanted
    ONE = "one-factor"
    TWO = "two-factors"


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """How a session was authenticated. `amr` holds RFC 8176's values; it is empty for a one-time link alone.

    `signed_in_at` is when the session began, `proved_at` when the newest proof was given, which a step-up moves.
    `phishing_resistant` says that a passkey was used.
    """

    amr: tuple[str, ...]
    strength: Strength
    phishing_resistant: bool
    signed_in_at: datetime
    proved_at: datetime


def authentication_of(request: HttpRequest) -> Authentication | None:
    """Return how this request's session was authenticated; nothing where nobody is signed in."""
    if not request.user.is_authenticated:
        return None
    proofs = _proofs(request)
    began = began_at(request)
    return Authentication(
        amr=_amr(proofs),
        strength=strength_of(proofs),
        phishing_resistant=any(proof.get("type") == Authenticator.Type.WEBAUTHN for proof in proofs),
        signed_in_at=began,
        proved_at=max((_moment(proof["at"]) for proof in proofs), default=began),
    )


def strength(request: HttpRequest) -> Strength:
    """Return how strongly somebody proved in this session who they are."""
    return strength_of(_proofs(request))


def strength_of(proofs: list[dict[str, Any]]) -> Strength:
    """Return what these proofs amount to together."""
    methods = {str(proof.get("method")) for proof in proofs}
    codes = any(proof.get("method") == MFA and proof.get("type") != Authenticator.Type.WEBAUTHN for proof in proofs)
    if any(proof.get("type") == Authenticator.Type.WEBAUTHN for proof in proofs):
        return Strength.TWO
    if any(proof.get("method") == PROVIDER and proof.get("mfa") is True for proof in proofs):
        return Strength.TWO  # another organisation asked for both, and the operator believes it
    if codes and methods & {PASSWORD, LINK, PROVIDER}:
        return Strength.TWO
    if codes or methods & {PASSWORD, PROVIDER}:
        return Strength.ONE
    return Strength.LINK if LINK in methods else Strength.NONE


def has_strong(person: Any, *, without: Authenticator | None = None) -> bool:
    """Whether a person has a way in that counts as two factors: a passkey, or a password with an app."""
    rows = Authenticator.objects.filter(user_id=person.pk)
    kinds = set((rows.exclude(pk=without.pk) if without else rows).values_list("type", flat=True))
    return "webauthn" in kinds or ("totp" in kinds and bool(person.password) and person.has_usable_password())


def is_recent(request: HttpRequest, *, at: datetime) -> bool:
    """Whether the newest proof is not older than five minutes."""
    found = authentication_of(request)
    return found is not None and found.strength is not Strength.NONE and at - found.proved_at < RECENT


def note(request: HttpRequest, person: Any, method: str, **more: object) -> None:
    """Write down a proof that allauth did not ask for itself: a link, or a passkey that was just made."""
    record_authentication(request, person, method, **more)


def begin(request: HttpRequest, *, at: datetime) -> None:
    """Write down when this session began, and its name for others."""
    request.session[BEGAN] = at.timestamp()
    request.session[SID] = secrets.token_urlsafe(SID_BYTES)


def began_at(request: HttpRequest) -> datetime:
    """Return when the session began; a session that does not say began with time itself, and is over."""
    return _moment(request.session.get(BEGAN, 0.0))


def sid_of(request: HttpRequest) -> str:
    """Return the session's name in tokens (`sid`): random, and never its key."""
    return str(request.session.get(SID, ""))


def _proofs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the proofs that belong to this session: what lay in the browser long before counts for nothing."""
    since = (began_at(request) - PROOFS_COUNT_BEFORE).timestamp() if BEGAN in request.session else 0.0
    return [proof for proof in get_authentication_records(request, request.user) if proof["at"] >= since]


def _amr(proofs: list[dict[str, Any]]) -> tuple[str, ...]:
    found: set[str] = set()
    for proof in proofs:
        if proof.get("method") == PASSWORD:
            found.add("pwd")
        elif proof.get("type") == Authenticator.Type.WEBAUTHN:
            found |= {_key_kind(proof.get("id")), "user"}
        elif proof.get("method") == MFA:
            found.add("otp")
    if strength_of(proofs) is Strength.TWO:
        found.add("mfa")
    return tuple(sorted(found))


def _key_kind(identifier: object) -> str:
    """Return `hwk` for a key that never leaves its device, `swk` for one that may be copied between devices."""
    row = Authenticator.objects.filter(pk=identifier).first() if isinstance(identifier, int) else None
    if row is None:
        return "swk"
    return "swk" if row.wrap().authenticator_data.is_backup_eligible() else "hwk"


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, tz=UTC)
