"""How every operation answers: a part returns its dataclasses, and they become bytes here.

Types say what an answer looks like, in the description and on the wire: there is no second model to keep in step. What
is read carries an ETag of exactly the bytes that this reader may see; what is written can be sent again under its
`Idempotency-Key` and is done once.
"""

import hmac
import re
from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from ninja.operation import Operation
from pydantic import TypeAdapter

from pehra.access import api as access
from pehra.access.api import Request
from pehra.kernel.canonical import canonical
from pehra.kernel.refusals import Invalid

MEDIA_TYPE = "application/json"
IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_KEY_CHARACTERS_MAX = 100
READS = frozenset({"GET", "HEAD"})
_KEY = re.compile(rf"[!-~]{{1,{IDEMPOTENCY_KEY_CHARACTERS_MAX}}}")
Act = Callable[..., Any]


class UnknownParameters(Invalid):
    """A query names what the operation does not know: without this, a misspelt filter would look like "nothing"."""


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Return what writes values of a type."""
    return TypeAdapter(kind)


def declared(operation: Operation) -> tuple[int, Any]:
    """Return the status and the type that an operation declares for its answer; a type of None is an empty one."""
    status, model = next(iter(operation.response_models.items()))
    return status, None if model is None else model.model_fields["response"].annotation


def query_names(operation: Operation) -> frozenset[str]:
    """Return the names that an operation knows in a query."""
    return frozenset(
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in getattr(model, "__ninja_flatten_map__", model.model_fields)
    )


def answered(act: Act) -> Act:
    """Return an operation whose dataclasses become the answer; put around each of them, in every part."""
    operation: Operation = act._ninja_operation  # type: ignore[attr-defined]
    status, kind = declared(operation)
    known = query_names(operation)

    @wraps(act)
    def answer(request: Request, **values: Any) -> HttpResponse:
        unknown = sorted(set(request.GET) - known)
        if unknown:
            names = ", ".join(sorted(known)) or "none"
            raise UnknownParameters(f"not known here; this operation knows: {names}", field=unknown[0])
        if request.method in READS:
            return marked(request, _written(act(request, **values), status, kind))
        return _once(request, lambda: _written(act(request, **values), status, kind))

    return answer


def _written(value: Any, status: int, kind: Any) -> HttpResponse:
    if isinstance(value, HttpResponse):
        return value
    if kind is None:
        return HttpResponse(status=status, content_type=MEDIA_TYPE)
    return HttpResponse(adapter_of(kind).dump_json(value), status=status, content_type=MEDIA_TYPE)


def marked(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Mark what was read by its bytes, after the wall; who has these very bytes already is told so."""
    response.headers["ETag"] = f'"{sha256(response.content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response


def _once(request: Request, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do what is asked; under a key that was used for it before, give the answer of that time.

    The act is one transaction: what is refused half-way has done nothing. With a key, so are the key and the answer: of
    two that come together one waits, and finds it done.
    """
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        with transaction.atomic():
            return act()
    if not _KEY.fullmatch(key):
        raise Invalid(f"at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} printable letters", field=IDEMPOTENCY_KEY)
    with transaction.atomic():
        claim = access.claim_answer(key=key, request_sha256=_asked(request), by=request.actor, at=request.at)
        if claim.status is not None:
            response = HttpResponse(claim.body, status=claim.status, content_type=MEDIA_TYPE)
            response.headers["Idempotency-Replayed"] = "true"
            return response
        response = act()
        access.keep_answer(claim_id=claim.id, status=response.status_code, body=response.content, by=request.actor)
        return response


def _asked(request: Request) -> str:
    """Return a digest of what is asked and with which rights: whose rights changed is not answered again.

    Keyed: what is asked may hold a secret (a leaked password), and a plain digest of it could be guessed at.
    """
    by = request.actor
    rights = [sorted(by.permissions), sorted(by.teams), sorted(by.organisations)]
    asked = [request.method, request.path_info, request.META.get("QUERY_STRING", ""), request.body.hex(), rights]
    return hmac.new(settings.SECRET_KEY.encode(), canonical(asked), "sha256").hexdigest()
