"""Whose a report is: which team leads, which others read it, and why; asked of the law with the facts it states.

What the reporter names comes first: an organisation, or its sector and place. Where nothing is named but all that is
owned of what was seen belongs to one organisation, that one's teams. Else the matter is the country's own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from pehra.intake.rules.saying import Said
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.registry import api as registry

WORKING_ROLES = frozenset({"lead", "coordinate", "support"})
STATED, OWNED, UNKNOWN = "stated by the reporter", "who holds what was seen", "nothing says whose it is"
BY_ROAD = "the team by whose road it came"


@dataclass(frozen=True, kw_only=True)
class Routing:
    """Who leads, who reads, why; and how the law marks such a matter until its source says otherwise."""

    lead_team: str
    teams: tuple[str, ...]
    working: tuple[str, ...]
    because: dict[str, Any]
    tlp: Tlp


def route(said: Said, *, owners: Collection[str], team: str = "", at: datetime) -> Routing:
    """Return whose a report is, by the law of the day; where nothing says whose, `team`'s, by whose road it came."""
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, at)
    entity, basis = _entity(said, owners)
    incident = law.IncidentFacts(taxonomy=said.taxonomy or None, type=said.type or None)
    answer = law.responsible(profile, entity=entity, incident=incident, on=on)
    lead = answer.lead.team if answer.lead else ""
    because = answer.lead.because.as_json() if answer.lead else {}
    working = [role.team for role in answer.roles if str(role.role) in WORKING_ROLES]
    if team and basis == UNKNOWN:
        lead, working, basis = team, [team, *working], BY_ROAD
    return Routing(
        lead_team=lead,
        teams=tuple(dict.fromkeys([*([lead] if lead else []), *answer.teams])),
        working=tuple(dict.fromkeys(working)),
        because=because | {"basis": basis},
        tlp=law.sharing(profile, entity=entity, incident=incident, on=on).tlp,
    )


def _entity(said: Said, owners: Collection[str]) -> tuple[law.EntityFacts, str]:
    if said.organisation:
        facts = registry.entity_facts([said.organisation])
        if said.organisation in facts:
            return facts[said.organisation].without_name(), STATED
    if said.sector or said.territory:
        return law.EntityFacts(sector=said.sector or None, territory=said.territory or None), STATED
    if len(owners) == 1:
        facts = registry.entity_facts(owners)
        return next(iter(facts.values())).without_name(), OWNED
    return law.EntityFacts(), UNKNOWN


def require_known_words(said: Said) -> None:
    """Refuse a sector, place, attribute or measure that the profile does not know: the law would take it for "no"."""
    profile = law.load(settings.PEHRA_PROFILE)
    law.require_known(profile, sector=said.sector, territory=said.territory)
    _require_among(said.attributes, {word.code for word in profile.attributes}, field="attributes")
    _require_among(said.impact, {word.code for word in profile.measures}, field="impact")


def _require_among(words: Collection[str], known: set[str], *, field: str) -> None:
    for word in sorted(set(words) - known):
        raise Invalid(f"the profile does not know the word {word!r}; one of: {', '.join(sorted(known))}", field=field)
