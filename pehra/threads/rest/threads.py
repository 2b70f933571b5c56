"""Threads for programs: what was said to whom, whether it arrived and was answered, and writing to somebody."""

from dataclasses import dataclass
from typing import Literal

from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.bodies import Reason, Strict
from pehra.kernel.markings import Tlp
from pehra.threads import api
from pehra.threads.rest.router import router
from pehra.threads.rules.pages import PLACE_CHARACTERS_MAX

ROWS_DEFAULT, ROWS_MAX = 50, 500
NUMBER_MAX = 2**63 - 1
TICKET_CHARACTERS_MAX = 200


class Letter(Strict):
    """A letter into `thread`, or to an organisation, a team or an address; in its own words or a template's."""

    thread: str = Field("", max_length=32)
    organisation: str = Field("", max_length=64)
    to_team: str = Field("", max_length=64)
    name: str = Field("", max_length=200)
    email: str = Field("", max_length=254)
    about: str = Field("", max_length=120)
    template: str = Field("", max_length=64)
    subject: str = Field("", max_length=200)
    body: str = Field("", max_length=50_000)
    tlp: Tlp = Tlp.AMBER
    team: str = Field("", max_length=64)
    everybody: bool = False

    def writing(self) -> api.Writing:
        """Return the letter as the use case takes it."""
        return api.Writing(**self.model_dump(exclude={"seen"}))


class LookedAt(Letter):
    """A letter with the name of the preview that was looked at."""

    seen: str = Field(min_length=64, max_length=64)


class Text(Strict):
    """What the other side says."""

    text: str = Field(min_length=1, max_length=4_000)


class Why(Strict):
    """Why nothing more is to be said."""

    reason: Reason


@dataclass(frozen=True, kw_only=True)
class ThreadRows:
    """A page of threads, where something happened last first; `next` is the cursor of the page after it."""

    items: list[api.ThreadView]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class DeliveryRows:
    """A page of the table of delivery and answer, newest first; `next` is the cursor of the page after it."""

    items: list[api.Delivery]
    next: int | None


@router.get("", response=ThreadRows, operation_id="threads.list", summary="List threads, the last touched first")
def listing(
    request: Request,
    turn: api.Turn | None = Query(None, description="Only where it is this side's turn."),
    organisation: str = Query("", max_length=64, description="Only with this organisation."),
    about: str = Query("", max_length=120, description="Only about this incident, notice or report."),
    search: str = Query("", max_length=200, description="Words of the subject, a name, an address or a number."),
    cursor: str = Query("", max_length=PLACE_CHARACTERS_MAX, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> ThreadRows:
    """A filter that names no known organisation is refused: an empty list means that there is nothing."""
    access.require(request.actor, Permission.THREADS_READ)
    rows, following = api.threads(
        by=request.actor, turn=turn, organisation=organisation, about=about, search=search, before=cursor, limit=limit
    )
    return ThreadRows(items=rows, next=following)


@router.get(
    "/delivered", response=DeliveryRows, operation_id="threads.delivered", summary="What arrived and was answered"
)
def delivered(
    request: Request,
    state: Literal["", "waiting", "answered", "returned", "silent"] = Query("", description="Only in this state."),
    organisation: str = Query("", max_length=64, description="Only to this organisation."),
    cursor: int | None = Query(None, ge=1, le=NUMBER_MAX, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> DeliveryRows:
    """Every letter that is followed: whether it arrived, and what they said."""
    access.require(request.actor, Permission.THREADS_READ)
    rows, following = api.deliveries(
        by=request.actor, state=state, organisation=organisation, before=cursor, limit=limit
    )
    return DeliveryRows(items=rows, next=following)


@router.get("/ticket", response=api.Found, operation_id="threads.ticket", summary="What was sent under a number")
def ticket(
    request: Request,
    number: str = Query(
        min_length=1, max_length=TICKET_CHARACTERS_MAX, description="Of an incident, notice or thread; or a Message-ID."
    ),
) -> api.Found:
    """What was sent, when, did it arrive, what was answered. Nothing found and nothing of yours are the same."""
    return api.look_up(ticket=number, by=request.actor)


@router.post(
    "/letters/preview",
    response=api.Previewed,
    operation_id="threads.preview",
    summary="Look at a letter; send nothing",
)
def preview(request: Request, said: Letter) -> api.Previewed:
    """Each letter as its reader would get it, and whether its marking lets it go there."""
    return api.preview_letter(writing=said.writing(), by=request.actor, at=request.at)


@router.post("/letters", response=api.ThreadPage, operation_id="threads.write", summary="Send what was looked at")
def write(request: Request, said: LookedAt) -> api.ThreadPage:
    """Refused when the letters would be others by now: look at them again."""
    return api.write_letter(writing=said.writing(), seen=said.seen, by=request.actor, at=request.at)


@router.get("/{reference}", response=api.ThreadPage, operation_id="threads.one", summary="One thread, whole")
def one(request: Request, reference: str) -> api.ThreadPage:
    """What went out and whether it arrived, what came back, oldest first."""
    access.require(request.actor, Permission.THREADS_READ)
    return api.thread(reference=reference, by=request.actor)


@router.post(
    "/{reference}/reply", response=api.ThreadPage, operation_id="threads.reply", summary="Answer as the other side"
)
def reply(request: Request, reference: str, said: Text) -> api.ThreadPage:
    """For the other side's own people; the team sees it at once."""
    return api.write_reply(reference=reference, text=said.text, by=request.actor, at=request.at)


@router.post(
    "/{reference}/settled",
    response=api.ThreadPage,
    operation_id="threads.settled",
    summary="Nothing more to be said",
)
def settled(request: Request, reference: str, said: Why) -> api.ThreadPage:
    """Whatever comes back opens it again by itself."""
    return api.settle(reference=reference, reason=said.reason, by=request.actor, at=request.at)
