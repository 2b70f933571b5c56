"""How SCIM is spoken: requests read strictly, refusals and resources written as RFC 7644 has them.

Every refusal under `/scim/` is a SCIM error: what is not there and what is another's are one answer, byte for byte.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.utils.translation import gettext as _
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    InvalidSyntaxException,
    InvalidValueException,
    NotFoundException,
    PayloadTooLargeException,
    Reference,
    Resource,
    ResponseParameters,
    SCIMException,
    SearchRequest,
)

from pehra.access import api
from pehra.access.requests import Request
from pehra.access.rules import directory as rules
from pehra.access.rules import filters
from pehra.access.rules.documents import read_object
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal

MEDIA_TYPE = "application/scim+json"
MEDIA_TYPES = frozenset({MEDIA_TYPE, "application/json"})
DETAIL_CHARACTERS_MAX = 300
ATTRIBUTES_CHARACTERS_MAX = 2_000
ROOT = "/scim/v2"
SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_PARAMETERS = ("filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes")
_LISTS = ("attributes", "excludedAttributes")
View = Callable[..., HttpResponse]


def door(*methods: str) -> Callable[[View], View]:
    """Make a function a SCIM endpoint for these methods: whatever goes wrong inside is a SCIM error."""

    def wrap(view: View) -> View:
        @login_not_required
        @wraps(view)
        def endpoint(request: Request, **named: str) -> HttpResponse:
            method = "GET" if request.method == "HEAD" else request.method or ""
            if methods and method not in methods:
                refused = refusal(405, _("This is not done here."))
                refused.headers["Allow"] = ", ".join(methods)
                return refused
            try:
                return view(request, **named)
            except (SCIMException, ValidationError, Refusal, RequestDataTooBig) as error:
                return _as_refusal(error)

        return endpoint

    return wrap


def refusal(status: int, detail: str, scim_type: str = "") -> HttpResponse:
    """Return a SCIM error."""
    error = Error(status=status, scim_type=scim_type or None, detail=detail[:DETAIL_CHARACTERS_MAX])
    return answer(error.model_dump(scim_ctx=Context.DEFAULT), status=status)


def _as_refusal(error: Exception) -> HttpResponse:
    match error:
        case NotVisible():
            return refusal(404, NotFoundException().detail)
        case api.Taken():
            return refusal(409, error.message, "uniqueness")
        case api.Stale():
            return refusal(412, error.message)
        case api.Unchangeable():
            return refusal(400, error.message, "mutability")
        case api.TooMany():
            return refusal(413, error.message, "tooMany")
        case Forbidden():
            return refusal(403, error.message)
        case Refusal():
            return refusal(400, error.message, "invalidValue")
        case SCIMException():
            return refusal(error.status, str(error), error.scim_type)
        case ValidationError():
            first = Error.from_validation_errors(error.errors(include_url=False))[0]
            return refusal(first.status or 400, first.detail or "", first.scim_type or "invalidValue")
    return refusal(413, PayloadTooLargeException().detail)


def answer(document: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Return a document as SCIM's own media type."""
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return HttpResponse(text, status=status, content_type=MEDIA_TYPE)


def body_of(request: Request) -> dict[str, Any]:
    """Return the body of a request: one JSON object, read strictly."""
    if (request.content_type or MEDIA_TYPE) not in MEDIA_TYPES:
        error = InvalidSyntaxException(detail=f"send {MEDIA_TYPE}")
        error.status = 415
        raise error
    try:
        return read_object(request.body)
    except Refusal as error:
        raise InvalidSyntaxException(detail=error.message) from error


def base_of(request: Request, *, kind: str = "", code: str = "") -> str:
    """Return the address under which a directory's resources stand."""
    named = f"/{kind}s/{code}" if kind else ""
    return request.build_absolute_uri(f"{ROOT}{named}")


def search_of(said: Mapping[str, Any], model: Any) -> SearchRequest[Any]:
    """Return what is searched for; refuse a filter that is too long or deep before it is bound to anything."""
    if isinstance(said.get("filter"), str):
        filters.check(said["filter"])
    _check_lists(said)
    known = {name: said[name] for name in _PARAMETERS if name in said}
    request_class: Any = SearchRequest.__class_getitem__(model)
    parsed: SearchRequest[Any] = request_class.model_validate(
        {"schemas": [SEARCH_SCHEMA], **known}, scim_ctx=Context.SEARCH_REQUEST
    )
    return parsed


def parameters_of(request: Request, model: Any) -> ResponseParameters[Any]:
    """Return which attributes an answer is to carry."""
    said = query_of(request)
    _check_lists(said)
    known = {name: said[name] for name in _LISTS if name in said}
    parameters_class: Any = ResponseParameters.__class_getitem__(model)
    parsed: ResponseParameters[Any] = parameters_class.model_validate(known)
    return parsed


def query_of(request: Request) -> dict[str, str]:
    """Return the parameters of an address; refuse one that is said twice, of which either could be meant."""
    for name, values in request.GET.lists():
        if name in _PARAMETERS and len(values) > 1:
            raise InvalidValueException(detail=f"{name} is there twice")
    return {name: str(request.GET[name]) for name in _PARAMETERS if name in request.GET}


def _check_lists(said: Mapping[str, Any]) -> None:
    for name in _LISTS:
        if len(str(said.get(name, ""))) > ATTRIBUTES_CHARACTERS_MAX:
            raise InvalidValueException(detail=f"{name} has at most {ATTRIBUTES_CHARACTERS_MAX} characters")


def placed(resource: Resource[Any], base: str) -> Resource[Any]:
    """Return a resource that says where it and its relations stand."""
    if resource.meta is not None:
        resource.meta.location = f"{base}/{resource.meta.resource_type}s/{resource.id}"
    if isinstance(resource, rules.User):
        for membership in resource.groups or []:
            membership.ref = Reference(f"{base}/Groups/{membership.value}")
    if isinstance(resource, rules.Group):
        for member in resource.members or []:
            member.ref = Reference(f"{base}/Users/{member.value}")
    return resource


def one(
    request: Request,
    resource: Resource[Any],
    base: str,
    parameters: ResponseParameters[Any] | None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Return one resource with its version; nothing but the version when the caller has it already."""
    placed(resource, base)
    version = str(resource.meta.version) if resource.meta else ""
    if request.method == "GET" and version and version in request.headers.get("If-None-Match", "").split(", "):
        said = HttpResponse(status=304)
    else:
        context = Context.RESOURCE_CREATION_RESPONSE if status == 201 else Context.RESOURCE_QUERY_RESPONSE
        said = answer(resource.model_dump(scim_ctx=context, response_parameters=parameters), status=status)
        location = str(resource.meta.location) if resource.meta else ""
        said.headers["Location" if status == 201 else "Content-Location"] = location
    said.headers["ETag"] = version
    return said


def page(total: int, found: list[Any], base: str, search: SearchRequest[Any]) -> HttpResponse:
    """Return a page of what was found."""
    dumped = [
        placed(resource, base).model_dump(scim_ctx=Context.SEARCH_RESPONSE, response_parameters=search)
        for resource in found
    ]
    return listed(dumped, total=total, first=search.start_index or 1)


def listed(dumped: list[dict[str, Any]], *, total: int, first: int = 1) -> HttpResponse:
    """Return documents as a list response."""
    return answer(
        {
            "schemas": [LIST_SCHEMA],
            "totalResults": total,
            "startIndex": first,
            "itemsPerPage": len(dumped),
            "Resources": dumped,
        }
    )
