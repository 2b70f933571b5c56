"""What was seen in a report goes on into the incident it belongs to, each thing once.

Pehra hands it on by itself: whoever decides about a report need not be one who works on the incident. A person judges
it there; until then it says which report it came with.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.intake.models import Report, ReportObservable
from pehra.kernel.actors import system
from pehra.kernel.refusals import Invalid

HANDED_ON_MAX = 200
REPORTS_MAX = 50
CHARACTERS_MAX = 100_000  # what an incident takes at once


def hand_on(rows: Sequence[Report], *, incident: str, at: datetime) -> None:
    """Add the observables of some reports to an incident, up to a limit; the rest is read in the reports."""
    some = list(rows)[:REPORTS_MAX]
    with access.elevated(part="intake.handing_on"):
        seen = ReportObservable.objects.filter(report__in=some).order_by("-stated", "id")
        values = list(dict.fromkeys(seen.values_list("value", flat=True)[: 2 * HANDED_ON_MAX]))[:HANDED_ON_MAX]
        while sum(len(value) + 1 for value in values) > CHARACTERS_MAX:
            values.pop()
        if not values:
            return
        note = ", ".join(row.reference for row in some[:5])
        # Nothing of it may be what an incident calls an observable; the report has it all the same.
        with suppress(Invalid):
            incidents.add_observables(ref=incident, text="\n".join(values), note=note, by=system("intake"), at=at)
