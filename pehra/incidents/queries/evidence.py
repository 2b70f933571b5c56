"""Reading evidence: what an incident has, the custody log of one piece, how it ends, and the log as it leaves.

Evidence is read by who may read incidents in a team that works on this one: an informed team and the organisation
itself see the incident, and not what was taken as proof.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.models import (
    CustodyEntry,
    Evidence,
    EvidenceDisposal,
    EvidenceHold,
    EvidenceStamp,
    Incident,
)
from pehra.incidents.queries import reading
from pehra.incidents.queries.families import family_of
from pehra.incidents.rules import custody
from pehra.incidents.rules.disposal import Outcome
from pehra.incidents.rules.working import working_teams
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import NotVisible

FORMAT = "pehra-custody-1"
PAST_KEEPING_MAX = 500
DISPOSALS_SHOWN_MAX = 500
EVIDENCE_SHOWN_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class StampView:
    """What an authority said, or why there is no stamp yet."""

    authority: str
    asked_at: datetime
    stamped_at: datetime | None
    serial: str
    signer: str
    problem: str
    attempts: int
    waits: bool

    @property
    def state(self) -> str:
        """Return `stamped`, `waiting` or `failed`."""
        if self.stamped_at:
            return "stamped"
        return "waiting" if self.waits else "failed"


@dataclass(frozen=True, kw_only=True)
class CustodyView:
    """One line of a custody log."""

    position: int
    act: str
    at: datetime
    by: str
    by_name: str
    to: str
    reason: str
    facts: dict[str, Any]
    previous: str
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the line as it is exported and hashed."""
        return {**vars(self), "at": format_time(self.at)}


@dataclass(frozen=True, kw_only=True)
class HoldView:
    """An order that a piece be kept, until it is lifted."""

    number: int
    reason: str
    placed_at: datetime
    placed_by: str
    placed_by_name: str
    lifted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DisposalView:
    """That a piece was asked to be destroyed: it waits for another person, or was confirmed by one."""

    reason: str
    order: str
    asked_at: datetime
    asked_by: str
    asked_by_name: str
    ends_at: datetime
    outcome: str


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """One piece of evidence, with the holds that stand; `custody` is filled where one piece is shown.

    `disposal` is the question that waits for a second person, and where one piece is shown the one that was confirmed.
    """

    id: UUID
    incident: str
    number: int
    name: str
    about: str
    source: str
    collected_at: datetime | None
    media_type: str
    sha256: str
    size: int
    tlp: str
    quarantined: bool
    quarantined_because: str
    keep_until: date | None
    added_at: datetime
    added_by: str
    destroyed_at: datetime | None
    erased_at: datetime | None
    holds: tuple[HoldView, ...] = ()
    disposal: DisposalView | None = None
    stamps: tuple[StampView, ...] = ()
    custody: tuple[CustodyView, ...] = ()

    @property
    def label(self) -> str:
        """Return how people call it."""
        return f"E{self.number}"


def may_read(incident: Incident, *, by: Actor) -> bool:
    """Whether the actor may read the evidence of an incident that it sees."""
    teams = working_teams(incident.roles, otherwise=incident.teams)
    return access.may(by, Permission.INCIDENTS_READ, teams=teams)


def evidence(reference: str, *, by: Actor) -> list[EvidenceView]:
    """Return what an incident has as evidence, in the order in which it came, and after it that of what it joined.

    A piece stays with its incident when that is merged: its number and its log are of there. What of it one may not
    read there is not shown here either.
    """
    incident = _readable(reference, by=by)
    members = family_of(incident)
    seen = set(reading.visible(by).filter(id__in=[member.id for member in members]).values_list("id", flat=True))
    family = [member for member in members if member.id in seen and may_read(member, by=by)]
    places = {member.id: place for place, member in enumerate(family)}
    rows = list(Evidence.objects.filter(incident__in=family).order_by("number")[:EVIDENCE_SHOWN_MAX])
    rows.sort(key=lambda row: (places[row.incident_id], row.number))
    stamps: dict[UUID, list[StampView]] = {}
    for stamp in EvidenceStamp.objects.filter(evidence__in=rows).order_by("asked_at"):
        stamps.setdefault(stamp.evidence_id, []).append(_stamp(stamp))
    held: dict[UUID, list[HoldView]] = {}
    for hold in EvidenceHold.objects.filter(evidence__in=rows, lifted_at=None).order_by("number"):
        held.setdefault(hold.evidence_id, []).append(_hold(hold))
    waiting = EvidenceDisposal.objects.filter(evidence__in=rows, outcome=Outcome.ASKED)
    asked = {row.evidence_id: _disposal_view(row) for row in waiting}
    return [
        replace(
            view(row, family[places[row.incident_id]], stamps=tuple(stamps.get(row.id, ()))),
            holds=tuple(held.get(row.id, ())),
            disposal=asked.get(row.id),
        )
        for row in rows
    ]


def evidence_past_keeping(*, by: Actor, on: date) -> list[EvidenceView]:
    """Return the evidence whose day of keeping is past, the longest past first, of incidents where the actor works."""
    seen = Evidence.objects.all().visible_to(reading.reader(by)).select_related("incident")
    rows = seen.filter(keep_until__lt=on, destroyed_at__isnull=True).order_by("keep_until", "id")
    shown = [row for row in rows[:PAST_KEEPING_MAX] if may_read(row.incident, by=by)]
    return [view(row, row.incident) for row in shown]


def one_evidence(reference: str, number: int, *, by: Actor) -> EvidenceView:
    """Return one piece of evidence with its custody log."""
    incident = _readable(reference, by=by)
    row = found(incident, number)
    stamps = tuple(_stamp(stamp) for stamp in row.stamps.order_by("asked_at"))
    log = tuple(custody_view(entry) for entry in row.custody.order_by("position"))
    holds = tuple(_hold(hold) for hold in row.holds.filter(lifted_at=None).order_by("number"))
    shown = view(row, incident, stamps=stamps, custody=log)
    return replace(shown, holds=holds, disposal=_disposal(row))


def disposals_waiting(*, by: Actor, at: datetime) -> list[EvidenceView]:
    """Return the evidence that waits for a second person to agree that it be destroyed, the longest asked first."""
    seen = EvidenceDisposal.objects.filter(outcome=Outcome.ASKED, ends_at__gt=at).select_related("evidence__incident")
    rows = seen.filter(evidence__in=Evidence.objects.all().visible_to(reading.reader(by))).order_by("asked_at", "id")
    return [
        replace(view(row.evidence, row.evidence.incident), disposal=_disposal_view(row))
        for row in rows[:DISPOSALS_SHOWN_MAX]
        if may_read(row.evidence.incident, by=by)
    ]


def files_named(among: Collection[str]) -> set[str]:
    """Return those of some hashes that a piece names whose end has not come: the vault lets go of none of them."""
    with access.elevated(part="incidents.files"):
        kept = Evidence.objects.filter(sha256__in=list(among), destroyed_at=None)
        return set(kept.values_list("sha256", flat=True))


def custody_export(reference: str, number: int, *, by: Actor) -> dict[str, Any]:
    """Return the custody log of one piece as a document that can be checked without Pehra."""
    piece = one_evidence(reference, number, by=by)
    row = Evidence.objects.get(id=piece.id)
    answers = {stamp.authority: bytes(stamp.answer).hex() for stamp in row.stamps.exclude(answer=None) if stamp.answer}
    entries = [entry.as_json() for entry in piece.custody]
    return {
        "format": FORMAT,
        "incident": piece.incident,
        "evidence": piece.label,
        "id": str(piece.id),
        "name": piece.name,
        "about": piece.about,
        "source": piece.source,
        "collected_at": format_time(piece.collected_at) if piece.collected_at else None,
        "media_type": piece.media_type,
        "sha256": piece.sha256,
        "size": piece.size,
        "tlp": piece.tlp,
        "stamps": [
            {
                "authority": stamp.authority,
                "stamped_at": format_time(stamp.stamped_at),
                "serial": stamp.serial,
                "signer": stamp.signer,
                "answer": answers[stamp.authority],
            }
            for stamp in piece.stamps
            if stamp.stamped_at
        ],
        "destroyed_at": format_time(piece.destroyed_at) if piece.destroyed_at else None,
        "erased_at": format_time(piece.erased_at) if piece.erased_at else None,
        "entries": entries,
        "first_wrong": custody.first_wrong(entries),
    }


def for_evidence_change(reference: str, number: int, *, permission: Permission, by: Actor) -> Evidence:
    """Return a piece of evidence with its row locked, for somebody whose team works on its incident.

    A piece stays with its incident while that is merged, and so does what is done with it.
    """
    incident = reading.for_change(reference, by=by, merged_too=True)
    require_working(incident, permission, by=by)
    row = Evidence.objects.select_for_update().filter(incident=incident, number=number).first()
    if row is None:
        raise NotVisible(f"there is no evidence E{number} in {incident.reference}")
    row.incident = incident
    return row


def require_working(incident: Incident, permission: Permission, *, by: Actor) -> None:
    """Refuse whoever's team only reads of an incident."""
    access.require(by, permission, teams=working_teams(incident.roles, otherwise=incident.teams))


def found(incident: Incident, number: int) -> Evidence:
    """Return the row of a numbered piece of an incident that was found already."""
    row = Evidence.objects.filter(incident=incident, number=number).first()
    if row is None:
        raise NotVisible(f"there is no evidence E{number} in {incident.reference}")
    return row


def _readable(reference: str, *, by: Actor) -> Incident:
    incident = reading.find(reference, by=by)
    require_working(incident, Permission.INCIDENTS_READ, by=by)
    return incident


def view(
    row: Evidence, incident: Incident, *, stamps: tuple[StampView, ...] = (), custody: tuple[CustodyView, ...] = ()
) -> EvidenceView:
    """Return a row as it is shown."""
    return EvidenceView(
        id=row.id,
        incident=incident.reference,
        number=row.number,
        name=row.name,
        about=row.about,
        source=row.source,
        collected_at=row.collected_at,
        media_type=row.media_type,
        sha256=row.sha256,
        size=row.size,
        tlp=row.tlp,
        quarantined=row.quarantined,
        quarantined_because=row.quarantined_because,
        keep_until=row.keep_until,
        added_at=row.added_at,
        added_by=row.added_by,
        destroyed_at=row.destroyed_at,
        erased_at=row.erased_at,
        stamps=stamps,
        custody=custody,
    )


def custody_view(entry: CustodyEntry) -> CustodyView:
    """Return a line of the log as it is shown, exported and hashed."""
    return CustodyView(
        position=entry.position,
        act=entry.act,
        at=entry.at,
        by=entry.by,
        by_name=entry.by_name,
        to=entry.to,
        reason=entry.reason,
        facts=entry.facts,
        previous=entry.previous,
        digest=entry.digest,
    )


def _stamp(row: EvidenceStamp) -> StampView:
    return StampView(
        authority=row.authority,
        asked_at=row.asked_at,
        stamped_at=row.stamped_at,
        serial=row.serial,
        signer=row.signer,
        problem=row.problem,
        attempts=row.attempts,
        waits=row.next_attempt_at is not None,
    )


def _hold(row: EvidenceHold) -> HoldView:
    return HoldView(
        number=row.number,
        reason=row.reason,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        placed_by_name=row.placed_by_name,
        lifted_at=row.lifted_at,
    )


def _disposal(row: Evidence) -> DisposalView | None:
    """Return the question that waits, or the one that was confirmed: the others stand in the log."""
    found = row.disposals.filter(outcome__in=(Outcome.ASKED, Outcome.CONFIRMED)).order_by("-asked_at").first()
    return _disposal_view(found) if found else None


def _disposal_view(row: EvidenceDisposal) -> DisposalView:
    return DisposalView(
        reason=row.reason,
        order=row.order,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        asked_by_name=row.asked_by_name,
        ends_at=row.ends_at,
        outcome=row.outcome,
    )
