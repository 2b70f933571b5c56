"""The wall: from grants to what an actor carries, and from that to yes or no.

Pure, and refusing by default. A person may be an analyst in one team and a registry editor in another; then neither
right reaches into the other team. A permission that holds in every scope of an actor is carried by its bare name
(`incidents.close`); one that holds in some only is carried once a scope (`incidents.close@team:pkcert`). A scope of a
team and those under its guidance is one name (`incidents.close@guided:pkcert`), and the actor carries which teams that
is: three hundred teams make no actor bigger than one does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pehra.access.rules.roles import OPENS_MATTERS, PERMISSIONS, SCOPES, Permission, Role, ScopeKind
from pehra.access.rules.tree import under
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Invalid

# Permission sets whose names are kept taken apart; an actor asks about many things of a list.
KEPT_APART_MAX = 4_096


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How far a grant reaches; `code` names the team or organisation and is empty for the nation and the council."""

    kind: ScopeKind
    code: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.code}" if self.code else self.kind.value


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A role in a scope, as it holds now."""

    role: Role
    scope: Scope


@dataclass(kw_only=True)
class Reach:
    """Where one permission is held: everywhere the actor stands, for the nation, or in the scopes that are named."""

    bare: bool = False
    national: bool = False
    teams: set[str] = field(default_factory=set)
    guided: set[str] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)


_NOWHERE = Reach()


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


def actor_of(
    *, id: str, kind: ActorKind, name: str, granted: Iterable[Granted], parents: Mapping[str, str] | None = None
) -> Actor:
    """Return somebody as an actor for what they are granted; `parents` says which team guides which."""
    held = list(granted)
    known = parents or {}
    circles = {
        grant.scope.code: under(grant.scope.code, parents=known)
        for grant in held
        if grant.scope.kind is ScopeKind.GUIDED
    }
    teams = {grant.scope.code for grant in held if grant.scope.kind is ScopeKind.TEAM}.union(*circles.values())
    # Only a role that opens matters puts the teams of the nation before somebody: who keeps the machine sees none.
    if any(grant.scope.kind is ScopeKind.NATIONAL and grant.role in OPENS_MATTERS for grant in held):
        teams |= known.keys()
    return Actor(
        id=id,
        kind=kind,
        name=name,
        teams=frozenset(teams),
        organisations=frozenset(grant.scope.code for grant in held if grant.scope.kind is ScopeKind.ORGANISATION),
        permissions=permissions_of(held),
        guided=tuple(sorted(circles.items(), key=lambda circle: circle[0])),
    )


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
        named = permissions if scope.kind is ScopeKind.NATIONAL else permissions - everywhere
        names |= {f"{permission.value}@{scope}" for permission in named}
    return frozenset(names)


@lru_cache(maxsize=KEPT_APART_MAX)
def _reaches(permissions: frozenset[str]) -> dict[str, Reach]:
    """Return where each permission is held, from the names an actor carries: taken apart once, then looked up."""
    reaches: dict[str, Reach] = {}
    for name in permissions:
        permission, _at, scope = name.partition("@")
        kind, _colon, code = scope.partition(":")
        reach = reaches.setdefault(permission, Reach())
        match kind:
            case "":
                reach.bare = True
            case ScopeKind.NATIONAL:
                reach.national = True
            case ScopeKind.TEAM:
                reach.teams.add(code)
            case ScopeKind.GUIDED:
                reach.guided.add(code)
            case ScopeKind.ORGANISATION:
                reach.organisations.add(code)
    return reaches


def reach_of(by: Actor, permission: Permission) -> Reach:
    """Return where an actor holds a permission."""
    return _reaches(by.permissions).get(permission, _NOWHERE)


def allows(by: Actor, permission: Permission, *, teams: Iterable[str] | None = None, organisation: str = "") -> bool:
    """Whether the actor may do this to something of these teams or this organisation, or at all when none is named.

    What is said to be of no team at all is nobody's: only the nation reaches it.
    """
    if by.is_system:
        return True
    reach = _reaches(by.permissions).get(permission)
    if reach is None:
        return False
    if reach.national or (teams is None and not organisation):
        return True
    codes = [code for code in teams or () if code]
    if organisation and (organisation in reach.organisations or (reach.bare and organisation in by.organisations)):
        return True
    return any(_in_team(by, reach, code) for code in codes)


def _in_team(by: Actor, reach: Reach, code: str) -> bool:
    """Whether a permission reaches a team: by the actor's every scope, by the team's own, or by one that guides it."""
    if (reach.bare and code in by.teams) or code in reach.teams:
        return True
    return bool(reach.guided) and any(code in circle for guide, circle in by.guided if guide in reach.guided)


def narrowed(by: Actor, permission: Permission) -> Actor:
    """Return the actor with only the teams and organisations where it holds the permission: what a list is read by."""
    if by.is_system:
        return by
    reach = reach_of(by, permission)
    if reach.bare or reach.national:
        return by
    return replace(
        by,
        teams=frozenset(code for code in by.teams if _in_team(by, reach, code)),
        organisations=by.organisations & reach.organisations,
    )


def limited(by: Actor, permissions: Iterable[str]) -> Actor:
    """Return the actor with only those of its permissions that are named, each in the scopes where it holds them.

    What a token carries: never more than its holder, since nothing is added. A name is compared whole, before its `@`.
    """
    named = frozenset(permissions)
    kept = frozenset(name for name in by.permissions if name.partition("@")[0] in named)
    return replace(by, permissions=kept)


def guides(by: Actor, permission: Permission, team: str) -> bool:
    """Whether the actor holds a permission for a team and all under its guidance."""
    reach = reach_of(by, permission)
    return (
        by.is_system
        or reach.national
        or any(team in circle for guide, circle in by.guided if reach.bare or guide in reach.guided)
    )
