"""Notes of an incident: written in Markdown, changed with every earlier version kept, for all its teams or one.

Two people who change one note at once do not overwrite each other: who comes second is told, and keeps what they typed.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.incidents.api import acting
from pehra.incidents.gateways.markdown import NOTE_BYTES_MAX
from pehra.incidents.models import Note, NoteVersion
from pehra.incidents.queries import notes as queries
from pehra.incidents.queries.notes import NoteVersionView, NoteView
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, Refusal


class NoteChanged(Refusal):
    """Somebody else changed the note in the meantime."""


def notes(ref: str, *, by: Actor) -> tuple[NoteView, ...]:
    """Return the notes of an incident that the actor may read, the newest first."""
    return queries.notes_of(acting.of_its_teams(ref, by=by), by=by)


def note_versions(ref: str, number: int, *, by: Actor) -> tuple[NoteVersionView, ...]:
    """Return everything a note has said, the newest first."""
    return queries.versions_of(queries.one_note(acting.of_its_teams(ref, by=by), number, by=by))


@transaction.atomic
def add_note(*, ref: str, text: str, team: str = "", by: Actor, at: datetime) -> NoteView:
    """Write a note for all teams of the incident, or for one of the actor's own teams alone."""
    incident = acting.locked(ref, by=by, live=False)
    if team and not (team in by.teams and team in incident.teams):
        raise Invalid(_("a note is for all teams of the incident, or for one of yours"), field="team")
    row = Note(
        id=new_id(at),
        incident=incident,
        audience=None if team else incident,
        teams=[team] if team else [],
        number=acting.next_number(Note.objects.filter(incident=incident)),
        text=_text(text),
        written_at=at,
        written_by=by.id,
        changed_at=at,
        changed_by=by.id,
    )
    row.save(force_insert=True)
    acting.record(incident, "incidents.note.written", {"note": row.number, "team": team}, by=by, at=at)
    return queries.note_view(row)


@transaction.atomic
def change_note(*, ref: str, number: int, text: str, version: int, by: Actor, at: datetime) -> NoteView:
    """Change a note; `version` is the one that was changed. What it said before is kept."""
    incident = acting.locked(ref, by=by, live=False)
    row = queries.one_note(incident, number, by=by, lock=True)
    words = _text(text)
    if row.version != version:
        raise NoteChanged(
            f"somebody else changed this note in the meantime (version {row.version}); what you typed is kept",
            field="text",
        )
    if words == row.text:
        return queries.note_view(row)
    NoteVersion.objects.create(
        note=row, version=row.version, text=row.text, written_at=row.changed_at, written_by=row.changed_by
    )
    row.text, row.version, row.changed_at, row.changed_by = words, row.version + 1, at, by.id
    row.save(update_fields=["text", "version", "changed_at", "changed_by"])
    acting.record(incident, "incidents.note.changed", {"note": row.number, "version": row.version}, by=by, at=at)
    return queries.note_view(row)


def _text(text: str) -> str:
    words = acting.words(text, field="text", most=NOTE_BYTES_MAX)
    if len(words.encode()) > NOTE_BYTES_MAX:
        raise Invalid(_("a note has at most %(n)s KiB") % {"n": NOTE_BYTES_MAX // 1024}, field="text")
    return words
