"""What this SCIM service is and can: its configuration, schemas and kinds of resources (RFC 7644, section 4).

Refuses to claim: what is not supported says so. The configuration is open to all, as RFC 7643 (section 5) asks; it says
nothing of anybody.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    ForbiddenException,
    Meta,
    NotFoundException,
    NotImplementedException,
    Pagination,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from pehra.access import api
from pehra.access.requests import Request
from pehra.access.rules import directory as rules
from pehra.access.scim.speaking import answer, base_of, door, listed

_MODELS: tuple[Any, ...] = (rules.User, rules.Group, rules.GroupRole, ServiceProviderConfig, ResourceType, Schema)


def _configuration() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=rules.RESULTS_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=rules.RESULTS_DEFAULT,
            max_page_size=rules.RESULTS_MAX,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API token",
                description="Authorization: Bearer, with an API token that carries access.provision",
                primary=True,
            )
        ],
    )


@door("GET")
def configuration(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """Say what this service can."""
    _refuse_filter(request)
    said = _configuration()
    location = f"{base_of(request, kind=kind, code=code)}/ServiceProviderConfig"
    said.meta = Meta(resource_type="ServiceProviderConfig", location=location)
    return answer(said.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


@door("GET")
def schemas(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """List the schemas."""
    return _all(request, _schemas(request, kind, code))


@door("GET")
def schema(request: Request, schema_id: str, kind: str = "", code: str = "") -> HttpResponse:
    """Show one schema."""
    return _one(_schemas(request, kind, code), lambda said: str(said.id).lower() == schema_id.lower())


@door("GET")
def kinds(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """List the kinds of resources."""
    return _all(request, _kinds(request, kind, code))


@door("GET")
def one_kind(request: Request, name: str, kind: str = "", code: str = "") -> HttpResponse:
    """Show one kind of resource."""
    return _one(_kinds(request, kind, code), lambda said: said.id == name)


@door()
def unsupported(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """Refuse what the standard knows and this service does not do: bulk requests, and `Me`, who is no person."""
    raise NotImplementedException


@door()
def nothing(request: Request, rest: str = "") -> HttpResponse:
    """Refuse every other address under the door."""
    raise NotFoundException


def _schemas(request: Request, kind: str, code: str) -> list[Resource[Any]]:
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base = base_of(request, kind=kind, code=code)
    said = [model.to_schema() for model in _MODELS]
    for each in said:
        if each.id == rules.ROLE_SCHEMA:
            # Which roles these are depends on whose directory it is.
            each["role"].canonical_values = [role.value for role in directory.roles]
        each.meta = Meta(resource_type="Schema", location=f"{base}/Schemas/{each.id}")
    return list(said)


def _kinds(request: Request, kind: str, code: str) -> list[Resource[Any]]:
    api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base = base_of(request, kind=kind, code=code)
    said = [ResourceType.from_resource(rules.User), ResourceType.from_resource(rules.Group)]
    for each in said:
        each.meta = Meta(resource_type="ResourceType", location=f"{base}/ResourceTypes/{each.id}")
    return list(said)


def _all(request: Request, resources: list[Resource[Any]]) -> HttpResponse:
    _refuse_filter(request)
    dumped = [said.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE) for said in resources]
    return listed(dumped, total=len(dumped))


def _one(resources: list[Resource[Any]], is_it: Callable[[Any], bool]) -> HttpResponse:
    found = next((said for said in resources if is_it(said)), None)
    if found is None:
        raise NotFoundException
    return answer(found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _refuse_filter(request: Request) -> None:
    # RFC 7644, section 4: a filter here is refused, lest a client believe that it was applied.
    if "filter" in request.GET:
        raise ForbiddenException
