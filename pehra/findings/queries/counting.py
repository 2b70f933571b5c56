"""Findings in numbers: the situation, sector by sector, and how far one problem has spread.

Up to a size numbers are counted when they are asked for. Above it they come from a tally that a job renews: a few
thousand rows, one for each set of teams, sector, territory and state, so that the wall holds for numbers too.
"""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, Count, Q, Value, When

from pehra.findings.gateways import statistics
from pehra.findings.models import Finding, FindingQuerySet, Tallied, Tally
from pehra.findings.queries.making import IN_ORDER, views
from pehra.findings.queries.reading import reader
from pehra.findings.queries.shapes import KindSpread, Place, Totals
from pehra.findings.rules.states import UNFIXED, State
from pehra.kernel.actors import Actor

SPREAD_FINDINGS_MAX = 100_000
COUNTED_LIVE_MAX = 100_000


class Cell(NamedTuple):
    """What findings are counted by."""

    state: str
    sector: str
    territory: str
    owned: bool


_OWNED = Case(When(organisation="", then=Value(False)), default=Value(True))
_UNFIXED = frozenset(state.value for state in UNFIXED)


def totals(*, by: Actor, places: int = 12) -> Totals:
    """Return the situation in numbers, as the actor may see it."""
    counts, counted_at = _counts(by)
    states = Counter[str]()
    for cell, count in counts.items():
        states[cell.state] += count
    return Totals(
        open=sum(states[state] for state in _UNFIXED),
        untold=states[State.OPEN.value],
        fixed=states[State.FIXED.value],
        unowned=sum(count for cell, count in counts.items() if cell.state in _UNFIXED and not cell.owned),
        by_sector=tuple(_places("sector", counts)[:places]),
        by_territory=tuple(_places("territory", counts)[:places]),
        counted_at=counted_at,
    )


def counts_by(place: str, *, by: Actor) -> list[Place]:
    """Return how many findings that nobody says are fixed each `sector` or `territory` has, most first."""
    if place not in ("sector", "territory"):
        raise ValueError(f"findings are counted by sector or territory, not by {place}")
    return _places(place, _counts(by)[0])


def _places(place: str, counts: Counter[Cell]) -> list[Place]:
    found = Counter[str]()
    for cell, count in counts.items():
        if cell.state in _UNFIXED:
            found[getattr(cell, place)] += count
    return [
        Place(code=code, count=count) for code, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _counts(by: Actor) -> tuple[Counter[Cell], datetime | None]:
    """Count what the actor may see, now or from the tally."""
    actor = reader(by)
    everything = Finding.objects.all()
    tallied = Tallied.objects.first() if statistics.rows_estimated() > COUNTED_LIVE_MAX else None
    if tallied is None:
        return _live(everything.visible_to(actor)), None
    if actor.is_system:
        return _tally(Q()), tallied.at
    counts = _tally(Q(teams__overlap=sorted(actor.teams))) if actor.teams else Counter[Cell]()
    own = [code for code in actor.organisations if code]
    if own:
        # An organisation's own findings are few, and its index finds them.
        counts += _live(everything.filter(organisation__in=own).exclude(teams__overlap=sorted(actor.teams)))
    return counts, tallied.at


def _live(rows: FindingQuerySet) -> Counter[Cell]:
    counted = rows.annotate(owned=_OWNED).values_list(*Cell._fields).annotate(count=Count("id")).order_by()
    return Counter({Cell(*cell): count for *cell, count in counted})


def _tally(seen: Q) -> Counter[Cell]:
    counts = Counter[Cell]()
    for *cell, count in Tally.objects.filter(seen).values_list(*Cell._fields, "count"):
        counts[Cell(*cell)] += count
    return counts


def renew_tally(*, at: datetime) -> bool:
    """Count everything anew within the caller's transaction, unless nothing has changed or another is at it."""
    mark = statistics.changes()
    Tallied.objects.bulk_create([Tallied(id=1, at=at, mark="")], ignore_conflicts=True)
    held = Tallied.objects.select_for_update(skip_locked=True).first()
    if held is None or held.mark == mark:
        return False
    names = ("teams", *Cell._fields)
    counted = Finding.objects.annotate(owned=_OWNED).values_list(*names).annotate(count=Count("id")).order_by()
    rows = [Tally(**dict(zip((*names, "count"), row, strict=True))) for row in counted]
    Tally.objects.all().delete()
    Tally.objects.bulk_create(rows, batch_size=1_000)
    Tallied.objects.update(at=at, mark=mark)
    return True


def recent_by_kind(*, kind: str, since: datetime, until: datetime) -> KindSpread:
    """Return how far a kind had spread between two moments: for the law's question whether it is widespread."""
    rows = Finding.objects.unfixed().filter(kind=kind, last_seen__gte=since, first_seen__lte=until)
    rows = rows.exclude(organisation="")
    seen = views(list(rows.order_by(*IN_ORDER)[:SPREAD_FINDINGS_MAX]))
    return KindSpread(
        kind=kind,
        organisations=frozenset(view.organisation for view in seen),
        sectors=frozenset(view.sector for view in seen if view.sector),
        territories=frozenset(view.territory for view in seen if view.territory),
        findings=seen,
    )
