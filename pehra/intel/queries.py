"""Reading indicators: those who may read intelligence see all of it, others none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum
from django.db.models.functions import Coalesce

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intel.models import Indicator
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time

LIMIT_MAX = 10_000


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
