"""People and groups by SCIM: each method one call of `access.api`. Refuses what no published attribute carries."""

from typing import Any

from django.http import HttpResponse
from scim2_models import Context, InvalidValueException, PatchOp

from pehra.access import api
from pehra.access.requests import Request
from pehra.access.rules import directory as rules
from pehra.access.rules.directory import Group, User
from pehra.access.scim.speaking import base_of, body_of, door, one, page, parameters_of, query_of, search_of

PATH_CHARACTERS_MAX = 1_000


@door("GET", "POST")
def users(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """List the people of a directory, or add one."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base = base_of(request, kind=kind, code=code)
    if request.method == "POST":
        parameters = parameters_of(request, User)
        said = _created(User, rules.with_address(body_of(request)))
        added = api.add_user(directory=directory, said=said, by=request.actor, at=request.at)
        return one(request, added, base, parameters, status=201)
    search = search_of(query_of(request), User)
    total, found = api.find_users(directory=directory, search=search)
    return page(total, found, base, search)


@door("GET", "PUT", "PATCH", "DELETE")
def user(request: Request, user_id: str, kind: str = "", code: str = "") -> HttpResponse:
    """Show, replace, change or remove one person of a directory."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base, parameters = base_of(request, kind=kind, code=code), parameters_of(request, User)
    about: dict[str, Any] = {"directory": directory, "user_id": user_id}
    act: dict[str, Any] = about | {"version": _version(request), "by": request.actor, "at": request.at}
    match request.method:
        case "DELETE":
            api.remove_user(**act)
            return HttpResponse(status=204)
        case "PUT":
            found = api.replace_user(said=_replaced(User, rules.with_address(body_of(request))), **act)
        case "PATCH":
            found = api.patch_user(patch=_patch(User, request), **act)
        case _:
            found = api.user(**about)
    return one(request, found, base, parameters)


@door("GET", "POST")
def groups(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """List the groups of a directory, or add one."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base = base_of(request, kind=kind, code=code)
    if request.method == "POST":
        parameters = parameters_of(request, Group)
        said = _created(Group, body_of(request))
        added = api.add_group(directory=directory, said=said, by=request.actor, at=request.at)
        return one(request, added, base, parameters, status=201)
    search = search_of(query_of(request), Group)
    api.ensure_role_groups(directory=directory, at=request.at)
    total, found = api.find_groups(directory=directory, search=search, members=_wants_members(search))
    return page(total, found, base, search)


@door("GET", "PUT", "PATCH", "DELETE")
def group(request: Request, group_id: str, kind: str = "", code: str = "") -> HttpResponse:
    """Show, replace, change or remove one group of a directory."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    base, parameters = base_of(request, kind=kind, code=code), parameters_of(request, Group)
    about: dict[str, Any] = {"directory": directory, "group_id": group_id}
    act: dict[str, Any] = about | {"version": _version(request), "by": request.actor, "at": request.at}
    members = _wants_members(parameters)
    match request.method:
        case "DELETE":
            api.remove_group(**act)
            return HttpResponse(status=204)
        case "PUT":
            found = api.replace_group(said=_replaced(Group, body_of(request)), **act)
        case "PATCH":
            api.patch_group(patch=_patch(Group, request), **act)
            asked = bool(parameters.attributes or parameters.excluded_attributes)
            found = api.group(directory=directory, group_id=group_id, members=members and asked)
            if not asked:
                # A group may have ten thousand members: whoever added one is not told of all.
                version = str(found.meta.version) if found.meta else ""
                return HttpResponse(status=204, headers={"ETag": version})
        case _:
            found = api.group(directory=directory, group_id=group_id, members=members)
    return one(request, found, base, parameters)


@door("POST")
def search_users(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """Search the people of a directory by a request that leaves no trace in logs of addresses."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    search = search_of(body_of(request), User)
    total, found = api.find_users(directory=directory, search=search)
    return page(total, found, base_of(request, kind=kind, code=code), search)


@door("POST")
def search_groups(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """Search the groups of a directory."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    search = search_of(body_of(request), Group)
    api.ensure_role_groups(directory=directory, at=request.at)
    total, found = api.find_groups(directory=directory, search=search, members=_wants_members(search))
    return page(total, found, base_of(request, kind=kind, code=code), search)


@door("GET", "POST")
def search_all(request: Request, kind: str = "", code: str = "") -> HttpResponse:
    """Search people and groups at once."""
    directory = api.directory_for(kind=kind, code=code, by=request.actor, at=request.at)
    said = body_of(request) if request.method == "POST" else query_of(request)
    search = search_of(said, User | Group)
    api.ensure_role_groups(directory=directory, at=request.at)
    total, found = api.find_resources(directory=directory, search=search)
    return page(total, found, base_of(request, kind=kind, code=code), search)


def _created(model: Any, said: dict[str, Any]) -> Any:
    # RFC 7644, 3.3: what only we assign is ignored in a request, not refused.
    ours = {"id", "meta", "groups"} if model is User else {"id", "meta"}
    kept = {name: value for name, value in said.items() if name.lower() not in ours}
    return model.model_validate(kept, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=rules.POLICY)


def _replaced(model: Any, said: dict[str, Any]) -> Any:
    return model.model_validate(said, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=rules.POLICY)


def _patch(model: Any, request: Request) -> Any:
    said = body_of(request)
    operations = next((value for name, value in said.items() if name.lower() == "operations"), None)
    if isinstance(operations, list):
        if len(operations) > rules.OPERATIONS_MAX:
            raise api.TooMany(f"a PATCH has at most {rules.OPERATIONS_MAX} operations")
        paths = [str(each.get("path", "")) for each in operations if isinstance(each, dict)]
        if any(len(path) > PATH_CHARACTERS_MAX for path in paths):
            raise InvalidValueException(detail=f"a path has at most {PATH_CHARACTERS_MAX} characters")
    patch_class = PatchOp.__class_getitem__(model)
    return patch_class.model_validate(said, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=rules.POLICY)


def _version(request: Request) -> str:
    return str(request.headers.get("If-Match", ""))


def _wants_members(parameters: Any) -> bool:
    """Whether an answer carries members: a list of ten thousand is not read to be left out."""
    included = [str(path).lower() for path in parameters.attributes or []]
    excluded = [str(path).lower() for path in parameters.excluded_attributes or []]
    if included:
        return any("members" in path for path in included)
    return not any(path.endswith("members") for path in excluded)
