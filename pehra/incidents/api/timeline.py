"""The investigation timeline: add a line, correct one, take one back, pin a thing of the incident to its moment.

Nothing is overwritten: a correction is an entry of its own, and what was taken back stays, struck out, with the reason.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from pehra.incidents.api import acting
from pehra.incidents.models import Incident, Note, Task, TimelineEntry
from pehra.incidents.queries import timeline as queries
from pehra.incidents.queries.timeline import Moment
from pehra.incidents.rules import timeline as rules
from pehra.incidents.rules.timeline import Precision, Source, Typed
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law

SHOWN = ("all", "story", "record")


def timeline(ref: str, *, shown: str = "all", by_entry: bool = False, by: Actor) -> list[Moment]:
    """Return the timeline of an incident, the latest first.

    `shown` is `story` (what people wrote), `record` (what the ledger recorded) or `all`; `by_entry` orders it by when
    each was written down instead of when it happened.
    """
    incident = acting.of_its_teams(ref, by=by)
    if shown not in SHOWN:
        raise Invalid(f"a timeline shows one of: {', '.join(SHOWN)}; not {shown!r}", field="shown")
    found = queries.entries_of(incident, by=by) if shown != "record" else []
    found += queries.record_of(incident, by=by) if shown != "story" else []
    return queries.in_order(found, by_entry=by_entry)


@transaction.atomic
def add_entries(*, ref: str, text: str, by: Actor, at: datetime) -> list[Moment]:
    """Add what somebody typed or pasted, an entry a line, the time in front; all of it or, with a bad line, none."""
    incident = acting.locked(ref, by=by, live=False)
    said = rules.read_lines(text.replace("\x00", ""), zone=_zone(), at=at)
    return [queries.entry_view(row) for row in _add(incident, said, by=by, at=at)]


@transaction.atomic
def add_entry(
    *, ref: str, happened_at: datetime, text: str, precision: str = Precision.MINUTE, by: Actor, at: datetime
) -> Moment:
    """Add one entry whose moment is given."""
    incident = acting.locked(ref, by=by, live=False)
    (row,) = _add(incident, [_said(happened_at, precision, text, at=at)], by=by, at=at)
    return queries.entry_view(row)


@transaction.atomic
def correct_entry(*, ref: str, number: int, text: str, by: Actor, at: datetime) -> Moment:
    """Write an entry that stands for another from now on; a line without a time keeps the moment of the one before."""
    incident = acting.locked(ref, by=by, live=False)
    before = _standing(incident, number, by=by)
    line = acting.words(text, field="line", most=rules.TEXT_LENGTH_MAX)
    said = rules.read_line(line, zone=_zone(), at=at)
    if said.text == line:
        said = replace(said, happened_at=before.happened_at, precision=Precision(before.precision))
    pinned = (Source(before.source), before.source_ref)
    (row,) = _add(incident, [said], corrects=before, pinned=pinned, by=by, at=at)
    return queries.entry_view(row)


@transaction.atomic
def retract_entry(*, ref: str, number: int, reason: str, by: Actor, at: datetime) -> Moment:
    """Take an entry back, with a reason; it stays on the timeline, struck out."""
    incident = acting.locked(ref, by=by, live=False)
    row = _standing(incident, number, by=by)
    row.retracted_at, row.retracted_by, row.retracted_reason = at, by.id, acting.reason(reason)
    row.save(update_fields=["retracted_at", "retracted_by", "retracted_reason"])
    facts = {"entry": number, "reason": row.retracted_reason}
    acting.record(incident, "incidents.timeline.retracted", facts, by=by, at=at)
    return queries.entry_view(row)


@transaction.atomic
def pin(
    *,
    ref: str,
    source: str,
    source_ref: str,
    text: str = "",
    happened_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Moment:
    """Pin a task, a note, a piece of evidence or an observable to the moment that it speaks of."""
    incident = acting.locked(ref, by=by, live=False)
    kind = _source(source)
    key = acting.words(source_ref, field="source_ref", most=rules.SOURCE_LENGTH_MAX)
    own_text, own_moment = _pinned(incident, kind, key, by=by, at=at)
    said = _said(happened_at or own_moment, Precision.MINUTE, text.strip() or own_text, at=at)
    try:
        with transaction.atomic():
            (row,) = _add(incident, [said], pinned=(kind, key), by=by, at=at)
    except IntegrityError as error:
        raise Invalid(_("this is pinned to the timeline already"), field="source_ref") from error
    return queries.entry_view(row)


def _add(
    incident: Incident,
    said: Sequence[Typed],
    *,
    corrects: TimelineEntry | None = None,
    pinned: tuple[Source, str] = (Source.PERSON, ""),
    by: Actor,
    at: datetime,
) -> list[TimelineEntry]:
    first = acting.next_number(TimelineEntry.objects.filter(incident=incident))
    if first - 1 + len(said) > rules.ENTRIES_AN_INCIDENT_MAX:
        raise Invalid(_("a timeline has at most %(n)s entries") % {"n": rules.ENTRIES_AN_INCIDENT_MAX}, field="line")
    rows = [
        TimelineEntry(
            id=new_id(at),
            incident=incident,
            number=number,
            happened_at=typed.happened_at,
            precision=typed.precision,
            text=typed.text,
            source=pinned[0],
            source_ref=pinned[1],
            entered_at=at,
            entered_by=by.id,
            corrects=corrects,
        )
        for number, typed in enumerate(said, start=first)
    ]
    TimelineEntry.objects.bulk_create(rows)
    event = "incidents.timeline.corrected" if corrects else "incidents.timeline.added"
    for row in rows:
        facts = {
            **{"entry": row.number, "happened": format_time(row.happened_at), "precision": row.precision},
            **{"text": row.text, "corrects": corrects.number if corrects else None},
        }
        acting.record(incident, event, facts, by=by, at=at)
    return rows


def _said(happened_at: datetime, precision: str, text: str, *, at: datetime) -> Typed:
    if happened_at.tzinfo is None:
        raise Invalid("a moment needs an offset", field="happened_at")
    try:
        exactly = Precision(precision)
    except ValueError as error:
        raise Invalid(f"{precision!r} is none of: {', '.join(Precision)}", field="precision") from error
    words = acting.words(text, field="line", most=rules.TEXT_LENGTH_MAX)
    return rules.require_entry(Typed(happened_at=happened_at, precision=exactly, text=words), at=at)


def _standing(incident: Incident, number: int, *, by: Actor) -> TimelineEntry:
    """Return an entry that stands; one that was corrected or taken back is history."""
    row = queries.one_entry(incident, number, by=by)
    if row.retracted_at is not None or TimelineEntry.objects.filter(corrects=row).exists():
        raise Invalid(_("this entry does not stand any more; correct the one that stands for it"), field="line")
    return row


def _source(text: str) -> Source:
    kinds = [kind.value for kind in Source if kind is not Source.PERSON]
    if text not in kinds:
        raise Invalid(f"what is pinned is one of: {', '.join(kinds)}; not {text!r}", field="source")
    return Source(text)


def _pinned(incident: Incident, kind: Source, key: str, *, by: Actor, at: datetime) -> tuple[str, datetime]:
    """Return the words and the moment of what is pinned; of other parts' things, the caller says both."""
    if kind not in (Source.TASK, Source.NOTE):
        return "", at
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 7 else 0
    if kind is Source.TASK:
        task = Task.objects.filter(incident=incident, number=number).first()
        if task is None:
            raise NotVisible(f"{incident.reference} has no task {key}")
        return task.title, task.ended_at or task.created_at
    note = Note.objects.all().visible_to(by).filter(incident=incident, number=number, audience=incident).first()
    if note is None:
        raise NotVisible(f"{incident.reference} has no note {key} for all its teams")
    return note.text.splitlines()[0][:200], note.written_at


def _zone() -> ZoneInfo:
    return ZoneInfo(law.load(settings.PEHRA_PROFILE).identity.timezone)
