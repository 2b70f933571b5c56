"""The wall: from grants to what an actor carries, and from that to yes or no.

Pure, and refusing by default. A person may be an analyst in one team and a registry editor in another; then neither
right reaches into the other team. A permission that holds in every scope of an actor is carried by its bare name
(`incidents.close`); one that holds in some only is carried once a scope (`incidents.close@team:pkcert`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pehra.access.rules.roles import PERMISSIONS, SCOPES, Permission, Role, ScopeKind
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How far a grant reaches; `code` names the team or organisation and is empty for the nation."""

    kind: ScopeKind
    code: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.code}" if self.code else self.kind.value


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A role in a scope, as it holds now."""

    role: Role
    scope: Scope


def scope_of(
    *,
    role: Role,
    team: str = "",
    guided: bool = False,
    organisation: str = "",
    national: bool = False,
    council: bool = False,
) -> Scope:
    """Return the one scope that was named; refuse none, several, and one the role cannot have."""
    named = [
        *([Scope(kind=ScopeKind.GUIDED if guided else ScopeKind.TEAM, code=team)] if team else []),
        *([Scope(kind=ScopeKind.ORGANISATION, code=organisation)] if organisation else []),
        *([Scope(kind=ScopeKind.NATIONAL)] if national else []),
        *([Scope(kind=ScopeKind.COUNCIL)] if council else []),
    ]
    if len(named) != 1 or (guided and not team):
        raise Invalid(
            "a grant names exactly one scope: a team, an organisation, the nation, or a seat on the council",
            field="scope",
        )
    if named[0].kind not in SCOPES[role]:
        possible = " or ".join(sorted(SCOPES[role]))
        raise Invalid(f"the role {role.value} is granted for a scope of kind {possible}", field="scope")
    return named[0]


def permissions_of(granted: Iterable[Granted]) -> frozenset[str]:
    """Return the permission names an actor carries for its grants: bare where they hold in every scope of it."""
    by_scope: dict[Scope, set[Permission]] = {}
    for grant in granted:
        by_scope.setdefault(grant.scope, set()).update(PERMISSIONS[grant.role])
    if not by_scope:
        return frozenset()
    everywhere = set.intersection(*by_scope.values())
    names = {permission.value for permission in everywhere}
    for scope, permissions in by_scope.items():
        names |= {f"{permission.value}@{scope}" for permission in permissions - everywhere}
        if scope.kind is ScopeKind.NATIONAL:
            names |= {f"{permission.value}@{scope}" for permission in permissions}
    return frozenset(names)


def allows(by: Actor, permission: Permission, *, teams: Iterable[str] = (), organisation: str = "") -> bool:
    """Whether the actor may do this to something of these teams or this organisation, or at all when none is named."""
    if by.is_system:
        return True
    codes = [code for code in teams if code]
    if not codes and not organisation:
        return any(name == permission or name.startswith(f"{permission}@") for name in by.permissions)
    if f"{permission}@{ScopeKind.NATIONAL}" in by.permissions:
        return True
    bare = permission.value in by.permissions
    if organisation and (
        (bare and organisation in by.organisations) or f"{permission}@organisation:{organisation}" in by.permissions
    ):
        return True
    return any((bare and code in by.teams) or f"{permission}@team:{code}" in by.permissions for code in codes)


def narrowed(by: Actor, permission: Permission) -> Actor:
    """Return the actor with only the teams and organisations where it holds the permission: what a list is read by."""
    if by.is_system:
        return by
    return replace(
        by,
        teams=frozenset(code for code in by.teams if allows(by, permission, teams=[code])),
        organisations=frozenset(code for code in by.organisations if allows(by, permission, organisation=code)),
    )


def may_grant(by: Actor, *, role: Role, scope: Scope) -> bool:
    """Whether the actor may give this role in this scope: it must grant there, and hold all it gives away."""
    if by.is_system:
        return True
    where = {"teams": [scope.code]} if scope.kind is ScopeKind.TEAM else {}
    organisation = scope.code if scope.kind is ScopeKind.ORGANISATION else ""
    if scope.kind is ScopeKind.NATIONAL:
        return f"{Permission.ACCESS_GRANT}@{ScopeKind.NATIONAL}" in by.permissions
    if f"{Permission.ACCESS_GRANT}@{ScopeKind.NATIONAL}" in by.permissions:
        return True
    needed = PERMISSIONS[role] | {Permission.ACCESS_GRANT}
    return all(allows(by, permission, organisation=organisation, **where) for permission in needed)


def limited(by: Actor, permissions: Iterable[str]) -> Actor:
    """Return the actor with only those of its permissions that are named, each in the scopes where it holds them.

    What a token carries: never more than its holder, since nothing is added. A name is compared whole, before its `@`.
    """
    named = frozenset(permissions)
    kept = frozenset(name for name in by.permissions if name.partition("@")[0] in named)
    return replace(by, permissions=kept)
