"""Later findings join the live incident of their key: no second incident, one entry in the ledger.

An incident over one organisation only grows by findings. A widespread one may reach further: new organisations become
sides, their teams are informed, and the law is asked again, since a new kind of side may owe what no earlier one did.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pehra.incidents.api import deriving, drafts, roles, telling
from pehra.incidents.api.drafts import Side
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox


def join(
    incident: Incident,
    *,
    findings: Sequence[UUID],
    sides: Iterable[Side] = (),
    informed: Sequence[law.TeamRole] = (),
    by: Actor,
    at: datetime,
) -> None:
    """Add findings to a live incident, and for a widespread one the organisations and teams that they bring."""
    if not findings:
        return
    drafts.add_findings([(incident, finding) for finding in findings], at=at)
    facts: dict[str, object] = {"findings": len(findings), "rule": incident.origin_rule}
    if incident.widespread:
        facts["organisations"] = _add_sides(incident, sides, at=at)
        added = _add_roles(incident, informed)
        facts |= _tell(incident, added, by=by, at=at)
    ledger.record("incidents.joined", subject=incident.reference, by=by, at=at, teams=incident.teams, facts=facts)
    if facts.get("organisations"):
        deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)


def _add_sides(incident: Incident, sides: Iterable[Side], *, at: datetime) -> int:
    """Add the organisations that are not there yet and return how many."""
    there = set(incident.organisations.values_list("organisation", flat=True))
    fresh = [side for side in sides if side.organisation not in there]
    drafts.add_sides([(incident, side) for side in fresh], at=at)
    return len(fresh)


def _add_roles(incident: Incident, informed: Sequence[law.TeamRole]) -> Sequence[Mapping[str, str]]:
    """Inform the teams that have no role of its own yet; the clocks show what the incident shows to whom."""
    own = roles.own_roles(incident)
    there = {role["team"] for role in own}
    fresh = [role for role in drafts.merged_roles(informed) if role["team"] not in there]
    if fresh:
        came = [role for role in incident.roles if role not in own]
        added = {role["team"] for role in fresh}
        roles.set_roles(incident, [*own, *fresh, *(role for role in came if role["team"] not in added)])
    return fresh


def _tell(incident: Incident, added: Sequence[Mapping[str, str]], *, by: Actor, at: datetime) -> dict[str, list[str]]:
    if not added:
        return {}
    told = telling.opened(incident, telling.AddressBook(), roles=added)
    outbox.queue_many(drafts=told.drafts, by=by, at=at)
    return told.as_facts()
