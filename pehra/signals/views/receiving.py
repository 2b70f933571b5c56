"""The addresses for receivers: stream management of the Shared Signals Framework 1.0, and the poll of RFC 8936.

They stand behind the door for programs: a token, no cookie. Every refusal is a small JSON document with `err` and
`description`, and what is another's is answered as what is not there.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Request
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.signals import api

MEDIA_TYPE = "application/json"
View = Callable[..., HttpResponse]
_REFUSALS: tuple[tuple[type[Refusal], int, str], ...] = (
    (NotVisible, 404, "not_found"),
    (Forbidden, 403, "access_denied"),
    (api.StreamExists, 409, "stream_exists"),
    (api.TooSoon, 429, "too_many_requests"),
    (Refusal, 400, "invalid_request"),
)


def _door(*methods: str) -> Callable[[View], View]:
    """Make a function an address for these methods: whatever is refused inside is a document."""

    def wrap(view: View) -> View:
        @login_not_required
        @wraps(view)
        def endpoint(request: Request, **named: Any) -> HttpResponse:
            if request.method not in methods:
                refused = _refusal(405, "invalid_request", _("This is not done here."))
                refused.headers["Allow"] = ", ".join(methods)
                return refused
            try:
                return view(request, **named)
            except RequestDataTooBig:
                return _refusal(413, "invalid_request", _("This is too large."))
            except Refusal as refusal:
                status, err = next((code, err) for kind, code, err in _REFUSALS if isinstance(refusal, kind))
                words = _("There is no such stream.") if status == 404 else refusal.message
                return _refusal(status, err, words)

        return endpoint

    return wrap


def _refusal(status: int, err: str, description: str) -> HttpResponse:
    return _answer({"err": err, "description": description}, status=status)


def _answer(document: Any, *, status: int = 200) -> HttpResponse:
    answer = HttpResponse(json.dumps(document, ensure_ascii=False), status=status, content_type=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _nothing(status: int) -> HttpResponse:
    answer = HttpResponse(status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _said(request: Request) -> Mapping[str, Any]:
    """Return the body of a request: one JSON object, read strictly."""
    return access.read_object(request.body)


def _named(request: Request) -> UUID | None:
    text = request.GET.get("stream_id", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotVisible("no stream has such a name") from None


@login_not_required
def configuration(request: Request) -> HttpResponse:
    """Say what a receiver must know to begin; open to all, and about nobody."""
    if request.method not in ("GET", "HEAD"):
        return _refusal(405, "invalid_request", _("This is not done here."))
    answer = _answer(api.configuration())
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@_door("GET", "POST", "PATCH", "PUT", "DELETE")
def streams(request: Request) -> HttpResponse:
    """Make, read, change or take away the receiver's stream."""
    by, at = request.actor, request.at
    match request.method:
        case "POST":
            return _answer(api.create_stream(said=_said(request), by=by, at=at), status=201)
        case "PATCH" | "PUT":
            return _answer(api.change_stream(said=_said(request), whole=request.method == "PUT", by=by, at=at))
    stream_id = _named(request)
    if request.method == "DELETE":
        if stream_id is None:
            return _refusal(400, "invalid_request", _("stream_id is needed"))
        api.delete_stream(stream_id=stream_id, by=by, at=at)
        return _nothing(204)
    if stream_id is None:
        return _answer(api.own_streams(by=by, at=at))
    return _answer(api.own_stream(stream_id=stream_id, by=by, at=at))


@_door("GET", "POST")
def standing(request: Request) -> HttpResponse:
    """Read or change whether the receiver's stream is enabled, paused or disabled."""
    if request.method == "POST":
        return _answer(api.set_stream_status(said=_said(request), by=request.actor, at=request.at))
    stream_id = _named(request)
    if stream_id is None:
        return _refusal(400, "invalid_request", _("stream_id is needed"))
    return _answer(api.stream_status(stream_id=stream_id, by=request.actor, at=request.at))


@_door("POST")
def add_subject(request: Request) -> HttpResponse:
    """Tell the receiver of somebody again; whether there is such a person is never said."""
    api.include_subject(said=_said(request), by=request.actor, at=request.at)
    return _nothing(200)


@_door("POST")
def remove_subject(request: Request) -> HttpResponse:
    """Tell the receiver nothing more of somebody."""
    api.exclude_subject(said=_said(request), by=request.actor, at=request.at)
    return _nothing(204)


@_door("POST")
def verify(request: Request) -> HttpResponse:
    """Send a verification event soon."""
    api.ask_verification(said=_said(request), by=request.actor, at=request.at)
    return _nothing(204)


@_door("POST")
def poll(request: Request, stream_id: UUID) -> HttpResponse:
    """Take acknowledgements, and give what waits."""
    return _answer(api.poll(stream_id=stream_id, said=_said(request), by=request.actor, at=request.at))
