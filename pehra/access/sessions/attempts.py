"""Tries of a password: counted so that guessing is slow, and so that nobody is locked out by a stranger.

What is counted, by `rules/attempts.py`: this network against this account, this network against all, and all strangers
against this account. A browser in which the account came in by two factors before carries a signed mark; what it tries
is counted by itself, whatever strangers do. A passkey is not counted at all: there is nothing to guess. An address
that nobody has is counted as one that somebody has. Kept: keyed hashes, for a quarter of an hour.

Tries that arrive at one moment do not see each other: they overshoot a limit by at most the number of threads.
"""

import hmac
import secrets
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from pehra.access.models import FailedAttempt, Person
from pehra.access.rules import attempts as rules
from pehra.kernel.identifiers import new_id

COOKIE = "pehra_known"
COOKIE_DAYS = 180
ACCOUNTS_OF_A_DEVICE_MAX = 4
_DEVICE_BYTES = 16


def too_many(*, email: str, source: str, device: str, at: datetime) -> bool:
    """Whether one more password for this address may not be tried now, from there."""
    if device:
        return _count("device", f"{device}:{_same(email)}", at=at) >= rules.DEVICE_MAX
    network = rules.network_of(source)
    if _count("here", f"{network}:{_same(email)}", at=at) >= rules.HERE_MAX:
        return True
    if _count("network", network, at=at) >= rules.NETWORK_MAX:
        return True
    if _count("strangers", _same(email), at=at) < rules.STRANGERS_MAX:
        return False
    return FailedAttempt.objects.filter(
        source=_named("strangers", _same(email)), at__gt=at - rules.SLOWED_TO, at__lte=at
    ).exists()


def note_failure(*, email: str, source: str, device: str, at: datetime) -> None:
    """Count a password that was wrong; what is older than the window is forgotten."""
    FailedAttempt.objects.filter(at__lt=at - rules.WINDOW).delete()
    network = rules.network_of(source)
    buckets = [("device", f"{device}:{_same(email)}")]
    if not device:
        buckets = [("here", f"{network}:{_same(email)}"), ("network", network), ("strangers", _same(email))]
    FailedAttempt.objects.bulk_create(
        FailedAttempt(id=new_id(at), source=_named(kind, name), at=at) for kind, name in buckets
    )


def known_device(request: HttpRequest, *, email: str) -> str:
    """Return the device's number when this account came in here by two factors before; else nothing."""
    marks = request.COOKIES.get(cookie_name(), "").split("~")[:ACCOUNTS_OF_A_DEVICE_MAX]
    person = Person.objects.filter(email=_same(email), active=True, service=False).first()
    for mark in marks:
        device, _point, signature = mark.partition(".")
        if person is not None and device and hmac.compare_digest(signature.encode(), _signed(device, person).encode()):
            return device
    return ""


def remember_device(request: HttpRequest, answer: HttpResponse, person: Person) -> None:
    """Mark this browser as one in which the account came in by two factors.

    The mark is signed with what every session of the account is signed with: after a recovery or another password it
    is no mark any more. It opens nothing; it only says whose tries are counted apart.
    """
    marks = [mark for mark in request.COOKIES.get(cookie_name(), "").split("~") if mark]
    known = known_device(request, email=person.email)
    device = known or secrets.token_urlsafe(_DEVICE_BYTES).replace("~", "").replace(".", "")
    mine = f"{device}.{_signed(device, person)}"
    kept = [mine, *(mark for mark in marks if mark != mine)][:ACCOUNTS_OF_A_DEVICE_MAX]
    answer.set_cookie(
        cookie_name(),
        "~".join(kept),
        max_age=COOKIE_DAYS * 24 * 3600,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def cookie_name() -> str:
    """Return the cookie's name, which under https binds it to this host."""
    return f"{settings.COOKIE_PREFIX}{COOKIE}"


def _same(email: str) -> str:
    return email.strip().lower()


def _signed(device: str, person: Person) -> str:
    said = f"device:{device}:{person.pk}:{person.get_session_auth_hash()}"
    return hmac.new(settings.SECRET_KEY.encode(), said.encode(), "sha256").hexdigest()


def _named(kind: str, name: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"password:{kind}:{name}".encode(), "sha256").hexdigest()


def _count(kind: str, name: str, *, at: datetime) -> int:
    return FailedAttempt.objects.filter(source=_named(kind, name), at__gt=at - rules.WINDOW, at__lte=at).count()
