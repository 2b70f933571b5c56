"""Who and what an incident touches, and how hard: organisations, assets, services, people, regions, money, borders.

An organisation that is added owes what the law lays on it from then on; one that is taken out leaves its clocks, which
say so and wait for a person. Nothing is deleted: what was taken out says when, by whom and why.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.incidents import queries
from pehra.incidents.api import acting, deriving, drafts, duty_clocks, roles
from pehra.incidents.api.drafts import Side
from pehra.incidents.models import Clock, Incident, IncidentAsset, IncidentOrganisation
from pehra.incidents.rules import impact as rules
from pehra.incidents.rules.clocks import ClockState
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.registry import api as registry

ASSETS_MAX = 1_000
ASSET_NAME_CHARACTERS_MAX = 300
NOTE_CHARACTERS_MAX = 2_000


@transaction.atomic
def affect(*, ref: str, organisation: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Say that an organisation is affected too; the law is asked what it owes."""
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    facts = registry.named_facts([organisation], by=by)[organisation]
    with access.elevated(part="incidents.sides"):
        there = incident.organisations.filter(organisation=organisation).first()
    if there is not None and there.removed_at is None:
        raise Invalid("this organisation is named already", field="organisation")
    # The new side has its own team's wall, and whoever names it may be of another.
    out_since = there.removed_at if there is not None else None
    with access.elevated(part="incidents.sides"):
        if there is not None:
            there.removed_at, there.removed_by, there.removed_reason = None, "", ""
            there.save(update_fields=["removed_at", "removed_by", "removed_reason"])
        else:
            drafts.add_sides([(incident, _side(organisation, facts, incident))], at=at)
        is_first = not incident.organisation and not incident.widespread
        name_alone(incident)
        if is_first:
            _owed_by_first(incident)
        roles.wall_clocks(incident)
    # The entry is for all teams of the incident; in a widespread one they do not read of each other's constituents.
    named = {} if incident.widespread else {"organisation": organisation}
    acting.record(incident, "incidents.organisation.added", {**named, "reason": words}, by=by, at=at)
    clocks = deriving.locked_clocks(incident)
    again = _withdrawn_since(clocks, organisation, since=out_since) if out_since else {}
    deriving.rederive(incident, clocks, again=again, by=by, at=at)
    return queries.views([incident])[0]


@transaction.atomic
def unaffect(*, ref: str, organisation: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Say that an organisation is not affected after all; what it owed stays and asks for a person's reason."""
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    side = incident.organisations.filter(organisation=organisation, removed_at__isnull=True).first()
    if side is None:
        raise NotVisible("this organisation is not named in the incident")
    side.removed_at, side.removed_by, side.removed_reason = at, by.id, words
    side.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    name_alone(incident)
    named = {} if incident.widespread else {"organisation": organisation}
    acting.record(incident, "incidents.organisation.removed", {**named, "reason": words}, by=by, at=at)
    deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)
    return queries.views([incident])[0]


def _owed_by_first(incident: Incident) -> None:
    """Let what was owed while nobody was named be owed by the first who is: one clock, not a second one beside it."""
    own = {(clock.duty, clock.stage) for clock in incident.clocks.filter(organisation=incident.organisation)}
    for clock in incident.clocks.filter(organisation="", gained_from=None):
        if (clock.duty, clock.stage) not in own:
            clock.organisation = incident.organisation
            clock.save(update_fields=["organisation"])


def _withdrawn_since(clocks: Iterable[Clock], organisation: str, *, since: datetime) -> dict[duty_clocks.Key, UUID]:
    """Return the rows of clocks that were withdrawn while an organisation was out: hit after all, it owes them anew."""
    return {
        duty_clocks.key_of(clock): clock.id
        for clock in clocks
        if clock.organisation == organisation
        and clock.state == ClockState.WITHDRAWN
        and clock.ended_at is not None
        and clock.ended_at >= since
    }


def _side(organisation: str, facts: law.EntityFacts, incident: Incident) -> Side:
    lead = deriving.assessor_of(incident).responsibility(facts, duty_clocks.facts_of_a_part(incident)).lead
    return Side(
        organisation=organisation,
        name=registry.names([organisation]).get(organisation, ""),
        entity=facts.without_name(),
        lead_team=lead.team if lead else "",
        teams=(lead.team,) if lead else (),
    )


def name_alone(incident: Incident) -> None:
    """Keep the organisation that the incident is known by: the first one, as long as it is affected."""
    if incident.widespread:
        return
    left = list(
        incident.organisations.filter(removed_at__isnull=True).order_by("id").values_list("organisation", flat=True)
    )
    if incident.organisation not in left:
        incident.organisation = left[0] if left else ""
        incident.save(update_fields=["organisation"])


@transaction.atomic
def add_asset(*, ref: str, organisation: str, name: str, note: str, by: Actor, at: datetime) -> None:
    """Name something that the incident touches; `organisation` is one of those affected, or nobody's."""
    incident = acting.locked(ref, by=by)
    said = acting.words(name, field="name", most=ASSET_NAME_CHARACTERS_MAX)
    about = acting.words(note, field="note", most=NOTE_CHARACTERS_MAX, needed=False)
    if organisation and not _affected(incident, organisation):
        raise Invalid("name one of the organisations that the incident affects", field="organisation")
    there = incident.assets.filter(removed_at__isnull=True)
    if there.filter(organisation=organisation, name=said).exists():
        raise Invalid("this is named already", field="name")
    if there.count() >= ASSETS_MAX:
        raise Invalid(f"an incident names at most {ASSETS_MAX} assets", field="name")
    asset = IncidentAsset.objects.create(
        id=new_id(at), incident=incident, organisation=organisation, name=said, note=about, added_at=at, added_by=by.id
    )
    acting.record(incident, "incidents.asset.added", {"asset": str(asset.id), "name": said}, by=by, at=at)


@transaction.atomic
def remove_asset(*, ref: str, name: str, organisation: str, reason: str, by: Actor, at: datetime) -> None:
    """Say that something is not touched after all."""
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    asset = incident.assets.filter(removed_at__isnull=True, organisation=organisation, name=name).first()
    if asset is None:
        raise NotVisible("this is not named in the incident")
    asset.removed_at, asset.removed_by, asset.removed_reason = at, by.id, words
    asset.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    acting.record(incident, "incidents.asset.removed", {"asset": str(asset.id), "reason": words}, by=by, at=at)


def _affected(incident: Incident, organisation: str) -> bool:
    named = IncidentOrganisation.objects.filter(incident=incident, removed_at__isnull=True)
    return named.filter(organisation=organisation).exists()


@transaction.atomic
def state_impact(
    *,
    ref: str,
    services: Sequence[str],
    regions: Iterable[str],
    countries: Iterable[str],
    reason: str,
    by: Actor,
    at: datetime,
) -> queries.IncidentView:
    """Say which services are down or harmed, in which regions, and which other countries are touched; complete lists.

    Numbers (people, money, hours) are measures of the profile and said with `state_facts`.
    """
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    said = rules.Impact.of(services=services, regions=regions, countries=countries)
    profile = deriving.assessor_of(incident).profile
    for region in said.regions:
        law.require_known(profile, territory=region)
    before = {name: incident.impact.get(name) for name in rules.LISTS}
    incident.impact = {**incident.impact, **said.as_json()}
    incident.save(update_fields=["impact"])
    facts = {"before": before, **said.as_json(), "reason": words}
    acting.record(incident, "incidents.impact.stated", facts, by=by, at=at)
    deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)
    return queries.views([incident])[0]
