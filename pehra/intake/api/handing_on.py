"""What was seen in a report goes on into the incident it belongs to, each thing once; what is added later, too.

Pehra hands it on by itself: whoever decides about a report need not be one who works on the incident, and whoever adds
to it need not know of one. A person judges it there; until then it says which report it came with.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.intake.models import Report, ReportObservable
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp, strictest
from pehra.kernel.observables import Observable, ObservableType

HANDED_ON_MAX = 200
REPORTS_MAX = 50
CHARACTERS_MAX = 100_000
NAMED_MAX = 5


def hand_on(rows: Sequence[Report], *, incident: str, at: datetime) -> None:
    """Add the observables of some reports, and of those behind them, to an incident, up to a limit; the rest is read
    in the reports."""
    with access.elevated(part="intake.handing_on"):
        some = list(rows)[:REPORTS_MAX]
        some += list(Report.objects.filter(merged_into__in=some).order_by("id")[: REPORTS_MAX - len(some)])
        _hand_on(some, ReportObservable.objects.filter(report__in=some), incident=incident, at=at)


def hand_on_added(report: Report, *, head: Report | None, number: int, at: datetime) -> None:
    """Add what a later submission of a report shows first to the report's incident, and say there that more came in.

    A report that stands behind another belongs to that one's incident.
    """
    incident = report.incident or (head.incident if head is not None else "")
    if not incident:
        return
    with access.elevated(part="intake.handing_on"):
        _hand_on([report], report.observables.filter(number=number), incident=incident, at=at)
        incidents.tell_news(ref=incident, report=report.reference, teams=report.teams, by=system("intake"), at=at)


def end_news(rows: Sequence[Report], *, by: Actor, at: datetime) -> None:
    """Say to the incidents of reports that what was added to them was read, or is theirs no more."""
    if rows:
        with access.elevated(part="intake.handing_on"):
            reports = [row.reference for row in rows]
            incidents.end_news(reports=reports, reader=by.id, by=system("intake"), at=at)


def _hand_on(some: Sequence[Report], found: QuerySet[ReportObservable], *, incident: str, at: datetime) -> None:
    marks = {row.id: Tlp(row.tlp) for row in some}
    taken: dict[Observable, Tlp] = {}
    characters = 0
    for seen in found.order_by("-stated", "id")[: 2 * HANDED_ON_MAX]:
        characters += len(seen.value) + 1
        if len(taken) == HANDED_ON_MAX or characters > CHARACTERS_MAX:
            break
        taken.setdefault(Observable(ObservableType(seen.type), seen.value), marks[seen.report_id])
    if taken:
        incidents.hand_in_observables(
            ref=incident,
            seen=list(taken),
            tlp=strictest(*taken.values()),
            source_ref=some[0].reference if len(some) == 1 else "",
            note=", ".join(row.reference for row in some[:NAMED_MAX]),
            by=system("intake"),
            at=at,
        )
