"""Who has which part in an incident: its own roles, and those that it has only because others are merged with it.

A role that came with a merge is marked by its reason. So undoing a merge takes back exactly those, and a team that was
given a part for another reason in the meantime keeps it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pehra.incidents.models import Clock, Incident
from pehra.incidents.rules import working

MERGED = "merged"
SUPPORT, INFORM = "support", "inform"


def own_roles(incident: Incident) -> list[dict[str, Any]]:
    """Return the roles that an incident has by itself."""
    return [role for role in incident.roles if role["because"].get("rule") != MERGED]


def share(family: Sequence[Incident]) -> None:
    """Let every team of one matter read all of it; who worked on a part goes on working, on the whole."""
    for member in family:
        own = own_roles(member)
        there = {role["team"] for role in own}
        came: dict[str, dict[str, Any]] = {}
        for other in family:
            if other.id != member.id:
                for role in own_roles(other):
                    if role["team"] not in there:
                        came[role["team"]] = _stronger(came.get(role["team"]), role, other)
        roles = [*own, *(came[team] for team in sorted(came))]
        if roles != member.roles:
            set_roles(member, roles)


def _stronger(known: Mapping[str, Any] | None, role: Mapping[str, Any], source: Incident) -> dict[str, Any]:
    if known is not None and known["role"] == SUPPORT:
        return dict(known)
    because = {**role["because"], "rule": MERGED, "facts": {"incident": source.reference, "role": role["role"]}}
    kept = SUPPORT if role["role"] in working.WORKING_ROLES else INFORM
    return {"team": role["team"], "role": kept, "because": because}


def set_roles(incident: Incident, roles: Iterable[Mapping[str, Any]]) -> None:
    """Store who has which part; the lead may see it in any case, and its clocks show what it shows to whom."""
    incident.roles = [dict(role) for role in roles]
    lead = [incident.lead_team] if incident.lead_team else []
    incident.teams = list(dict.fromkeys([*lead, *(role["team"] for role in incident.roles)]))
    incident.save(update_fields=["roles", "teams"])
    wall_clocks(incident)


def wall_clocks(incident: Incident) -> None:
    """Give an incident's clocks the walls that follow from who has a part in it."""
    clocks = Clock.objects.filter(incident=incident)
    if not incident.widespread:
        clocks.update(teams=incident.teams)
        return
    clocks.filter(organisation="").update(teams=incident.teams)
    for side in incident.organisations.exclude(organisation=""):
        clocks.filter(organisation=side.organisation).update(teams=working.wall_of(incident, side))
