"""Refusals for programs: one small JSON document by RFC 9457, whatever went wrong and wherever.

What a program may not see and what does not exist are one answer, byte for byte. Nothing of a request is repeated, so
that no answer tells apart what it was asked about, and no token ever stands in one.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.http import HttpRequest, HttpResponse

MEDIA_TYPE = "application/problem+json"
SCIM_MEDIA_TYPE = "application/scim+json"
SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SCIM_DOOR = "/scim/"

# The phrases of RFC 9110 and RFC 6585: the standard library's own differ from one Python to the next.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """What is wrong with one value: where it stands (`query`, `path`, `header`, `body`), its name, and what to do."""

    place: str
    field: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A refusal (RFC 9457). `errors` names each value at fault; it is empty where none is."""

    status: int
    title: str
    type: str = "about:blank"
    detail: str = ""
    errors: tuple[FieldError, ...] = ()


def answer(
    request: HttpRequest, status: int, *, detail: str = "", errors: Iterable[FieldError] = (), **headers: str
) -> HttpResponse:
    """Return a refusal as a document; one to a directory's program is in that protocol's own words."""
    if request.path_info.startswith(SCIM_DOOR) and status == 422:
        status = 400  # that protocol's only word for it
    title = TITLES.get(status, "Error")
    if request.path_info.startswith(SCIM_DOOR):
        said: dict[str, object] = {"schemas": [SCIM_ERROR], "status": str(status), "detail": detail or title}
        media_type = SCIM_MEDIA_TYPE
    else:
        said = asdict(Problem(status=status, title=title, detail=detail, errors=tuple(errors)))
        media_type = MEDIA_TYPE
    response = HttpResponse(json.dumps(said, ensure_ascii=False), status=status, content_type=media_type)
    response.headers["Cache-Control"] = "private, no-store"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
