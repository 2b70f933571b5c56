"""The doors for programs: who comes in there, and that nothing of a browser counts.

Under these addresses a request acts by `Authorization: Bearer pehra_…` alone. Its cookies are dropped before anything
reads them, so that no page of another site can make a signed-in person's browser act: there is no such request to
forge, and no token against forgery is needed. A bad token is 401, never a redirect.
"""

from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible
from pehra.web import problems

Answer = Callable[[HttpRequest], HttpResponse]

DOORS = ("/api/", "/scim/", "/signals/", "/intake/thehive/", "/intake/iris/")
# They say what may be asked, and nothing of anybody.
OPEN = frozenset({"/api/v1/openapi.json", "/scim/v2/ServiceProviderConfig"})
BODY_BYTES_MAX = 1024 * 1024
# An alert brings its file along: a mail, a sample. As much as a form of the pages may bring.
WITH_FILES = ("/intake/thehive/",)
AGAIN_AFTER_SECONDS = int(access.BAD_TOKENS_WINDOW.total_seconds())
REALM = 'Bearer realm="pehra"'


def is_machine(request: HttpRequest) -> bool:
    """Whether a request came to a door for programs."""
    return request.path_info.startswith(DOORS)


def machine_doors(answer: Answer) -> Answer:
    """Return middleware that drops what a browser sends along, and refuses a body that is too large unread."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_machine(request):
            request.COOKIES = {}
            # Without a cookie there is nothing to forge; views need not remember to say so.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
            with suppress(ValueError):
                most = _bytes_max(request)
                if int(request.META.get("CONTENT_LENGTH") or 0) > most:
                    return problems.answer(request, 413, detail=f"a request has at most {most} bytes")
        return answer(request)

    return middleware


def _bytes_max(request: HttpRequest) -> int:
    most: int = settings.PEHRA_REQUEST_BYTES_MAX
    return most if request.path_info.startswith(WITH_FILES) else BODY_BYTES_MAX


def actor_of(request: HttpRequest) -> Actor | None:
    """Return who acts by the request's token, or nobody where it brings none; refuse one that is no good."""
    header = request.headers.get("Authorization", "")
    if not header.strip():
        return None
    return access.actor_for_token(token=_token(header), at=request.at)  # type: ignore[attr-defined]


def _token(header: str) -> str:
    scheme, _space, token = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NotVisible("only tokens are taken here")
    return token.strip()


def bad_token(request: HttpRequest, *, source: str) -> HttpResponse:
    """Return the refusal of a token that is no good: one shape, whether it never was, has expired or was revoked."""
    with suppress(NotVisible):
        token = _token(request.headers.get("Authorization", ""))
        if access.note_bad_token(token=token, source=source, at=request.at):  # type: ignore[attr-defined]
            return problems.answer(request, 429, Retry_After=str(AGAIN_AFTER_SECONDS))
    return problems.answer(request, 401, WWW_Authenticate=f'{REALM}, error="invalid_token"')


def no_token(request: HttpRequest) -> HttpResponse:
    """Return the refusal of a request that brings no token where one is needed."""
    return problems.answer(request, 401, WWW_Authenticate=REALM)
