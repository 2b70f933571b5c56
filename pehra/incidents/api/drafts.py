"""Writing new incidents: rows, clocks, ledger entries and messages of one or many, in the caller's transaction.

The only place where an incident is made, whoever asks for it: a rule, a person, or a report. Everything that a reader
will ask "why?" about is stored here with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from pehra.incidents.api import duty_clocks, telling
from pehra.incidents.api.assessment import Assessor, Debtor, Grading
from pehra.incidents.models import Clock, Incident, IncidentOrganisation
from pehra.incidents.rules.states import State
from pehra.incidents.rules.working import wall_of
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id, reference
from pehra.kernel.reasons import Because
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

ROWS_A_STATEMENT_MAX = 2_000


@dataclass(frozen=True, kw_only=True)
class Side:
    """An organisation that an incident concerns, with the facts about it on which law is asked."""

    organisation: str
    name: str
    entity: law.EntityFacts
    lead_team: str = ""
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An incident that is about to be opened. `said_by`: who said what its facts are, where it was not who opens it."""

    title: str
    entity: law.EntityFacts
    facts: law.IncidentFacts
    grading: Grading
    marking: law.Marking
    sides: Sequence[Side] = ()
    findings: Sequence[UUID] = ()
    moments: Mapping[str, dict[str, str]] = field(default_factory=dict)
    informed: Sequence[law.TeamRole] = ()
    because: Sequence[Because | Mapping[str, Any]] = ()
    summary: str = ""
    rule: str = ""
    key: str = ""
    widespread: bool = False
    severity_confirmed: bool = False
    exercise: bool = False
    said_by: str = ""


def write(drafts: Sequence[Draft], *, assessor: Assessor, by: Actor, at: datetime) -> list[Incident]:
    """Store incidents with all that belongs to them; must run inside a transaction. References have no gaps."""
    if not drafts:
        return []
    numbers = take_numbers(
        len(drafts), prefix=assessor.profile.identity.reference_prefix, year=law.day_of(assessor.profile, at).year
    )
    incidents: list[Incident] = []
    clocks: list[Clock] = []
    for draft, number in zip(drafts, numbers, strict=True):
        incident = _incident(draft, assessor=assessor, number=number, by=by, at=at)
        incidents.append(incident)
        known = duty_clocks.moments_of(incident, ())
        debtors = [
            Debtor(organisation=side.organisation, entity=side.entity, moments=known) for side in draft.sides
        ] or [Debtor(organisation="", entity=draft.entity, moments=known)]
        debts = assessor.debts(debtors, draft.facts, alone=incident.organisation)
        walls = {side.organisation: wall_of(incident, side) for side in draft.sides}
        clocks += duty_clocks.rows(incident, debts, walls, at=at)
    pairs = list(zip(incidents, drafts, strict=True))
    Incident.objects.bulk_create(incidents, batch_size=ROWS_A_STATEMENT_MAX)
    add_sides([(incident, side) for incident, draft in pairs for side in draft.sides], at=at)
    add_findings([(incident, finding) for incident, draft in pairs for finding in draft.findings], at=at)
    Clock.objects.bulk_create(clocks, batch_size=ROWS_A_STATEMENT_MAX)
    _tell(pairs, clocks, by=by, at=at)
    return incidents


def add_sides(pairs: Sequence[tuple[Incident, Side]], *, at: datetime) -> None:
    """Add organisations to incidents; one that is there already stays as it is."""
    rows = [
        IncidentOrganisation(
            incident=incident,
            organisation=side.organisation,
            name=side.name,
            sector=side.entity.sector or "",
            territory=side.entity.territory or "",
            classes=sorted(side.entity.classes) if side.entity.classes is not None else None,
            lead_team=side.lead_team,
            teams=list(side.teams),
            added_at=at,
        )
        for incident, side in pairs
    ]
    IncidentOrganisation.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT_MAX, ignore_conflicts=True)


def add_findings(pairs: Sequence[tuple[Incident, UUID]], *, at: datetime) -> None:
    """Add findings to incidents; one that is there already stays. One statement: a widespread one has many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into incidents_incidentfinding (incident_id, finding, added_at) "
            "select incident, finding, %s from unnest(%s::uuid[], %s::uuid[]) as given (incident, finding) "
            "on conflict (incident_id, finding) do nothing",
            [at, [incident.id for incident, _ in pairs], [finding for _, finding in pairs]],
        )


def take_numbers(count: int, *, prefix: str, year: int) -> list[str]:
    """Take the next references of a year. The counter's row is locked until the end of the transaction: no gaps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into incidents_referencecounter as counter (prefix, year, number) values (%s, %s, %s) "
            "on conflict (prefix, year) do update set number = counter.number + excluded.number returning number",
            [prefix, year, count],
        )
        (last,) = cursor.fetchone()
    return [reference(prefix=prefix, year=year, number=number) for number in range(last - count + 1, last + 1)]


def _incident(draft: Draft, *, assessor: Assessor, number: str, by: Actor, at: datetime) -> Incident:
    responsibility = assessor.responsibility(draft.entity, draft.facts)
    roles = merged_roles([*responsibility.roles, *draft.informed])
    lead = responsibility.lead.team if responsibility.lead else ""
    known = draft.facts.attributes or law.Attributes()
    alone = draft.sides[0] if len(draft.sides) == 1 and not draft.widespread else None
    return Incident(
        id=new_id(at),
        reference=number,
        title=draft.title,
        summary=draft.summary,
        state=State.NEW,
        lead_team=lead,
        teams=list(dict.fromkeys([*([lead] if lead else []), *(role["team"] for role in roles)])),
        roles=roles,
        organisation=alone.organisation if alone else "",
        sector=draft.entity.sector or "",
        territory=draft.entity.territory or "",
        entity=duty_clocks.entity_json(draft.entity),
        severity=draft.grading.level,
        severity_because=draft.grading.because,
        severity_confirmed=draft.severity_confirmed,
        tlp=draft.marking.tlp,
        pap=draft.marking.pap,
        marking_because=draft.marking.because.as_json(),
        taxonomy=draft.facts.taxonomy or "",
        type=draft.facts.type or "",
        **attribute_columns(known),
        impact=dict(draft.facts.impact),
        moments=dict(draft.moments),
        widespread=draft.widespread,
        exercise=draft.exercise,
        origin_rule=draft.rule,
        origin_key=draft.key,
        because=[reason.as_json() if isinstance(reason, Because) else dict(reason) for reason in draft.because],
        opened_at=at,
        opened_by=by.id,
    )


def attribute_columns(known: law.Attributes) -> dict[str, Any]:
    """Return what is known of an incident's attributes as its row holds it."""
    is_said = known.is_complete or known.present or known.absent
    return {
        "attributes": sorted(known.present) if is_said else None,
        "attributes_absent": sorted(known.absent),
        "attributes_complete": known.is_complete,
    }


def merged_roles(roles: Sequence[law.TeamRole]) -> list[dict[str, Any]]:
    """Return each team's strongest role once, with its reason. Order: lead, coordinate, support, inform."""
    strength = ("lead", "coordinate", "support", "inform")
    ordered = sorted(roles, key=lambda role: strength.index(str(role.role)))
    merged: dict[str, dict[str, Any]] = {}
    for role in ordered:
        merged.setdefault(role.team, {"team": role.team, "role": str(role.role), "because": role.because.as_json()})
    return list(merged.values())


def _tell(pairs: Sequence[tuple[Incident, Draft]], clocks: Sequence[Clock], *, by: Actor, at: datetime) -> None:
    """Queue the messages of new incidents and record them: opened first, then each clock that started."""
    book = telling.AddressBook()
    entries: list[ledger.Entry] = []
    messages: list[outbox.Draft] = []
    for incident, draft in pairs:
        told = telling.opened(incident, book)
        messages += told.drafts
        facts = _opening_facts(incident, draft) | told.as_facts()
        entries.append(
            ledger.Entry(
                event="incidents.opened", subject=incident.reference, by=by, at=at, teams=incident.teams, facts=facts
            )
        )
    entries += [entry_of(clock, event="incidents.clock.started", by=by, at=at) for clock in clocks]
    ledger.record_many(entries)
    outbox.queue_many(drafts=messages, by=by, at=at)


def _opening_facts(incident: Incident, draft: Draft) -> dict[str, Any]:
    """Return what the ledger says of an opening. Organisations are counted, not named: informed teams read this."""
    return {
        "incident": str(incident.id),
        "rule": incident.origin_rule,
        "lead": incident.lead_team,
        "roles": {role["team"]: role["role"] for role in incident.roles},
        "severity": incident.severity,
        "tlp": incident.tlp,
        "findings": len(draft.findings),
        "organisations": len(draft.sides),
        "widespread": incident.widespread,
        **_attributes_said(draft),
    }


def _attributes_said(draft: Draft) -> dict[str, Any]:
    """Return what was said of its attributes and by whom, where anything was."""
    said = draft.facts.attributes.as_json() if draft.facts.attributes is not None else {}
    if not said:
        return {}
    return {"attributes": said, **({"said_by": draft.said_by} if draft.said_by else {})}


def entry_of(
    clock: Clock, *, event: str, by: Actor, at: datetime, facts: Mapping[str, Any] | None = None
) -> ledger.Entry:
    """Return the ledger entry of something that happened to a clock."""
    return ledger.Entry(
        event=event,
        subject=clock.incident.reference,
        by=by,
        at=at,
        teams=clock.teams,
        facts=dict(facts) if facts is not None else duty_clocks.told(clock),
    )
