"""Incidents of the past become incidents that are closed: to search in, to compare with, to learn from.

They were never worked on here, and nothing says that they were: their numbers have a prefix of their own, no clock
runs, nobody is told. A file that is taken in again adds what is new in it and changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.api import drafts, duty_clocks
from pehra.incidents.gateways import history_file
from pehra.incidents.models import Incident, IncidentOrganisation, TimelineEntry
from pehra.incidents.rules.history import Past, veris
from pehra.incidents.rules.states import State
from pehra.incidents.rules.timeline import Precision, Source
from pehra.kernel import json_text
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.ledger import api as ledger

# Any fixed number: two that take the same file in at once would both find nothing of it here.
IMPORT_LOCK = 0x70656872_68697374
RULE = "history"
PREFIX_SUFFIX = "H"
ROWS_A_STATEMENT_MAX = 1_000
REJECTS_TOLD_MAX = 100
CITATION = "VERIS community database, as its authors coded it; class, sector and severity read by our tables"
OVER = "taken in as history: it was over before Pehra knew of it"


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A line that was set aside, and why."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class HistorySummary:
    """What became of a file: how many lines were read, taken in, known before and set aside."""

    read: int
    added: int
    known: int
    set_aside: int
    unread: tuple[Unread, ...]


@transaction.atomic
def import_history(*, path: Path, team: str = "", by: Actor, at: datetime) -> HistorySummary:
    """Take in a file of past incidents (VERIS, one JSON record a line) for a team; by default for the one that
    coordinates where the law names nobody else. Refuse a file in which nothing can be taken in."""
    profile = law.load(settings.PEHRA_PROFILE)
    lead = _lead(team, profile, at=at)
    access.require(by, Permission.INCIDENTS_IMPORT, teams=[lead])
    pasts, unread, lines = _read(path, at=at, zone=ZoneInfo(profile.identity.timezone))
    if not pasts:
        why = f"line {unread[0].line}: {unread[0].reason}" if unread else "it is empty"
        raise Invalid(f"{path.name} holds no incident that can be taken in ({why})", field="file")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
    fresh = _unknown(pasts)
    incidents = _write(sorted(fresh, key=lambda past: (past.began_at, past.key)), lead, profile, by=by, at=at)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    summary = HistorySummary(
        read=lines,
        added=len(incidents),
        known=len(pasts) - len(incidents),
        set_aside=len(unread),
        unread=tuple(unread[:REJECTS_TOLD_MAX]),
    )
    facts = {"sha256": digest, "file": path.name, "added": summary.added, "known": summary.known}
    facts |= {"set_aside": summary.set_aside}
    ledger.record("incidents.history.imported", subject=digest, by=by, at=at, teams=[lead], facts=facts)
    return summary


def _lead(team: str, profile: law.Profile, *, at: datetime) -> str:
    if team:
        access.require_known_team(team)
        return team
    roles = law.responsible_for_unowned(profile, on=law.day_of(profile, at)).roles
    found = [role.team for kind in ("coordinate", "lead") for role in roles if role.role == kind]
    if not found:
        raise Invalid("the profile names no team for what is nobody's: say for which team", field="team")
    return found[0]


def _read(path: Path, *, at: datetime, zone: ZoneInfo) -> tuple[dict[str, Past], list[Unread], int]:
    """Return the records of a file by their keys; a key that stands twice is the first."""
    pasts: dict[str, Past] = {}
    unread: list[Unread] = []
    lines = 0
    for number, line in history_file.lines(path):
        lines += 1
        try:
            record = json_text.read_object(line, field="record")
            past = veris.read(record, at=at, zone=zone)
        except Invalid as refusal:
            unread.append(Unread(line=number, reason=f"{refusal.field}: {refusal.message}"))
            continue
        if past.key in pasts:
            unread.append(Unread(line=number, reason=f"incident_id: {past.key} stands twice"))
            continue
        pasts[past.key] = past
    return pasts, unread, lines


def _key(past: Past) -> str:
    return f"{RULE}|veris|{past.key}"


def _unknown(pasts: dict[str, Past]) -> list[Past]:
    keys = {_key(past): past for past in pasts.values()}
    known = set(Incident.objects.filter(origin_key__in=list(keys)).values_list("origin_key", flat=True))
    return [past for key, past in keys.items() if key not in known]


def _write(pasts: Sequence[Past], lead: str, profile: law.Profile, *, by: Actor, at: datetime) -> list[Incident]:
    """Store incidents with their organisation, timeline and ledger entry. References have no gaps within a year."""
    incidents: list[Incident] = []
    for year, of_year in groupby(pasts, key=lambda past: past.year):
        of_it = list(of_year)
        numbers = drafts.take_numbers(
            len(of_it), prefix=f"{profile.identity.reference_prefix}{PREFIX_SUFFIX}", year=year
        )
        incidents += [
            _incident(past, number, lead, profile, by=by, at=at) for past, number in zip(of_it, numbers, strict=True)
        ]
    pairs = list(zip(incidents, pasts, strict=True))
    Incident.objects.bulk_create(incidents, batch_size=ROWS_A_STATEMENT_MAX)
    IncidentOrganisation.objects.bulk_create(
        [
            IncidentOrganisation(
                incident=row,
                name=past.organisation_name,
                sector=row.sector,
                lead_team=lead,
                teams=[lead],
                added_at=at,
            )
            for row, past in pairs
            if past.organisation_name
        ],
        batch_size=ROWS_A_STATEMENT_MAX,
    )
    TimelineEntry.objects.bulk_create(_entries(pairs, by=by, at=at), batch_size=ROWS_A_STATEMENT_MAX)
    facts = {"source": "veris"}
    ledger.record_many(
        [
            ledger.Entry(
                event="incidents.history.added",
                subject=row.reference,
                by=by,
                at=at,
                teams=[lead],
                facts=facts | {"key": past.key, "class": row.taxonomy, "type": row.type, "sector": row.sector},
            )
            for row, past in pairs
        ]
    )
    return incidents


def _incident(past: Past, number: str, lead: str, profile: law.Profile, *, by: Actor, at: datetime) -> Incident:
    sector = past.sector if past.sector in {each.code for each in profile.sectors} else ""
    measures = {each.code for each in profile.measures}
    attributes = sorted(set(past.attributes) & {each.code for each in profile.attributes})
    because = Because(
        rule=RULE,
        version=profile.version,
        citation=CITATION,
        status="unknown",
        facts={"veris": past.key, "country": past.country, "began is known to the": past.exactly},
    ).as_json()
    return Incident(
        id=new_id(past.began_at),
        reference=number,
        title=past.title,
        summary=past.summary,
        state=State.CLOSED,
        state_reason=OVER,
        lead_team=lead,
        teams=[lead],
        roles=[{"team": lead, "role": "lead", "because": because}],
        sector=sector,
        entity=duty_clocks.entity_json(law.EntityFacts(sector=sector or None, known=False)),
        severity=past.severity if past.severity in profile.severity_levels else "",
        severity_because=because,
        tlp=Tlp.CLEAR,
        pap=Pap.CLEAR,
        marking_because=because,
        taxonomy=past.taxonomy,
        type=past.type,
        attributes=attributes or None,
        impact={name: value for name, value in past.impact.items() if name in measures},
        moments={
            name: duty_clocks.moment(value=moment, by=by.id, at=at, note=_note(past))
            for name, moment in past.moments.items()
        },
        origin_rule=RULE,
        origin_key=_key(past),
        because=[because],
        opened_at=past.began_at,
        opened_by=by.id,
        ended_at=past.ended_at,
    )


def _note(past: Past) -> str:
    return f"counted from a beginning that is known to the {past.exactly}"


def _entries(pairs: Iterable[tuple[Incident, Past]], *, by: Actor, at: datetime) -> list[TimelineEntry]:
    return [
        TimelineEntry(
            id=new_id(at),
            incident=row,
            number=number,
            happened_at=told.at,
            precision=Precision.DAY,
            text=told.text,
            source=Source.PERSON,
            entered_at=at,
            entered_by=by.id,
        )
        for row, past in pairs
        for number, told in enumerate(past.timeline, start=1)
    ]
