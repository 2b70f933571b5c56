"""Indicators for programs: what is watched for, and how often it was seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from ninja import Router
from ninja.params.functions import Query

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intel import api

ROWS_DEFAULT, ROWS_MAX = 100, 1_000
router = Router()


@dataclass(frozen=True, kw_only=True)
class IndicatorsRows:
    """Indicators, the latest import first."""

    items: Sequence[api.IndicatorView]


@router.get("/indicators", response=IndicatorsRows, operation_id="intel.indicators", summary="List indicators")
def indicators(
    request: Request,
    source: str = Query("", max_length=200, description="Only from this source."),
    value: str = Query("", max_length=2_000, description="Only this value, as it is kept."),
    every: bool = Query(False, description="Those that are no longer in force as well."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> IndicatorsRows:
    """Those in force, each with how often it was seen."""
    access.require(request.actor, Permission.INTEL_READ)
    return IndicatorsRows(
        items=api.indicators(by=request.actor, at=request.at, source=source, value=value, every=every, limit=limit)
    )
