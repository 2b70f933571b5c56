"""The ledger for programs: entries behind the wall, the proof of one, and the signed checkpoint.

It lies below `access` and cannot ask who may read: its operations stand here, like its pages.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api

ROWS_DEFAULT, ROWS_MAX = 50, 500
SIZE_MAX = 2**53 - 1  # what every reader of JSON holds exactly
router = Router()


@dataclass(frozen=True, kw_only=True)
class EntriesRows:
    """A page of entries, newest first; `next` is the cursor of the page after it."""

    items: list[api.EntryView]
    next: UUID | None


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The newest signed checkpoint, and the public key that checks every one."""

    checkpoint: api.Checkpoint
    key: str


@router.get("", response=EntriesRows, operation_id="ledger.list", summary="List entries, newest first")
def listing(
    request: Request,
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> EntriesRows:
    """What happened, as far as the reader's teams may know."""
    reader = _reader(request)
    try:
        rows = api.recent(by=reader, before=cursor, limit=limit)
    except NotVisible as refusal:
        raise Invalid("not the cursor of any page", field="cursor") from refusal
    return EntriesRows(items=rows, next=rows[-1].id if len(rows) == limit else None)


@router.get("/checkpoint", response=Signed, operation_id="ledger.checkpoint", summary="The newest signed checkpoint")
def checkpoint(request: Request) -> Signed:
    """To be kept outside: a ledger that was cut short or written anew cannot fit it."""
    _reader(request)
    newest = api.latest_checkpoint()
    if newest is None:
        raise NotVisible("there is no checkpoint yet")
    return Signed(checkpoint=newest, key=api.verifier())


@router.get(
    "/growth", response=dict[str, Any], operation_id="ledger.growth", summary="The proof that a checkpoint only adds"
)
def growth(
    request: Request,
    old: int = Query(..., ge=1, le=SIZE_MAX, description="The size of a checkpoint that was kept outside."),
    new: int | None = Query(None, ge=1, le=SIZE_MAX, description="The size of a later one; the newest if not given."),
) -> dict[str, Any]:
    """For whoever keeps checkpoints outside: that nothing they vouch for was changed or taken away since."""
    _reader(request)
    return api.prove_growth(old=old, new=new)


@router.get("/{uuid:entry_id}", response=api.EntryView, operation_id="ledger.one", summary="One entry")
def one(request: Request, entry_id: UUID) -> api.EntryView:
    """All that an entry says."""
    return api.view(entry_id, by=_reader(request))


@router.get(
    "/{uuid:entry_id}/proof", response=dict[str, Any], operation_id="ledger.proof", summary="The proof of one entry"
)
def proof(request: Request, entry_id: UUID) -> dict[str, Any]:
    """A document that `tools/verify_ledger.py` checks without us."""
    return api.prove(entry_id, by=_reader(request))


def _reader(request: Request) -> Actor:
    """Return the actor with only the constituencies where it may read the ledger."""
    return access.narrowed(request.actor, Permission.LEDGER_READ)
