"""The one interface of REST: which parts answer under which noun, and how each refusal looks.

A part's operations are a `Router` in its own `rest.py`; here they get the door's token, the answer's form and the one
mapping from refusals to documents. What an operation returns are its part's dataclasses.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.security.base import AuthBase

from pehra.kernel.json_text import NotJson
from pehra.kernel.refusals import Fault, Forbidden, Gone, Invalid, NotVisible, Refusal
from pehra.kernel.sentences import in_language
from pehra.web import problems
from pehra.web.problems import FieldError
from pehra.web.rest import answers
from pehra.web.rest.law import router as law
from pehra.web.rest.ledger import router as ledger
from pehra.web.rest.reading import StrictParser
from pehra.web.rest.situation import router as situation

PREFIX = "/api/v1"
# One noun a part: a new part adds its router here, and nothing else.
ROUTERS: dict[str, Router | str] = {
    "access": "pehra.access.rest.router",
    "findings": "pehra.findings.rest.router",
    "incidents": "pehra.incidents.rest.router",
    "intake": "pehra.intake.rest.router",
    "intel": "pehra.intel.rest.router",
    "law": law,
    "ledger": ledger,
    "outbox": "pehra.outbox.rest.router",
    "registry": "pehra.registry.rest.router",
    "signals": "pehra.signals.rest.router",
    "situation": situation,
    "telemetry": "pehra.telemetry.rest.router",
    "threads": "pehra.threads.rest.router",
}


class Bearer(AuthBase):
    """The token that the door has taken already: an operation without an actor is refused, whatever let it in."""

    openapi_type = "http"

    def __call__(self, request: HttpRequest) -> Any:
        """Return who acts."""
        actor = getattr(request, "actor", None)
        return actor if actor is not None and request.headers.get("Authorization") else None


def _interface() -> NinjaAPI:
    made = NinjaAPI(
        title="Pehra", version="1", urls_namespace="api", docs_url=None, openapi_url=None, auth=Bearer(),
        parser=StrictParser(),
    )  # fmt: skip
    for family, respond in REFUSALS.items():
        made.add_exception_handler(family, respond)
    made.add_decorator(answers.answered)
    for noun, router in ROUTERS.items():
        made.add_router(noun, router, tags=[noun])
    return made


def urls(*further: URLPattern) -> list[URLPattern]:
    """Return the addresses of every operation, each of them a program's door, and those given besides."""
    doors = [
        path(str(made.pattern), _opened(made.callback), name=made.name)
        for made in interface.urls[0]
        if isinstance(made, URLPattern) and made.callback is not None and made.name != "api-root"
    ]
    return [*further, *doors]


def _opened(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @login_not_required
    def opened(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        response = view(request, *arguments, **named)
        if response.status_code == 405:
            return problems.answer(request, 405, Allow=response.headers["Allow"])
        return response

    return opened


def _not_there(request: HttpRequest, refusal: Exception) -> HttpResponse:
    return problems.answer(request, 404)


def _not_allowed(request: HttpRequest, refusal: Forbidden) -> HttpResponse:
    return problems.answer(request, 403, detail=_told(refusal))


def _gone(request: HttpRequest, refusal: Gone) -> HttpResponse:
    return problems.answer(request, 410, detail=_told(refusal))


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    errors = [FieldError(place=_place(request, refusal), field=refusal.field, detail=_told(refusal))]
    return problems.answer(request, 422, detail=_told(refusal), errors=errors if refusal.field else ())


def _told(refusal: Refusal) -> str:
    """Return what a refusal says in the language that the request asked for."""
    return in_language(refusal.message, gettext)


def _place(request: HttpRequest, refusal: Refusal) -> str:
    if refusal.field == answers.IDEMPOTENCY_KEY:
        return "header"
    if request.method in answers.READS or isinstance(refusal, answers.UnknownParameters):
        return "query"
    return "body"


def _unreadable(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
    errors = [_field_error(error) for error in refusal.errors]
    return problems.answer(request, 422, detail="not as this operation is described", errors=errors)


def _field_error(error: dict[str, Any]) -> FieldError:
    place, *steps = (str(step) for step in error["loc"])
    # A body is one value with a name of its own in our code, which is nobody else's business.
    inside = steps[1:] if place == "body" else steps
    # Pydantic's own sentence for an unreadable value may repeat some of it; its kind never does.
    detail = error["msg"] if "found" not in error["msg"] else error["type"].replace("_", " ")
    return FieldError(place=place, field=".".join(inside), detail=detail)


def _at_fault(request: HttpRequest, fault: Fault) -> HttpResponse:
    return problems.answer(request, 503, detail=str(fault))


def _by_status(request: HttpRequest, refusal: HttpError) -> HttpResponse:
    unread = refusal.__cause__
    detail = unread.message if isinstance(unread, NotJson) else ""
    if refusal.status_code == 401:
        return problems.answer(request, 401, WWW_Authenticate='Bearer realm="pehra"')
    return problems.answer(request, refusal.status_code, detail=detail)


REFUSALS: dict[type[Exception], Callable[..., HttpResponse]] = {
    NotVisible: _not_there,
    Forbidden: _not_allowed,
    Gone: _gone,
    Invalid: _refused,
    Refusal: _refused,
    Fault: _at_fault,
    ValidationError: _unreadable,
    HttpError: _by_status,
}
interface = _interface()


def operations() -> list[tuple[str, Any]]:
    """Return every operation with its address: for the description, and for tests that hold all of them."""
    found = []
    for bound in interface._get_bound_routers():
        for place, view in bound.path_operations.items():
            steps = "/".join(step for step in (bound.prefix.strip("/"), place.strip("/")) if step)
            found += [(f"{PREFIX}/{steps}", operation) for operation in view.operations]
    return found
