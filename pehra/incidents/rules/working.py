"""Which teams work on an incident: an informed team reads it, and changes nothing of it.

Of one organisation of a widespread incident only its own teams and the lead read; the team that leads for it may say
what is its own fact, also where it is only informed of the whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

WORKING_ROLES = frozenset({"lead", "coordinate", "support"})


def working_teams(roles: Iterable[Mapping[str, Any]], *, otherwise: Iterable[str]) -> list[str]:
    """Return the teams that lead, coordinate or support; while there is none, those that may see it."""
    return [role["team"] for role in roles if role["role"] in WORKING_ROLES] or list(otherwise)


class Matter(Protocol):
    """An incident, as far as it decides who reads what of it."""

    widespread: bool
    lead_team: str
    teams: list[str]
    roles: list[dict[str, Any]]


class Side(Protocol):
    """An organisation of an incident, as far as it decides who reads of it."""

    @property
    def lead_team(self) -> str:
        """The team that leads for it."""

    @property
    def teams(self) -> Sequence[str]:
        """Its own teams."""


def wall_of(incident: Matter, side: Side) -> list[str]:
    """Return which teams read what one organisation owes: in a widespread incident the lead and the side's own."""
    if not incident.widespread:
        return list(incident.teams)
    return list(dict.fromkeys(team for team in (incident.lead_team, side.lead_team, *side.teams) if team))


def who_may_say(incident: Matter, side: Side) -> list[str]:
    """Return the teams that may say what is an organisation's own fact."""
    wall = set(wall_of(incident, side))
    working = [team for team in working_teams(incident.roles, otherwise=incident.teams) if team in wall]
    return list(dict.fromkeys([*working, *([side.lead_team] if side.lead_team else [])]))
