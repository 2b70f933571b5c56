"""Reading notes of an incident, and what somebody typed and has not written down yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.gateways import markdown
from pehra.incidents.models import Incident, Note, UnsavedText
from pehra.incidents.queries import reading
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible

NOTES_SHOWN_MAX = 200
VERSIONS_SHOWN_MAX = 200


@dataclass(frozen=True, kw_only=True)
class NoteView:
    """One note as shown: its Markdown and the HTML made of it. `team` is set when it is for that team alone."""

    id: UUID
    number: int
    text: str
    html: str
    version: int
    team: str
    written_at: datetime
    written_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, kw_only=True)
class NoteVersionView:
    """What a note said, from when, by whom."""

    version: int
    text: str
    written_at: datetime
    written_by: str


@dataclass(frozen=True, kw_only=True)
class Unsaved:
    """What somebody typed at one place and has not written down yet."""

    place: str
    fields: Mapping[str, str]
    saved_at: datetime


def notes_of(incident: Incident, *, by: Actor) -> tuple[NoteView, ...]:
    """Return the notes of an incident that the actor may read, the newest first."""
    rows = Note.objects.all().visible_to(reading.reader(by)).filter(incident=incident)
    return tuple(note_view(row) for row in rows.order_by("-number")[:NOTES_SHOWN_MAX])


def one_note(incident: Incident, number: int, *, by: Actor, lock: bool = False) -> Note:
    """Return a note's row; what the actor may not read is not there."""
    rows = Note.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no note {number}")
    return row


def versions_of(note: Note) -> tuple[NoteVersionView, ...]:
    """Return everything a note has said, the newest first."""
    now = NoteVersionView(version=note.version, text=note.text, written_at=note.changed_at, written_by=note.changed_by)
    earlier = note.versions.order_by("-version")[:VERSIONS_SHOWN_MAX]
    return (
        now,
        *(
            NoteVersionView(version=row.version, text=row.text, written_at=row.written_at, written_by=row.written_by)
            for row in earlier
        ),
    )


def note_view(row: Note) -> NoteView:
    """Return a note's row as shown."""
    return NoteView(
        id=row.id,
        number=row.number,
        text=row.text,
        html=markdown.html_of(row.text),
        version=row.version,
        team="" if row.audience_id else next(iter(row.teams), ""),
        written_at=row.written_at,
        written_by=row.written_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def unsaved_of(incident: Incident, person: UUID) -> dict[str, Unsaved]:
    """Return what a person typed on an incident and has not written down, by its place."""
    rows: Any = UnsavedText.objects.filter(person_id=person, incident=incident)
    return {row.place: Unsaved(place=row.place, fields=row.fields, saved_at=row.saved_at) for row in rows}
