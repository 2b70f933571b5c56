"""Addresses of SCIM: the same tree for a token's only scope, and for one that the address names."""

from typing import Any

from django.urls import URLPattern, URLResolver, path

from pehra.access.scim import discovery, resources

app_name = "scim"

_ENDPOINTS: tuple[tuple[str, Any, str], ...] = (
    ("ServiceProviderConfig", discovery.configuration, "configuration"),
    ("Schemas", discovery.schemas, "schemas"),
    ("Schemas/<str:schema_id>", discovery.schema, "schema"),
    ("ResourceTypes", discovery.kinds, "kinds"),
    ("ResourceTypes/<str:name>", discovery.one_kind, "kind"),
    ("Users", resources.users, "users"),
    ("Users/.search", resources.search_users, "search-users"),
    ("Users/<str:user_id>", resources.user, "user"),
    ("Groups", resources.groups, "groups"),
    ("Groups/.search", resources.search_groups, "search-groups"),
    ("Groups/<str:group_id>", resources.group, "group"),
    (".search", resources.search_all, "search"),
    ("", resources.search_all, "root"),
    ("Me", discovery.unsupported, "me"),
    ("Bulk", discovery.unsupported, "bulk"),
)


def _tree(start: str, kind: str) -> list[URLPattern | URLResolver]:
    return [
        path(f"{start}{end}", view, {"kind": kind} if kind else {}, name=f"{kind}-{name}" if kind else name)
        for end, view, name in _ENDPOINTS
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    *_tree("", ""),
    *_tree("organisations/<str:code>/", "organisation"),
    *_tree("teams/<str:code>/", "team"),
    path("<path:rest>", discovery.nothing, name="nothing"),
]
