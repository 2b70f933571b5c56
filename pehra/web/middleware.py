"""What every request passes: forbidding headers, the actor who asks, the moment of asking, refusals as pages.

The time is read here, once a request; a view takes it from `request.at`. Who asks is `request.actor`: an actor without
rights when nobody is signed in, so that a view which forgets to ask still shows nothing.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable, QueryCanceled

from pehra.access import api as access
from pehra.kernel import clock
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Fault, Forbidden, Gone, NotVisible, Refusal
from pehra.law import api as law
from pehra.web import machines, refused

Answer = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
_DEVICE = (
    "accelerometer autoplay browsing-topics camera display-capture encrypted-media fullscreen geolocation gyroscope "
    "hid magnetometer microphone midi payment picture-in-picture screen-wake-lock serial usb xr-spatial-tracking"
)
# Nothing of a device is asked for but a passkey, and that by our own pages alone.
PERMISSIONS_POLICY = ", ".join(
    [
        *(f"{feature}=()" for feature in _DEVICE.split()),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": PERMISSIONS_POLICY,
    "X-Frame-Options": "DENY",
    # Also by SecurityMiddleware; here so that no order of middleware and no server setting can lose them.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_log = logging.getLogger(__name__)
_TOOK_TOO_LONG = (QueryCanceled, LockNotAvailable)
_NOBODY = Actor(id="nobody", kind=ActorKind.PERSON, name="")


def security_headers(answer: Answer) -> Answer:
    """Return middleware that puts the forbidding headers on every answer, errors and static files included."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        for name, value in _HEADERS.items():
            response.setdefault(name, value)
        return response

    return middleware


def second_wall(answer: Answer) -> Answer:
    """Return middleware that answers each request in one transaction, behind the database's own wall.

    Until `Acting` knows who asks, the database shows accounts and nothing else. An answer that says that we failed
    leaves nothing behind; a refusal keeps what was written down about it. A database that is away, starting anew or
    full is said to be so, before, within or at the end of the transaction: never an answer to what was not kept.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            with transaction.atomic(), access.at_the_door():
                response = answer(request)
                if response.status_code >= 500:
                    transaction.set_rollback(True)
        except (DatabaseError, InterfaceError) as error:
            if not refused.is_away(error):
                raise
            _log.error("the database did not take a request: %s", type(error.__cause__ or error).__name__)
            return refused.away(request)
        return response

    return middleware


class Acting:
    """Says who asks and when, shows times in the country's zone, and turns refusals into pages."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request with its actor and moment known."""
        request.at = clock.now()  # type: ignore[attr-defined]
        refusal = self._come_in(request)
        if refusal is not None:
            return refusal
        zone = ZoneInfo(law.load(settings.PEHRA_PROFILE).identity.timezone)
        with timezone.override(zone), ExitStack() as standing:
            standing.enter_context(access.bound(actor=request.actor, to_the_end=True))  # type: ignore[attr-defined]
            request.standing = standing  # type: ignore[attr-defined]
            response = self.answer(request)
        # What one person may see must not be shown to the next from a shared cache.
        response.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, named: dict[str, object]
    ) -> HttpResponse | None:
        """Refuse a NUL, which no text of ours holds and no column of the database takes; let sign-in see accounts.

        Who has not proved enough yet is led to where they do.
        """
        if _is_about_accounts(view, request.actor):  # type: ignore[attr-defined]
            sees_people = access.elevated(part="web.sign-in", only_people=True)
            request.standing.enter_context(sees_people)  # type: ignore[attr-defined]
        if "\0" in request.path:
            return refused.not_found(request)
        sent = (text for form in (request.GET, request.POST) for name in form for text in (name, *form.getlist(name)))
        if any("\0" in text for text in sent):
            return refused.invalid(request)
        first = access.what_comes_first(request)
        return redirect(first) if first else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page for a refusal; our own bugs are left to crash."""
        match exception:
            case NotVisible():
                return refused.not_found(request)
            case Forbidden():
                return refused.forbidden(request, exception)
            case Gone():
                return refused.gone(request, exception)
            case Refusal():
                return refused.invalid(request, exception)
            case Fault():
                return refused.faulty(request, exception)
            case OperationalError() if isinstance(exception.__cause__, _TOOK_TOO_LONG):
                return refused.faulty(request, Fault(_("This took too long and was stopped. Ask for less at once.")))
        return refused.away(request) if refused.is_away(exception) else None

    def _come_in(self, request: HttpRequest) -> HttpResponse | None:
        """Put who acts on the request; return the refusal of a program that brings no good token."""
        if not machines.is_machine(request):
            request.actor = self._actor(request)  # type: ignore[attr-defined]
            return None
        request.user = AnonymousUser()
        try:
            actor = machines.actor_of(request)
        except NotVisible:
            return machines.bad_token(request, source=access.source_of(request))
        if actor is None and request.path_info not in machines.OPEN:
            return machines.no_token(request)
        request.actor = actor or _NOBODY  # type: ignore[attr-defined]
        return None

    def _actor(self, request: HttpRequest) -> Actor:
        access.keep_session(request, at=request.at)  # type: ignore[attr-defined]
        if not request.user.is_authenticated:
            return _NOBODY
        return access.actor_for(person_id=request.user.pk, at=request.at)  # type: ignore[attr-defined]


def _is_about_accounts(view: object, actor: Actor) -> bool:
    """Whether a view must read accounts beyond the actor's own: allauth's pages, and ours before somebody is known."""
    module = getattr(view, "__module__", "")
    return module.startswith("allauth.") or (module.startswith("pehra.access.") and actor is _NOBODY)
