"""What is told of a matter reaches its incident: what was seen, and that there is something to read.

Pehra does it by itself, whoever tells: to add to a report one need not see the incident that it belongs to. While an
incident is merged, what was seen goes into the whole; the news stay with the incident of the report, and are read there
and on the whole. What is marked more strictly makes its incident stricter, and nothing makes it freer.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting, marking, observing
from pehra.incidents.models import Incident
from pehra.incidents.models.joining import IncidentNews
from pehra.incidents.queries.families import lock_matters, root_of
from pehra.incidents.rules.observables import OBSERVABLES_MAX, Source
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import Observable


@transaction.atomic
def hand_in_observables(
    *, ref: str, seen: Iterable[Observable], tlp: Tlp, source_ref: str, note: str, by: Actor, at: datetime
) -> int:
    """Add what a report shows to its incident, as far as there is room; return how many are new.

    What a person has taken out stays out. An incident that has ended takes nothing in.
    """
    _part, whole = _locked(ref, by=by)
    if whole.ended_at is not None:
        return 0
    # Also what was taken out: a person judged that it does not belong here.
    judged = set(whole.observables.values_list("kind", "value"))
    fresh = [one for one in dict.fromkeys(seen) if (one.type.value, one.value) not in judged]
    there = whole.observables.filter(removed_at__isnull=True).count()
    taken = fresh[: max(0, OBSERVABLES_MAX - there)]
    rows = observing.observe(whole, taken, source=Source.REPORT, source_ref=source_ref, note=note, by=by, at=at)
    if rows:
        marking.tighten(whole, tlp, source=source_ref, by=by, at=at)
    return len(rows)


@transaction.atomic
def tell_news(*, ref: str, report: str, teams: Sequence[str], by: Actor, at: datetime) -> bool:
    """Say that something was added to a report of a live incident; `teams` read that report. Return whether it was."""
    part, whole = _locked(ref, by=by)
    if whole.ended_at is not None:
        return False
    unread = {"teams": list(teams), "since": at, "read_at": None, "read_by": ""}
    known = IncidentNews.objects.filter(incident=part, report=report).first()
    if known is None:
        IncidentNews.objects.create(incident=part, report=report, **unread)
    elif known.read_at is None:
        return True  # still unread, since the first of it came
    else:
        IncidentNews.objects.filter(pk=known.pk).update(**unread)
    acting.record(part, "incidents.news", {"report": report}, by=by, at=at)
    return True


@transaction.atomic
def end_news(*, reports: Iterable[str], reader: str, by: Actor, at: datetime) -> int:
    """Say that what was added to reports was read, or belongs to their incidents no more; return how much it was."""
    access.require(by, Permission.INCIDENTS_CHANGE)
    unread = IncidentNews.objects.all().visible_to(queries.reader(by)).filter(read_at__isnull=True)
    rows = list(
        unread.filter(report__in=list(reports))
        .select_related("incident")
        .order_by("id")
        .select_for_update(of=("self",))
    )
    IncidentNews.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=at, read_by=reader)
    for row in rows:
        acting.record(row.incident, "incidents.news.read", {"report": row.report, "reader": reader}, by=by, at=at)
    return len(rows)


def _locked(ref: str, *, by: Actor) -> tuple[Incident, Incident]:
    """Return an incident and the one that it is part of in the end, both locked, if the actor may change that one."""
    held = lock_matters([queries.find(ref, by=by).id])
    part = next(row for row in held.values() if row.reference == ref)
    whole = held[root_of(part).id]
    acting.require(whole, Permission.INCIDENTS_CHANGE, by=by)
    return part, whole
