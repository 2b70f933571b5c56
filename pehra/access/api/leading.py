"""Who leads: which teams have people and nobody who gives them roles, and which leads nobody else could review.

A role that nobody speaks for ends, and nobody speaks for their own: a lead who stands alone loses the role by silence.
For whoever keeps the node, who is told while there is time; refuses to say whose matters a team has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pehra.access import queries
from pehra.access.api.granting import policy
from pehra.access.api.reviewing import REVIEW_AHEAD
from pehra.access.models import Grant
from pehra.access.rules import delegation, wall
from pehra.access.rules.roles import PERMISSIONS, Permission, Role, ScopeKind
from pehra.access.rules.wall import Granted, Scope
from pehra.kernel.actors import Actor, ActorKind

LEADS = frozenset(role.value for role in Role if Permission.ACCESS_GRANT in PERMISSIONS[role])


@dataclass(frozen=True, kw_only=True)
class LoneLead:
    """A role that gives roles, which nobody but its holder could review; silence ends it at `ends_at`."""

    grant: UUID
    role: str
    scope: str
    due_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Leadership:
    """Leads whose review is near and who stand alone, and teams with people whom nobody leads."""

    alone: tuple[LoneLead, ...]
    unled: tuple[str, ...]


def leadership(*, at: datetime) -> Leadership:
    """Return what is to be mended about who leads, at a moment: for Pehra itself, by its own command."""
    parents = queries.team_parents()
    rows = list(queries.valid_grants(at).filter(person__active=True).exclude(how="glass"))
    leading = [row for row in rows if row.role in LEADS]
    actors = _actors(leading, parents)
    near = [row for row in leading if row.review_due_at is not None and row.review_due_at <= at + REVIEW_AHEAD]
    orgs = queries.leads_of({row.organisation for row in near if row.organisation})
    above_all = queries.answering_team(Scope(kind=ScopeKind.NATIONAL))
    grace = policy(at=at).review_grace
    alone = tuple(
        LoneLead(
            grant=row.id, role=row.role, scope=str(queries.scope_of_row(row)), due_at=row.review_due_at,
            ends_at=row.review_due_at + grace,
        )
        for row in near
        if row.review_due_at is not None and not _others(row, actors, orgs.get(row.organisation, above_all))
    )  # fmt: skip
    peopled = {row.team for row in rows if row.team}
    led = {team for actor in actors.values() for team in actor.teams if wall.allows(actor, _GIVES, teams=[team])}
    return Leadership(alone=alone, unled=tuple(sorted(peopled - led)))


_GIVES = Permission.ACCESS_GRANT


def _actors(rows: Iterable[Grant], parents: dict[str, str]) -> dict[UUID, Actor]:
    """Return the holders of grants as actors for these grants alone."""
    held: dict[UUID, list[Granted]] = {}
    for row in rows:
        held.setdefault(row.person_id, []).append(Granted(role=Role(row.role), scope=queries.scope_of_row(row)))
    return {
        person: wall.actor_of(id=str(person), kind=ActorKind.PERSON, name="", granted=granted, parents=parents)
        for person, granted in held.items()
    }


def _others(row: Grant, actors: dict[UUID, Actor], led_by: str) -> bool:
    """Whether anybody but its holder could say that a role is still right."""
    scope, role = queries.scope_of_row(row), Role(row.role)
    return any(
        delegation.may_grant(actor, role=role, scope=scope, led_by=led_by)
        for person, actor in actors.items()
        if person != row.person_id
    )
