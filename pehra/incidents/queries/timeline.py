"""Reading the timeline: what people wrote of what happened, and what the ledger recorded, in one order.

By event time it tells the incident; by entry time, how it was found out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pehra.incidents.models import Incident, TimelineEntry
from pehra.incidents.queries import families, reading
from pehra.incidents.rules.timeline import Precision, Source
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import NotVisible
from pehra.ledger import api as ledger

ENTRIES_SHOWN_MAX = 5_000
OWN_EVENTS = "incidents.timeline."
LATE = timedelta(minutes=15)
"""From when on it is worth saying how much later than the event an entry was written."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing on the timeline: an entry that somebody wrote, or an act that the ledger recorded (`event`).

    `part` is the reference of an incident that was merged into this one, where the entry stands on that one.
    """

    happened_at: datetime
    entered_at: datetime
    by: str
    number: int = 0
    part: str = ""
    precision: Precision = Precision.SECOND
    text: str = ""
    source: Source = Source.PERSON
    source_ref: str = ""
    corrects: int = 0
    corrected_by: int = 0
    retracted_at: datetime | None = None
    retracted_reason: str = ""
    event: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    entry: UUID | None = None
    sealed: bool = False

    @property
    def is_struck(self) -> bool:
        """Whether it no longer stands: retracted, or corrected by a later entry."""
        return self.retracted_at is not None or bool(self.corrected_by)

    @property
    def later(self) -> timedelta | None:
        """How much later than it happened it was written down, when that is worth saying."""
        delay = self.entered_at - self.happened_at
        return delay if self.number and delay >= LATE else None

    def as_json(self) -> dict[str, Any]:
        """Return it as the contract names its keys."""
        return {
            "number": self.number or None,
            "part": self.part or None,
            "happened": format_time(self.happened_at),
            "precision": self.precision.value,
            "entered": format_time(self.entered_at),
            "by": self.by,
            "text": self.text,
            "source": self.source.value,
            "event": self.event or None,
            "struck": self.is_struck,
        }


def entries_of(incident: Incident, *, by: Actor) -> list[Moment]:
    """Return what people wrote on the timeline of an incident that the actor may read, corrected ones among them."""
    family = {member.id: member.reference for member in families.family_of(incident)}
    rows = TimelineEntry.objects.all().visible_to(reading.reader(by)).filter(incident__in=family)
    found: Iterable[Any] = rows.select_related("corrects", "corrected_by").order_by("number")[:ENTRIES_SHOWN_MAX]
    return [
        replace(entry_view(row), part="" if row.incident_id == incident.id else family[row.incident_id])
        for row in found
    ]


def record_of(incident: Incident, *, by: Actor) -> list[Moment]:
    """Return what the ledger recorded of an incident; that entries were written is said by the entries themselves."""
    return [
        Moment(
            happened_at=entry.at,
            entered_at=entry.at,
            by=entry.by,
            event=entry.event,
            facts=entry.facts,
            entry=entry.id,
            sealed=entry.sealed,
        )
        for entry in ledger.history(subject=incident.reference, by=by)
        if not entry.event.startswith(OWN_EVENTS)
    ]


def in_order(moments: Iterable[Moment], *, by_entry: bool) -> list[Moment]:
    """Return moments by when they happened, or by when they were written down; the latest first."""
    return sorted(moments, key=lambda one: _key(one, by_entry=by_entry), reverse=True)


def _key(one: Moment, *, by_entry: bool) -> tuple[datetime, datetime, int]:
    times = (one.entered_at, one.happened_at) if by_entry else (one.happened_at, one.entered_at)
    return (*times, one.number)


def one_entry(incident: Incident, number: int, *, by: Actor) -> TimelineEntry:
    """Return an entry's row, locked; what the actor may not read is not there."""
    rows: Any = TimelineEntry.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row: TimelineEntry | None = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no entry {number} on its timeline")
    return row


def entry_view(row: TimelineEntry) -> Moment:
    """Return an entry's row as shown."""
    later: Sequence[TimelineEntry] = [row.corrected_by] if hasattr(row, "corrected_by") else []
    return Moment(
        number=row.number,
        happened_at=row.happened_at,
        precision=Precision(row.precision),
        entered_at=row.entered_at,
        by=row.entered_by,
        text=row.text,
        source=Source(row.source),
        source_ref=row.source_ref,
        corrects=row.corrects.number if row.corrects else 0,
        corrected_by=later[0].number if later else 0,
        retracted_at=row.retracted_at,
        retracted_reason=row.retracted_reason,
    )
