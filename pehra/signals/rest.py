"""Leaks for programs: hand one in, list them, and see which accounts of one's own stand in them.

A secret goes in and never comes out: no operation returns one, and no refusal repeats what was sent.
"""

import json
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.bodies import Strict
from pehra.signals import api

ROWS_DEFAULT, ROWS_MAX = 50, 500
CODE_CHARACTERS_MAX = 64
TEXT_CHARACTERS_MAX = 2_000
router = Router()


class RowIn(Strict):
    """One leaked account. A row that is none is set aside by its place in the list, and the others are taken."""

    address: str = Field(max_length=TEXT_CHARACTERS_MAX, description="An e-mail address.")
    password: str = Field("", max_length=TEXT_CHARACTERS_MAX, description="Compared, made a check, and forgotten.")
    hash: str = Field("", max_length=TEXT_CHARACTERS_MAX, description="A hash of the password; made a check as well.")
    service: str = Field("", max_length=TEXT_CHARACTERS_MAX, description="A URL or host; only the host is kept.")
    leaked_at: str = Field("", max_length=64, description="A day or moment by ISO 8601; UTC without a zone.")
    first_seen: str = Field("", max_length=64, description="A day or moment by ISO 8601; UTC without a zone.")


class LeakIn(Strict):
    """A leak: where it comes from, how its source marks it, and its rows."""

    source: str = Field(min_length=1, max_length=80)
    tlp: str = Field("TLP:AMBER", max_length=20)
    pap: str = Field("PAP:AMBER", max_length=20)
    rows: list[RowIn] = Field(min_length=1, max_length=api.OF_A_REQUEST.rows)


@dataclass(frozen=True, kw_only=True)
class LeaksRows:
    """A page of leaks, newest first; `next` is the cursor of the page after it."""

    items: list[api.LeakView]
    next: UUID | None


@dataclass(frozen=True, kw_only=True)
class LeakedAccountsRows:
    """A page of leaked accounts, newest first; `next` is the cursor of the page after it."""

    items: list[api.AccountView]
    next: UUID | None


@router.post("/leaks", response={201: api.LeakView}, operation_id="signals.leaks.receive", summary="Hand in a leak")
def receive(request: Request, leak: LeakIn) -> api.LeakView:
    """Each owner gets a finding and a notice. The same leak of the same source again adds nothing."""
    access.require(request.actor, Permission.SIGNALS_REPORT)
    lines = (json.dumps({name: value for name, value in row.model_dump().items() if value}) for row in leak.rows)
    return api.receive_leak(
        content=BytesIO("\n".join(lines).encode()),
        source=leak.source,
        tlp=leak.tlp,
        pap=leak.pap,
        limits=api.OF_A_REQUEST,
        by=request.actor,
        at=request.at,
    )


@router.get("/leaks", response=LeaksRows, operation_id="signals.leaks.list", summary="List leaks, newest first")
def listing(
    request: Request,
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only with accounts of this one."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> LeaksRows:
    """Those with an account that you may see, and those you handed in."""
    access.require(request.actor, Permission.FINDINGS_READ)
    rows = api.leaks(by=request.actor, organisation=organisation, before=cursor, limit=limit)
    return LeaksRows(items=rows, next=rows[-1].id if len(rows) == limit else None)


@router.get("/leaks/{uuid:leak_id}", response=api.LeakPage, operation_id="signals.leaks.one", summary="One leak, whole")
def one(
    request: Request,
    leak_id: UUID,
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> api.LeakPage:
    """Its numbers and those of its accounts that you may see."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return api.leak(leak_id=leak_id, by=request.actor, before=cursor, limit=limit)


@router.get(
    "/accounts",
    response=LeakedAccountsRows,
    operation_id="signals.accounts.list",
    summary="List leaked accounts, newest first",
)
def accounts(
    request: Request,
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this organisation."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> LeakedAccountsRows:
    """Over all leaks. An address is masked for whoever may read and not act."""
    access.require(request.actor, Permission.FINDINGS_READ)
    rows = api.leaked_accounts(by=request.actor, organisation=organisation, before=cursor, limit=limit)
    return LeakedAccountsRows(items=rows, next=rows[-1].id if len(rows) == limit else None)
