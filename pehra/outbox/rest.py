"""Messages for programs: who was told what, and the proof."""

from dataclasses import dataclass
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.bodies import Reason, Strict
from pehra.outbox import api

ROWS_DEFAULT, ROWS_MAX = 50, 500
router = Router()


class SentAgain(Strict):
    """Why a message is sent after all, and another address of the same recipient where one is given."""

    reason: Reason
    email: str = Field("", max_length=254)


@dataclass(frozen=True, kw_only=True)
class MessagesRows:
    """A page of messages, newest first, without their bodies; `next` is the cursor of the page after it."""

    items: list[api.MessageView]
    next: UUID | None


@router.get("", response=MessagesRows, operation_id="outbox.list", summary="List messages, newest first")
def listing(
    request: Request,
    state: api.State | None = Query(None, description="Only in this state."),
    about: str = Query("", max_length=200, description="Only about this, such as an incident's reference."),
    organisation: str = Query("", max_length=64, description="Only to this organisation."),
    search: str = Query("", max_length=200, description="Words of the subject, or of the recipient."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> MessagesRows:
    """A filter that names nothing known is refused: an empty list means that there is nothing."""
    rows = api.messages(
        by=request.actor,
        state=state,
        about=about,
        organisation=organisation,
        search=search,
        before=cursor,
        limit=limit,
    )
    return MessagesRows(items=rows, next=rows[-1].id if len(rows) == limit else None)


@router.get("/{uuid:message_id}", response=api.MessageView, operation_id="outbox.one", summary="One message, whole")
def one(request: Request, message_id: UUID) -> api.MessageView:
    """Its text, what went along, and the proof of its sending."""
    return api.message(message_id=message_id, by=request.actor)


@router.post(
    "/{uuid:message_id}/again", response=api.MessageView, operation_id="outbox.again", summary="Send it after all"
)
def again(request: Request, message_id: UUID, said: SentAgain) -> api.MessageView:
    """Of a message that is held or has failed."""
    access.require(request.actor, Permission.OUTBOX_READ)
    api.queue_again(message_id=message_id, reason=said.reason, email=said.email, by=request.actor, at=request.at)
    return api.message(message_id=message_id, by=request.actor)
