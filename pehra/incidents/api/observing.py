"""What was seen in an incident: observables added from values or from free text, judged, and taken out.

Each is kept once, in its one spelling. A verdict is a person's; what indicators and other incidents know stands beside
it and decides nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.incidents.api import acting
from pehra.incidents.models import Incident, IncidentObservable
from pehra.incidents.rules import observables as rules
from pehra.incidents.rules.observables import Source
from pehra.intel import api as intel
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.observables import Observable
from pehra.kernel.refusals import Invalid, NotVisible

TEXT_CHARACTERS_MAX = 100_000


@transaction.atomic
def add_observables(*, ref: str, text: str, by: Actor, at: datetime, note: str = "") -> int:
    """Add what a text shows, defanged or not, a value a line or whole prose; return how many are new."""
    incident = acting.locked(ref, by=by)
    said = acting.words(text, field="text", most=TEXT_CHARACTERS_MAX)
    about = acting.words(note, field="note", most=rules.NOTE_CHARACTERS_MAX, needed=False)
    found = [Observable(one.kind, one.value) for one in intel.observables_in(said)]
    if not found:
        raise Invalid(_("no address, name, URL, mailbox, digest, AS number or CVE is in this text"), field="text")
    if len(found) > rules.OBSERVABLES_AT_ONCE_MAX:
        raise Invalid(
            _("at most %(n)s at once; this has %(more)s") % {"n": rules.OBSERVABLES_AT_ONCE_MAX, "more": len(found)},
            field="text",
        )
    source = Source.HAND if len(found) == 1 else Source.TEXT
    return len(observe(incident, found, source=source, note=about, by=by, at=at))


def observe(
    incident: Incident,
    seen: Iterable[Observable],
    *,
    source: Source,
    by: Actor,
    at: datetime,
    source_ref: str = "",
    note: str = "",
) -> list[IncidentObservable]:
    """Add observables to an incident whose row the caller holds; those that are there stay as they are."""
    there = set(incident.observables.filter(removed_at__isnull=True).values_list("kind", "value"))
    fresh = [one for one in dict.fromkeys(seen) if (one.type.value, one.value) not in there]
    if len(there) + len(fresh) > rules.OBSERVABLES_MAX:
        raise Invalid(_("an incident holds at most %(n)s observables") % {"n": rules.OBSERVABLES_MAX}, field="text")
    rows = [
        IncidentObservable(
            id=new_id(at),
            incident=incident,
            kind=one.type,
            value=one.value,
            note=note,
            source=source,
            source_ref=source_ref,
            added_at=at,
            added_by=by.id,
        )
        for one in fresh
    ]
    IncidentObservable.objects.bulk_create(rows)
    if rows:
        facts = {"observables": len(rows), "source": source.value, "from": source_ref}
        acting.record(incident, "incidents.observables.added", facts, by=by, at=at)
    return rows


@transaction.atomic
def judge_observable(*, ref: str, observable_id: UUID, verdict: str, note: str, by: Actor, at: datetime) -> None:
    """Say how bad an observable is."""
    incident = acting.locked(ref, by=by)
    wanted = rules.parse_verdict(verdict)
    about = acting.words(note, field="note", most=rules.NOTE_CHARACTERS_MAX, needed=False)
    row = _row(incident, observable_id)
    before = row.verdict
    row.verdict, row.verdict_by, row.verdict_at, row.note = wanted, by.id, at, about or row.note
    row.save(update_fields=["verdict", "verdict_by", "verdict_at", "note"])
    facts = {"observable": str(row.id), "from": before, "to": wanted.value, "note": about}
    acting.record(incident, "incidents.observable.judged", facts, by=by, at=at)


@transaction.atomic
def remove_observable(*, ref: str, observable_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Take an observable out; it stays in the record, with the reason."""
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    row = _row(incident, observable_id)
    row.removed_at, row.removed_by, row.removed_reason = at, by.id, words
    row.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    facts = {"observable": str(row.id), "reason": words}
    acting.record(incident, "incidents.observable.removed", facts, by=by, at=at)


def _row(incident: Incident, observable_id: UUID) -> IncidentObservable:
    row = incident.observables.filter(id=observable_id, removed_at__isnull=True).first()
    if row is None:
        raise NotVisible("there is no such observable in this incident")
    return row
