"""Clocks stored anew after a fact changed: the one place that asks the law again about an incident that is there.

The law is that of the day on which the matter became an incident: a later change of law does not move its clocks. An
incident with others merged into it is asked about as one matter: with all their organisations, the earliest of their
moments, the gravest of their grades. What it owes only because of them is marked as gained, so that undoing the merge
knows what goes back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.incidents.api import drafts, duty_clocks
from pehra.incidents.api.assessment import OWED_BY_ENTITY, Assessor, Debt, Debtor
from pehra.incidents.models import Clock, Incident, IncidentOrganisation, Merge
from pehra.incidents.queries.attributes import attributes_of
from pehra.incidents.queries.families import family_of, root_of
from pehra.incidents.rules import working
from pehra.incidents.rules.attributes import joined
from pehra.incidents.rules.clocks import ENDED, ClockState
from pehra.incidents.rules.opening import highest
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.sentences import Sentence
from pehra.law import api as law
from pehra.ledger import api as ledger

CAME_WITH = Sentence("came with an incident that was merged into this one")


@dataclass(frozen=True, kw_only=True)
class Matter:
    """An incident with everything that is part of it, as the law is asked about it."""

    family: Sequence[Incident]
    sides: Sequence[IncidentOrganisation]
    clocks: Sequence[Clock]


def assessor_of(incident: Incident) -> Assessor:
    """Return the law as it stood when the incident was opened."""
    return Assessor.at(incident.opened_at)


@access.elevated(part="incidents.deriving")
def locked_clocks(incident: Incident) -> list[Clock]:
    """Return an incident's clocks, locked until the end of the transaction, in the order of the law's stages."""
    clocks = list(incident.clocks.select_for_update().order_by("order", "id"))
    for clock in clocks:
        # One row, one object: what is changed on the incident must be seen from its clocks.
        clock.incident = incident
    return clocks


@access.elevated(part="incidents.deriving")
def rederive(
    incident: Incident,
    clocks: Sequence[Clock],
    *,
    again: Mapping[duty_clocks.Key, UUID] | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """Ask the law again with the facts as they now are; store what changed and tell it to the ledger.

    The law is asked about the whole matter, whichever part of it the acting person may read. `again` names the rows of
    ended clocks whose end no longer holds: what is owed anew runs in its row.
    """
    root = root_of(incident)
    if root.id != incident.id:
        # What joins a part concerns the whole: the part's own clocks rest until the merge is undone.
        incident = Incident.objects.select_for_update().get(id=root.id)
        clocks = locked_clocks(incident)
    if incident.ended_at is not None:
        return
    matter = matter_of(family_of(incident))
    debts = debts_of(matter)
    walls = {side.organisation: working.wall_of(incident, side) for side in matter.sides}
    again = went_back(clocks) | dict(again or {})
    there = [clock for clock in clocks if again.get(duty_clocks.key_of(clock)) != clock.id]
    added, updated, changes = duty_clocks.rederive(incident, there, debts, walls, again=again, at=at)
    if len(matter.family) > 1:
        own = {debt.key for debt in debts_of(matter_of([incident]))}
        kept = _kept(incident, [*there, *added], matter, again=again, at=at)
        changes += [
            duty_clocks.Change(event="incidents.clock.started", clock=clock, facts=duty_clocks.told(clock))
            for clock in kept
        ]
        added += kept
        for clock in added:
            if duty_clocks.key_of(clock) not in own:
                clock.gained_from = giver(clock, matter)
    rows = set(again.values())
    Clock.objects.bulk_create([clock for clock in added if clock.id not in rows])
    for clock in added:
        if clock.id in rows:
            clock.save(force_update=True)
    for clock in updated:
        clock.save(update_fields=duty_clocks.DERIVED_FIELDS)
    ledger.record_many(
        [drafts.entry_of(change.clock, event=change.event, by=by, at=at, facts=change.facts) for change in changes]
    )


def went_back(clocks: Iterable[Clock]) -> dict[duty_clocks.Key, UUID]:
    """Return the rows of clocks that only the undoing of a merge has ended: nobody judged that they are not owed."""
    gained = [clock for clock in clocks if clock.gained_from_id and clock.state == ClockState.WITHDRAWN]
    undone = (
        Merge.objects.filter(undone_at__in={clock.ended_at for clock in gained}) if gained else Merge.objects.none()
    )
    acts = set(undone.values_list("undone_at", "undone_by"))
    return {duty_clocks.key_of(clock): clock.id for clock in gained if (clock.ended_at, clock.ended_by) in acts}


def matter_of(family: Sequence[Incident]) -> Matter:
    """Return what belongs to incidents that are one matter: their organisations and all their clocks."""
    ids = [member.id for member in family]
    sides = IncidentOrganisation.objects.filter(incident__in=ids, removed_at__isnull=True)
    return Matter(
        family=family,
        sides=list(sides.order_by("id")),
        clocks=list(Clock.objects.filter(incident__in=ids).order_by("order", "id")),
    )


def debts_of(matter: Matter) -> list[Debt]:
    """Return what a matter owes by law, each organisation for itself, with the facts as they are stored."""
    first = matter.family[0]
    return assessor_of(first).debts(_debtors(matter), facts_of(matter.family), alone=first.organisation)


def facts_of(family: Sequence[Incident]) -> law.IncidentFacts:
    """Return a matter as the law reads it: what its first incident says, completed by its parts.

    As grave as the gravest; an attribute of one is an attribute of the whole, and what nobody said of the whole is not
    denied; a measure is the greatest that was said.
    """
    first, *others = (duty_clocks.facts_of(member) for member in family)
    if not others:
        return first
    order = tuple(law_order(family[0]))
    return law.IncidentFacts(
        taxonomy=next((facts.taxonomy for facts in (first, *others) if facts.taxonomy), None),
        type=next((facts.type for facts in (first, *others) if facts.type), None),
        severity=highest((facts.severity or "" for facts in (first, *others)), order=order) or None,
        attributes=joined(*(attributes_of(member) for member in family)),
        impact=_greatest([facts.impact for facts in (first, *others)]),
    )


def law_order(incident: Incident) -> Sequence[str]:
    """Return the levels of the scale under which an incident was opened, the lowest first."""
    return assessor_of(incident).profile.severity_levels


def _greatest(impacts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    greatest: dict[str, Any] = {}
    for impact in impacts:
        for name, value in impact.items():
            known = greatest.get(name)
            comparable = isinstance(known, int | float) and isinstance(value, int | float)
            greatest[name] = max(known, value) if comparable and known is not None else (known or value)
    return greatest


def _debtors(matter: Matter) -> list[Debtor]:
    """Return who may owe: each organisation once, with the earliest moments of the matter, and its own beside them."""
    shared = _earliest(duty_clocks.said_moments(member.moments) for member in matter.family)
    sent = [clock for clock in matter.clocks if clock.state in {ClockState.MET, ClockState.MET_LATE}]
    common = shared | _sent(clock for clock in sent if clock.owed_by != OWED_BY_ENTITY)
    first = matter.family[0]
    if not matter.sides:
        if first.organisations.exists():
            # Whom it was stated of is not affected any more: its clocks stay and say so, and nobody owes the same anew.
            return []
        entity = duty_clocks.stated_entity(first.entity)
        return [Debtor(organisation="", entity=entity, moments=common | _sent(sent))]
    by_organisation: dict[str, list[Clock]] = {}
    for clock in sent:
        if clock.owed_by == OWED_BY_ENTITY:
            by_organisation.setdefault(clock.organisation, []).append(clock)
    named: dict[str, list[IncidentOrganisation]] = {}
    for side in matter.sides:
        named.setdefault(side.organisation, []).append(side)
    return [
        Debtor(
            organisation=organisation,
            entity=duty_clocks.entity_of(sides[0]),
            moments=common | _sent(by_organisation.get(organisation, [])),
            own=_earliest(duty_clocks.said_moments(side.moments) for side in sides),
        )
        for organisation, sides in named.items()
    ]


def _earliest(known: Iterable[Mapping[str, datetime]]) -> dict[str, datetime]:
    earliest: dict[str, datetime] = {}
    for moments in known:
        for name, moment in moments.items():
            earliest[name] = min(earliest.get(name, moment), moment)
    return earliest


def _sent(clocks: Iterable[Clock]) -> dict[str, datetime]:
    """Return when stages were sent; one that was sent twice, of two incidents that are one matter, counts once."""
    return _earliest({f"{clock.duty}/{clock.stage}": clock.ended_at} for clock in clocks if clock.ended_at is not None)


def owed_by_parts(matter: Matter) -> list[Clock]:
    """Return the clocks of a matter's parts that are owed."""
    return [clock for clock in matter.clocks if clock.incident_id != matter.family[0].id and clock.state not in ENDED]


def _kept(
    incident: Incident,
    clocks: Sequence[Clock],
    matter: Matter,
    *,
    again: Mapping[duty_clocks.Key, UUID],
    at: datetime,
) -> list[Clock]:
    """Return clocks for what a part owes and the law does not say of the whole: none falls silent by a merge."""
    there = {duty_clocks.key_of(clock) for clock in clocks}
    kept: list[Clock] = []
    for clock in owed_by_parts(matter):
        key = duty_clocks.key_of(clock)
        if key in there:
            continue
        there.add(key)
        values = {field.attname: getattr(clock, field.attname) for field in Clock._meta.concrete_fields}
        values |= {"id": again.get(key) or new_id(at), "incident_id": incident.id, "gained_from_id": clock.incident_id}
        # What the part did not know is not asked of the whole, of which the law says that it does not follow.
        copy = Clock(**values | {"provisional": True, "notes": [*clock.notes, CAME_WITH.kept()], "missing": []})
        copy.incident = incident
        kept.append(copy)
    return kept


def giver(clock: Clock, matter: Matter) -> Incident:
    """Return the part through which the whole came to owe something."""
    parts = matter.family[1:]
    owing = {other.incident_id for other in matter.clocks if duty_clocks.key_of(other) == duty_clocks.key_of(clock)}
    sided = {side.incident_id for side in matter.sides if side.organisation == clock.organisation}
    return next((part for part in parts if part.id in owing), None) or next(
        (part for part in parts if part.id in sided), parts[0]
    )
