"""Clocks made from what the law says is due, and made anew when a fact changes.

A new fact may start a clock, move its due time or add one. It never removes one: a clock that no longer follows from
the facts stays, says so, and waits for a person. What has ended stays as it ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.api.assessment import OWED_BY_ENTITY, Debt
from pehra.incidents.models import Clock, Incident, IncidentOrganisation
from pehra.incidents.queries.attributes import attributes_of
from pehra.incidents.rules import clocks as rules
from pehra.incidents.rules.attributes import uncounted
from pehra.incidents.rules.clocks import ENDED, OWN_MOMENT, ClockState
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.sentences import Sentence
from pehra.law import api as law

DERIVED_FIELDS = (
    "order",
    "owed_by",
    "owed_to",
    "copy_to",
    "start_event",
    "started_at",
    "due_at",
    "warn_at",
    "fires_at",
    "state",
    "because",
    "forward_to",
    "provisional",
    "notes",
    "missing",
    "due_soon_at",
    "overdue_at",
)
NO_LONGER_FOLLOWS = Sentence("no longer follows from the facts; withdraw it with a reason, or let it run")


Key = tuple[str, str, str]
"""What makes a clock one: duty, stage, organisation."""

Walls = Mapping[str, list[str]]
"""Which teams read of an organisation, where an incident's informed teams must not read of each other's."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change to the clocks of an incident, as the ledger tells it."""

    event: str
    clock: Clock
    facts: dict[str, Any]


def rows(incident: Incident, debts: Iterable[Debt], walls: Walls, *, at: datetime) -> list[Clock]:
    """Return the clocks, not yet saved, of an incident that has none."""
    return [_fill(_blank(incident, debt, walls, at=at), debt) for debt in debts]


def rederive(
    incident: Incident,
    existing: Iterable[Clock],
    debts: Iterable[Debt],
    walls: Walls,
    *,
    again: Mapping[Key, UUID],
    at: datetime,
) -> tuple[list[Clock], list[Clock], list[Change]]:
    """Return clocks to add, clocks to update, and the changes to tell; nothing is saved here.

    `again` names the rows of clocks that went back when a merge was undone: what is owed anew runs in its row.
    """
    known = {key_of(clock): clock for clock in existing}
    added: list[Clock] = []
    updated: list[Clock] = []
    changes: list[Change] = []
    derived: set[Key] = set()
    for debt in debts:
        clock = known.get(debt.key) or _of_a_team(debt, known)
        if clock is None:
            added.append(_fill(_blank(incident, debt, walls, row=again.get(debt.key), at=at), debt))
            changes.append(Change(event="incidents.clock.started", clock=added[-1], facts=told(added[-1])))
            continue
        derived.add(key_of(clock))
        if clock.state not in ENDED:
            shown, before = _shown(clock), told(clock)
            if _shown(_fill(clock, debt)) != shown:
                updated.append(clock)
            if told(clock) != before:
                facts = told(clock) | {"before": {"due": before["due"], "state": before["state"]}}
                changes.append(Change(event="incidents.clock.derived", clock=clock, facts=facts))
    for key, clock in known.items():
        if key not in derived and clock.state not in ENDED and NO_LONGER_FOLLOWS.kept() not in clock.notes:
            clock.provisional, clock.notes = True, [*clock.notes, NO_LONGER_FOLLOWS.kept()]
            # No fact is missing any more: what is left to say is whether it is withdrawn.
            clock.missing = []
            updated.append(clock)
            facts = told(clock) | {"note": NO_LONGER_FOLLOWS.kept()}
            changes.append(Change(event="incidents.clock.unfounded", clock=clock, facts=facts))
    return added, updated, changes


def key_of(clock: Clock) -> Key:
    """Return what makes a clock one."""
    return (clock.duty, clock.stage, clock.organisation)


def _of_a_team(debt: Debt, known: Mapping[Key, Clock]) -> Clock | None:
    """Return the clock of what a team owes, whichever organisation the incident concerned alone when it started."""
    if debt.duty.owed_by == OWED_BY_ENTITY:
        return None
    same = (clock for clock in known.values() if (clock.duty, clock.stage) == (debt.duty.duty, debt.duty.stage))
    return next((clock for clock in same if clock.owed_by != OWED_BY_ENTITY), None)


def told(clock: Clock) -> dict[str, Any]:
    """Return what the ledger says of a clock: which stage of which duty, owed by whom to whom, by when, and its
    state."""
    return {
        "clock": str(clock.id),
        "duty": clock.duty,
        "stage": clock.stage,
        "owed_by": clock.owed_by,
        **({"organisation": clock.organisation} if _is_one_of_several(clock) else {}),
        "owed_to": list(clock.owed_to),
        "due": _time(clock.due_at),
        "state": str(clock.state),
    }


def _is_one_of_several(clock: Clock) -> bool:
    """Whether a clock must say whose it is, because the incident concerns others too; its entry is for its own wall."""
    return bool(clock.organisation) and clock.organisation != clock.incident.organisation


def moments_of(incident: Incident, clocks: Iterable[Clock]) -> dict[str, datetime]:
    """Return the moments the law counts from: those supplied, and those at which stages were sent."""
    known = said_moments(incident.moments)
    for clock in clocks:
        if clock.state in {ClockState.MET, ClockState.MET_LATE} and clock.ended_at is not None:
            known[f"{clock.duty}/{clock.stage}"] = clock.ended_at
    return known


def facts_of(incident: Incident) -> law.IncidentFacts:
    """Return an incident as the law reads it, as it is stored."""
    return law.IncidentFacts(
        taxonomy=incident.taxonomy or None,
        type=incident.type or None,
        severity=incident.severity or None,
        attributes=attributes_of(incident),
        impact=incident.impact,
    )


def facts_of_a_part(incident: Incident) -> law.IncidentFacts:
    """Return an incident as the law reads it for one of its organisations, or for what is split off."""
    facts = facts_of(incident)
    return replace(facts, attributes=uncounted(attributes_of(incident))) if incident.widespread else facts


def said_moments(kept: Mapping[str, Any]) -> dict[str, datetime]:
    """Return moments as they are kept, without who said them."""
    return {name: datetime.fromisoformat(moment["moment"]) for name, moment in kept.items()}


def entities_of(incident: Incident) -> list[law.EntityFacts]:
    """Return the distinct facts about whose matter an incident is: of its organisations, or as stated without one."""
    sides = incident.organisations.filter(removed_at__isnull=True).order_by("id")
    return list(dict.fromkeys(entity_of(side) for side in sides)) or [stated_entity(incident.entity)]


def entity_of(side: IncidentOrganisation) -> law.EntityFacts:
    """Return the facts about an organisation of an incident, as they were when it became one."""
    return law.EntityFacts(
        sector=side.sector or None,
        territory=side.territory or None,
        classes=frozenset(side.classes) if side.classes is not None else None,
    )


def stated_entity(entity: Mapping[str, Any]) -> law.EntityFacts:
    """Return the facts that were stated where no registered organisation is concerned."""
    classes = entity["classes"]
    return law.EntityFacts(
        sector=entity["sector"],
        territory=entity["territory"],
        classes=frozenset(classes) if classes is not None else None,
        known=entity["known"],
    )


def entity_json(entity: law.EntityFacts) -> dict[str, Any]:
    """Return the facts about an entity as an incident stores them; null is unknown."""
    return {
        "sector": entity.sector,
        "territory": entity.territory,
        "classes": sorted(entity.classes) if entity.classes is not None else None,
        "known": entity.known,
    }


def moment(*, value: datetime, by: str, at: datetime, note: str) -> dict[str, str]:
    """Return one known moment as it is kept: what, by whom, when said, and how far it can be trusted."""
    return {"moment": format_time(value), "by": by, "supplied_at": format_time(at), "note": str(note)}


def incident_note(incident: Incident, start_event: str) -> str:
    """Return the doubt that a clock's starting moment carries, empty when a person supplied it."""
    note: str = incident.moments.get(start_event.replace("-", "_"), {}).get("note", "")
    return note


def _blank(incident: Incident, debt: Debt, walls: Walls, *, row: UUID | None = None, at: datetime) -> Clock:
    return Clock(
        id=row or new_id(at),
        incident=incident,
        lead_team=incident.lead_team,
        teams=walls.get(debt.organisation, list(incident.teams)),
        organisation=debt.organisation,
    )


def _fill(clock: Clock, debt: Debt) -> Clock:
    """Give a clock what the law says now. It starts over only when its due time is another: what fired, has fired."""
    duty = debt.duty
    moved = clock.due_at != duty.due or duty.due is None
    clock.duty, clock.stage, clock.order = duty.duty, duty.stage, debt.order
    clock.owed_by = duty.owed_by
    clock.owed_to, clock.copy_to, clock.forward_to = list(duty.owed_to), list(duty.copy_to), list(duty.forward_to)
    clock.start_event = duty.start_event
    clock.started_at, clock.due_at = duty.starts, duty.due
    clock.because = duty.because.as_json()
    if debt.by_own_moment:
        clock.because["facts"][OWN_MOMENT] = debt.organisation
    clock.missing = list(duty.missing)
    # A doubt about the incident's moment is none about its own, which a person supplied.
    doubt = "" if debt.by_own_moment else incident_note(clock.incident, duty.start_event)
    clock.notes = [*([doubt] if doubt else []), *(note.kept() for note in duty.notes)]
    clock.provisional = duty.provisional or bool(doubt)
    if moved or clock.state == ClockState.RUNNING:
        reading = rules.start(status=duty.status, started=duty.starts, due=duty.due)
        clock.state, clock.fires_at = reading.state, reading.fires_at
        clock.warn_at = reading.fires_at
    if moved:
        clock.due_soon_at = clock.overdue_at = None
    return clock


def _shown(clock: Clock) -> tuple[object, ...]:
    """Return what a new derivation may change of a clock, to see whether it did."""
    return tuple(getattr(clock, name) for name in DERIVED_FIELDS)


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None
