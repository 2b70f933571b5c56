"""How long a session lasts, and what comes first in it: enrolment, or the second factor.

A session ends after the profile's `session_max`, however busy; after `PEHRA_SESSION_IDLE_SECONDS` without a sign of
its person (a page that refreshes itself is none); and with the browser. Where two factors are wanted, nothing opens
to one: who has no second is led to make one, who has one is led to show it.
"""

from datetime import UTC, datetime, timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from pehra.access.sessions import proofs
from pehra.kernel.actors import Actor, ActorKind
from pehra.law import api as law
from pehra.ledger import api as ledger

SEEN = "pehra_seen"
SEEN_EVERY = timedelta(minutes=1)  # how exactly the last sign of somebody is kept
BY_ITSELF = "refresh"  # what a page that refreshes itself says of its request
AGENT_CHARACTERS_MAX = 200
OPEN_BEFORE = frozenset(
    {
        *("access:enrol", "access:link", "access:sign-in", "access:sign-out", "account_login", "account_logout"),
        *("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "web:language", "web:theme"),
    }
)
OPEN_TO_ENROL = frozenset({"account_set_password", "mfa_activate_totp", "mfa_add_webauthn"})


def keep(request: HttpRequest, *, at: datetime) -> None:
    """End a session that is over; of one that is not, note that its person was seen."""
    if not request.user.is_authenticated:
        return
    profile = law.load(settings.PEHRA_PROFILE)
    longest = law.access_policy(profile, on=law.day_of(profile, at)).session_max
    seen = datetime.fromtimestamp(request.session.get(SEEN, at.timestamp()), tz=UTC)
    if at - proofs.began_at(request) >= longest:
        leave(request, why="longest", at=at)
    elif at - seen >= timedelta(seconds=settings.PEHRA_SESSION_IDLE_SECONDS):
        leave(request, why="idle", at=at)
    elif request.headers.get("X-Requested-With") != BY_ITSELF and (
        SEEN not in request.session or at - seen >= SEEN_EVERY
    ):
        request.session[SEEN] = at.timestamp()
        UserSession.objects.filter(session_key=request.session.session_key).update(
            last_seen_at=at,
            ip=get_adapter().get_client_ip(request),
            user_agent=request.headers.get("User-Agent", "")[:AGENT_CHARACTERS_MAX],
        )


def leave(request: HttpRequest, *, why: str, at: datetime) -> None:
    """End this session: its row, its key and what it kept; and write down why."""
    person = request.user
    by = Actor(id=str(person.pk), kind=ActorKind.PERSON, name=person.name)  # type: ignore[union-attr]
    facts = {"which": "this", "why": why, "sids": [proofs.sid_of(request)]}
    ledger.record("access.session.ended", subject=f"person:{person.pk}", by=by, at=at, facts=facts)
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    auth.logout(request)


def is_through(request: HttpRequest) -> bool:
    """Whether somebody proved enough for every page to open that their roles open."""
    return not settings.PEHRA_MFA_REQUIRED or proofs.strength(request) is proofs.Strength.TWO


def what_comes_first(request: HttpRequest) -> str:
    """Return the address of what a signed-in person must do before this page opens; empty when nothing."""
    if not request.user.is_authenticated or is_through(request):
        return ""
    named = request.resolver_match.view_name if request.resolver_match else ""
    if named in OPEN_BEFORE:
        return ""
    if proofs.has_strong(request.user):
        ways = get_adapter().get_reauthentication_methods(request.user)
        address = str(ways[0]["url"])
    elif named in OPEN_TO_ENROL:
        return ""
    else:
        address = reverse("access:enrol")
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    return f"{address}?{urlencode({'next': back})}" if back not in ("", "/") else address
