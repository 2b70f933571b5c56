"""Why: the reason for each yes and each no, in words, naming the grant and the scope that decided.

The answer is the wall's own; this only says which grants it came from. Where both disagree (a token that is narrower
than its holder) the wall is right, and the reason says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.models import Grant
from pehra.access.rules import wall
from pehra.access.rules.roles import PERMISSIONS, Permission, Role
from pehra.access.rules.wall import Granted
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.clock import format_time


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Yes or no, the reasons in words, and the grants that made it a yes."""

    allowed: bool
    because: tuple[str, ...]
    grants: tuple[UUID, ...] = ()


def why(
    *, by: Actor, permission: Permission, teams: Iterable[str] = (), organisation: str = "", at: datetime
) -> Decision:
    """Return whether the actor may do this to something of these teams or this organisation, and why."""
    codes = tuple(code for code in teams if code)
    allowed = wall.allows(by, permission, teams=codes or None, organisation=organisation)
    if by.is_system:
        return Decision(allowed=True, because=(_("Pehra itself acts; it decides who else may."),))
    person = queries.uuid_of(by.id)
    rows = list(queries.valid_grants(at).filter(person_id=person)) if person else []
    carrying = [row for row in rows if permission in PERMISSIONS[Role(row.role)]]
    reaching = [row for row in carrying if _reaches(row, permission, codes, organisation)]
    if allowed and reaching:
        return Decision(
            allowed=True, because=tuple(_yes(row, permission) for row in reaching),
            grants=tuple(row.id for row in reaching),
        )  # fmt: skip
    if allowed:
        return Decision(allowed=True, because=(_("What they carry now says yes, by a role that has changed since."),))
    because = dict.fromkeys(_no(rows, carrying, reaching, permission, codes, organisation))
    return Decision(allowed=False, because=tuple(because))


def _reaches(row: Grant, permission: Permission, codes: tuple[str, ...], organisation: str) -> bool:
    """Whether this grant alone would make it a yes."""
    granted = Granted(role=Role(row.role), scope=queries.scope_of_row(row))
    parents = queries.team_parents() if row.guided else {}
    alone = wall.actor_of(id="", kind=ActorKind.PERSON, name="", granted=[granted], parents=parents)
    return wall.allows(alone, permission, teams=codes or None, organisation=organisation)


def _yes(row: Grant, permission: Permission) -> str:
    return _("%(role)s in %(scope)s carries %(permission)s, since %(since)s: %(reason)s") % {
        "role": row.role,
        "scope": queries.scope_of_row(row),
        "permission": permission.value,
        "since": format_time(row.valid_from),
        "reason": row.reason,
    }


def _no(
    rows: list[Grant],
    carrying: list[Grant],
    reaching: list[Grant],
    permission: Permission,
    codes: tuple[str, ...],
    organisation: str,
) -> Iterable[str]:
    """Yield why not, from the nearest reason to the farthest."""
    if reaching:
        yield _("The role would allow it; the token they act by was not given %(permission)s.") % {
            "permission": permission.value
        }
    elif carrying:
        where = ", ".join([*codes, organisation] if organisation else codes)
        for row in carrying:
            yield _("%(role)s carries %(permission)s in %(scope)s, which does not reach %(where)s.") % {
                "role": row.role,
                "permission": permission.value,
                "scope": queries.scope_of_row(row),
                "where": where,
            }
    elif rows:
        held = ", ".join(sorted({row.role for row in rows}))
        carriers = ", ".join(role.value for role in Role if permission in PERMISSIONS[role])
        yield _("None of their roles (%(held)s) carries %(permission)s; these do: %(carriers)s.") % {
            "held": held,
            "permission": permission.value,
            "carriers": carriers,
        }
    else:
        yield _("They hold no role now: everything is refused.")
