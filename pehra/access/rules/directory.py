"""What a ministry's directory may say of its people: the SCIM schemas we publish, and how they are read.

The schemas hold what Pehra needs of a person and nothing else: no telephone number, photograph or manager, which a
directory would send by habit. What is not in them is dropped, not kept. A group stands for a role, or for nothing.
Pure: the same document is the same person, wherever it came from.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    CaseExact,
    ComplexAttribute,
    Extension,
    Mutability,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
    default_comparison_key,
)
from scim2_models.urn import URN

from pehra.access.rules.roles import PERMISSIONS, SCOPES, Permission, Role, ScopeKind

RESULTS_DEFAULT = 100
RESULTS_MAX = 1_000
MEMBERS_MAX = 10_000  # of a group, and so of one request
PEOPLE_MAX = 50_000  # of one directory
GROUPS_MAX = 500  # of one directory
EMAILS_MAX = 10  # of one person
OPERATIONS_MAX = 1_000  # of one PATCH
BODY_BYTES_MAX = 4 * 1024 * 1024
TEXT_CHARACTERS_MAX = 254
ROLE_SCHEMA = "urn:pehra:params:scim:schemas:extension:role:2.0:Group"

# What is common among directories and cannot confuse one person with another: more attributes than we keep, a
# `remove` whose value names the members, an address added by the filter that would find it.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    """The parts of a person's name."""

    formatted: str | None = None
    """The full name, as it is written."""

    family_name: str | None = None
    """The family name."""

    given_name: str | None = None
    """The given name."""


class Email(ComplexAttribute):
    """An e-mail address of a person."""

    value: Annotated[str | None, Required.true] = None
    """The address."""

    type: str | None = Field(None, examples=["work", "home", "other"])
    """What the address is for."""

    primary: bool | None = None
    """Whether it is the address by which the person signs in and is written to."""


class Membership(ComplexAttribute):
    """A group that a person is in."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The group's id."""

    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The group's address."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The group's name."""

    type: Annotated[str | None, Mutability.read_only] = Field(None, examples=["direct"])
    """How the person is in it."""


class User(Resource[Any]):
    """A person of the directory. What is not described here is neither kept nor returned."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """The directory's own name for the person."""

    name: Name | None = None
    """The parts of the person's name."""

    display_name: str | None = None
    """The name by which the person is shown."""

    preferred_language: str | None = None
    """The language for pages and letters, as in the Accept-Language header."""

    active: bool | None = None
    """False ends every membership and keeps the entry."""

    emails: Annotated[list[Email] | None, Required.true] = None
    """The person's addresses. They sign in by the primary one, else by the first."""

    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    """The groups the person is in. Changed through the groups."""


class Member(ComplexAttribute):
    """A member of a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true, Required.true] = None
    """The person's id in this directory."""

    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The person's address in this directory."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """The kind of member: groups are not nested."""


class GroupRole(Extension):
    """The role that a group's members hold."""

    __schema__ = URN(ROLE_SCHEMA)

    role: Annotated[str | None, CaseExact.true] = None
    """The role; none, and the group gives nobody any right."""


class Group(Resource[GroupRole]):
    """A group of people of the directory."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """The group's name. A group named after a role is there from the beginning, and stays."""

    members: list[Member] | None = None
    """The people in the group."""


def by_directory(role: Role) -> bool:
    """Whether a directory may ever give this role: none by which one reaches further, or gives to others."""
    return not PERMISSIONS[role] & {Permission.ACCESS_GRANT, Permission.ACCESS_PROVISION, Permission.ACCESS_SERVICES}


def roles_in(kind: ScopeKind) -> tuple[Role, ...]:
    """Return the roles that a directory of this kind of scope could give."""
    return tuple(role for role in Role if kind in SCOPES[role] and by_directory(role))


def same(text: str) -> str:
    """Return the form in which two names are compared: composed, without case."""
    return default_comparison_key(_ANY_CASE, text)


class _Folded:
    case_exact = False


_ANY_CASE = _Folded()


def address_of(user: User) -> str:
    """Return the address by which a person signs in: the primary one, else the first, as it is compared."""
    emails = user.emails or []
    chosen = next((email for email in emails if email.primary), emails[0] if emails else None)
    return ((chosen.value if chosen else "") or "").strip().lower()


def name_of(user: User) -> str:
    """Return the name by which a person is shown."""
    parts = user.name or Name()
    joined = " ".join(part.strip() for part in (parts.given_name, parts.family_name) if part and part.strip())
    texts = (user.display_name, parts.formatted, joined, user.user_name)
    return next((text.strip() for text in texts if text and text.strip()), "")[:200]


def language_of(user: User, *, known: Iterable[str], otherwise: str) -> str:
    """Return the language of ours that a person prefers: `ur-PK` is `ur`; what we do not speak is the other."""
    wanted = (user.preferred_language or "").replace("_", "-").partition("-")[0].strip().lower()
    return wanted if wanted in set(known) else otherwise


def texts_of(value: Any) -> Iterable[str]:
    """Return every text in a plain document."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def with_address(said: dict[str, Any]) -> dict[str, Any]:
    """Return a user's document with an address: many directories' user name is one, and they send no other."""
    names = {name.lower(): name for name in said}
    user_name = said.get(names.get("username", ""))
    if said.get(names.get("emails", "")) or not isinstance(user_name, str) or "@" not in user_name:
        return said
    kept = {name: value for name, value in said.items() if name.lower() != "emails"}
    return kept | {"emails": [{"value": user_name, "primary": True}]}
