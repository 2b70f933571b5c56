"""Inputs for programs: what came in, what was kept of it, and what was not."""

from dataclasses import dataclass

from ninja import Router
from ninja.params.functions import Query

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.telemetry import api

ROWS_DEFAULT, ROWS_MAX = 50, 1_000
router = Router()


@dataclass(frozen=True, kw_only=True)
class InputsRows:
    """The inputs that came in last, newest first."""

    items: list[api.InputView]


@router.get("/inputs", response=InputsRows, operation_id="telemetry.inputs", summary="List inputs, newest first")
def inputs(request: Request, limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX)) -> InputsRows:
    """An input belongs to no constituency: it says how much came from where, and nothing of whom it is about."""
    access.require(request.actor, Permission.TELEMETRY_READ)
    return InputsRows(items=api.recent_inputs(by=request.actor, limit=limit))
