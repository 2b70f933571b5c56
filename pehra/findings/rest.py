"""Findings for programs: the same list, the same one, and what may be said of one."""

from dataclasses import dataclass
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.findings import api
from pehra.kernel.bodies import Reason, Strict

ROWS_DEFAULT, ROWS_MAX = 50, 500
CODE_CHARACTERS_MAX = 64
router = Router()


class Said(Strict):
    """Why: kept in the ledger with what was said of a finding."""

    reason: Reason


@dataclass(frozen=True, kw_only=True)
class FindingsRows:
    """A page of findings, newest opened first; `next` is the cursor of the page after it."""

    items: list[api.FindingView]
    next: UUID | None


@router.get("", response=FindingsRows, operation_id="findings.list", summary="List findings, newest opened first")
def listing(
    request: Request,
    unfixed: bool = Query(False, description="Only what nobody says is fixed."),
    state: api.State | None = Query(None, description="Only in this state."),
    team: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only what this team may see."),
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this organisation; - for none."),
    sector: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this sector; - for none."),
    territory: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this territory; - for none."),
    kind: str = Query("", max_length=200, description="Only of this kind: taxonomy/type/identifier."),
    search: str = Query("", max_length=200, description="The start of a subject or kind, or an organisation's code."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> FindingsRows:
    """A filter that names nothing known is refused: an empty list means that there is nothing."""
    access.require(request.actor, Permission.FINDINGS_READ)
    filters = api.Filters(
        unfixed=unfixed,
        state=state,
        team=team,
        organisation=organisation,
        sector=sector,
        territory=territory,
        kind=kind,
        search=search,
    )
    rows = api.findings(by=request.actor, filters=filters, before=cursor, limit=limit)
    return FindingsRows(items=rows, next=rows[-1].id if len(rows) == limit else None)


@router.get("/{uuid:finding_id}", response=api.FindingPage, operation_id="findings.one", summary="One finding, whole")
def one(request: Request, finding_id: UUID) -> api.FindingPage:
    """Whose it is and why, what was told of it, and what was done about it."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return api.finding(finding_id=finding_id, by=request.actor)


@router.post(
    "/{uuid:finding_id}/fixed", response=api.FindingView, operation_id="findings.fixed", summary="Say that it is fixed"
)
def fixed(request: Request, finding_id: UUID, said: Said) -> api.FindingView:
    """A sighting from after this moment opens it again by itself."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return api.mark_fixed(finding_id=finding_id, reason=said.reason, by=request.actor, at=request.at)


@router.post(
    "/{uuid:finding_id}/verified",
    response=api.FindingView,
    operation_id="findings.verified",
    summary="Say that it was checked to be fixed",
)
def verified(request: Request, finding_id: UUID, said: Said) -> api.FindingView:
    """The reason says how it was checked."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return api.verify(finding_id=finding_id, reason=said.reason, by=request.actor, at=request.at)


@router.post(
    "/{uuid:finding_id}/reopened",
    response=api.FindingView,
    operation_id="findings.reopened",
    summary="Say that it is not fixed after all",
)
def reopened(request: Request, finding_id: UUID, said: Said) -> api.FindingView:
    """It is open again, and its organisation is told again."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return api.reopen(finding_id=finding_id, reason=said.reason, by=request.actor, at=request.at)
