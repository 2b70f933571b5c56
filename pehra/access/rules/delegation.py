"""Who may give which role where: down the tree, and never more than one holds oneself.

The national team onboards teams, a team the organisations it leads, an organisation its contacts. Whoever gives holds
`access.grant` and every permission of the role, in that very scope or in one above it. Nothing here grants a right
upwards, to a sibling, or across: a lead of a team is nobody in the team beside it.
"""

from pehra.access.rules.roles import PERMISSIONS, Permission, Role, ScopeKind
from pehra.access.rules.wall import Scope, allows, guides, reach_of
from pehra.kernel.actors import Actor


def may_grant(by: Actor, *, role: Role, scope: Scope, led_by: str = "") -> bool:
    """Whether the actor may give (and take away) this role in this scope.

    `led_by` is the team that answers for the scope: the one that leads an organisation, the one that guides all others
    for the nation. Empty when nobody does; then only who holds the role's rights in the scope itself may give it.
    """
    if by.is_system:
        return True
    needed = PERMISSIONS[role] | {Permission.ACCESS_GRANT}
    return all(_holds(by, permission, scope=scope, led_by=led_by) for permission in needed)


def _holds(by: Actor, permission: Permission, *, scope: Scope, led_by: str) -> bool:
    if scope.kind is ScopeKind.TEAM:
        return allows(by, permission, teams=[scope.code])
    if scope.kind is ScopeKind.GUIDED:
        return guides(by, permission, scope.code)
    if scope.kind is ScopeKind.ORGANISATION:
        return allows(by, permission, teams=[led_by], organisation=scope.code)
    # A seat on the council and the nation's oversight: the nation's own, or the team's that guides every other.
    return reach_of(by, permission).national or (bool(led_by) and guides(by, permission, led_by))
