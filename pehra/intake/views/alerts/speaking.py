"""How the doors for other systems' programs answer: JSON in their own words, whatever goes wrong."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError

from pehra.access.api import Request, read_object
from pehra.intake.rules.saying import Handed
from pehra.kernel.refusals import Fault, Forbidden, Invalid, NotVisible, Refusal

View = Callable[..., HttpResponse]
Refuser = Callable[[int, str], HttpResponse]
MEDIA_TYPE = "application/json"
BODY_PART = "_json"
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotVisible, 404),
    (Forbidden, 403),
    (RequestDataTooBig, 413),
    (MultiPartParserError, 400),
    (Refusal, 400),
    (Fault, 503),
)
_EXPECTED = tuple(kind for kind, _status in _STATUSES)


def door(refuse: Refuser, **methods: View) -> View:
    """Return one address of several methods: each a function, every refusal in the system's own words."""

    @login_not_required
    def endpoint(request: Request, **named: Any) -> HttpResponse:
        view = methods.get("GET" if request.method == "HEAD" else request.method or "")
        if view is None:
            refused = refuse(405, "this is not done here")
            refused.headers["Allow"] = ", ".join(sorted(methods))
            return refused
        return _guarded(view, refuse)(request, **named)

    return endpoint


def _guarded(view: View, refuse: Refuser) -> View:
    @wraps(view)
    def guarded(request: Request, **named: Any) -> HttpResponse:
        try:
            return view(request, **named)
        except _EXPECTED as error:
            status = next(status for kind, status in _STATUSES if isinstance(error, kind))
            return refuse(status, "not found" if status == 404 else str(error))

    return guarded


def answer(said: Any, status: int = 200) -> HttpResponse:
    """Return a JSON answer; None is an empty one."""
    content = "" if said is None else json.dumps(said, ensure_ascii=False)
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE)


def body_of(request: Request) -> tuple[bytes, dict[str, Any], dict[str, Handed]]:
    """Return a request's bytes, what it says, and the files that came along by the names of their parts."""
    raw = request.body
    if (request.content_type or "").startswith("multipart/"):
        said = read_object(request.POST.get(BODY_PART, "{}").encode("utf-8", "replace"))
        files = {
            part: Handed(name=file.name or part, content=file.read(), media_type=file.content_type or "")
            for part, file in request.FILES.items()
            if isinstance(file, UploadedFile)
        }
        # thehive4py posts its text as a part with a file's name or without one.
        if BODY_PART in files:
            said = read_object(files.pop(BODY_PART).content)
        return raw, said, files
    if not raw:
        raise Invalid("there is nothing here")
    return raw, read_object(raw), {}
