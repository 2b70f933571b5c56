"""Reading indicators: those who may read intelligence see all of it, others none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum
from django.db.models.functions import Coalesce

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intel.gateways import suffixes
from pehra.intel.models import Indicator
from pehra.intel.rules.kin import kin
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Tlp, strictest
from pehra.kernel.observables import Observable

LIMIT_MAX = 10_000
LOOKED_UP_MAX = 2_000


@dataclass(frozen=True, kw_only=True)
class IndicatorView:
    """An indicator as people see it."""

    id: str
    type: str
    value: str
    matchable: bool
    valid_from: datetime
    valid_to: datetime | None
    source: str
    tlp: str
    confidence: int | None
    stix_id: str
    times: int
    last_seen: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Return the indicator as plain JSON values."""
        moments = {name: getattr(self, name) for name in ("valid_from", "valid_to", "last_seen")}
        return {**vars(self), **{name: moment and format_time(moment) for name, moment in moments.items()}}


@dataclass(frozen=True, kw_only=True)
class Known:
    """That an observable is known to be bad: by which value (itself, a parent name, a net), and who says so."""

    value: str
    sources: tuple[str, ...]
    confidence: int | None
    tlp: str


def known(*, observables: Sequence[Observable], by: Actor, at: datetime) -> dict[Observable, Known]:
    """Return which observables indicators in force speak of; who may not read intelligence learns nothing."""
    if not access.may(by, Permission.INTEL_READ):
        return {}
    families = {one: kin(one, is_registrable=suffixes.is_registrable) for one in list(observables)[:LOOKED_UP_MAX]}
    values = {relative.value for family in families.values() for relative in family}
    said: dict[tuple[str, str], list[Indicator]] = {}
    speaking = Indicator.objects.valid(at).only("type", "value", "source", "confidence", "tlp")
    for row in speaking.filter(value__in=values).order_by("source", "id"):
        said.setdefault((row.type, row.value), []).append(row)
    found: dict[Observable, Known] = {}
    for one, family in families.items():
        nearest = next((relative for relative in family if (relative.type.value, relative.value) in said), None)
        if nearest is not None:
            found[one] = _known(said[nearest.type.value, nearest.value])
    return found


def _known(rows: Sequence[Indicator]) -> Known:
    confidences = [row.confidence for row in rows if row.confidence is not None]
    return Known(
        value=rows[0].value,
        sources=tuple(dict.fromkeys(row.source for row in rows)),
        confidence=max(confidences, default=None),
        tlp=strictest(*(Tlp(row.tlp) for row in rows)).value,
    )


def indicators(
    *, by: Actor, at: datetime, source: str = "", value: str = "", every: bool = False, limit: int = 100
) -> Sequence[IndicatorView]:
    """Return indicators in force, or all of them, the latest import first."""
    if not access.may(by, Permission.INTEL_READ):
        return []
    rows = Indicator.objects.all() if every else Indicator.objects.valid(at)
    if source:
        rows = rows.filter(source=source)
    if value:
        rows = rows.filter(value=value)
    rows = rows.annotate(times=Coalesce(Sum("sightings__times"), 0), last_seen=Max("sightings__last_seen"))
    names = list(IndicatorView.__dataclass_fields__)
    found = rows.order_by("-imported_at", "id").values(*names)[: max(0, min(limit, LIMIT_MAX))]
    return [IndicatorView(**{**row, "id": str(row["id"])}) for row in found]
