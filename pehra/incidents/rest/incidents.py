"""Incidents for programs: the list, one with its reasons and clocks, and what people may do to one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rest.bodies import CODE_CHARACTERS_MAX, Code
from pehra.incidents.rest.router import router
from pehra.kernel.bodies import Moment, Reason, Strict

ROWS_DEFAULT, ROWS_MAX = 50, 500
CLOCKS_DEFAULT, CLOCKS_MAX = 50, 200
WORDS_MAX = 100
MEASURE_MAX = 1e12


Measure = Annotated[float, Field(ge=0, lt=MEASURE_MAX)]
Known = Annotated[bool, Field(strict=True)]
CompleteList = Annotated[list[Code], Field(max_length=WORDS_MAX)]
OneByOne = Annotated[dict[Code, Known | None], Field(max_length=WORDS_MAX)]


class Move(Strict):
    """Where an incident goes; closing and dismissing say why."""

    to: api.State
    reason: str = Field("", max_length=2_000)


class Severity(Strict):
    """A level of the profile's scale, by judgement."""

    severity: Code
    reason: Reason


class SuppliedMoment(Strict):
    """A moment that the law counts from."""

    name: str = Field(min_length=1, max_length=200)
    moment: Moment
    organisation: str = Field("", max_length=CODE_CHARACTERS_MAX, description="Whose own it is, where it is one's own.")


class Facts(Strict):
    """What only a person can know: its kind (RSIT), its attributes, and harm as measured.

    A type says its class; a class alone says that the type is not known. Of the attributes, an object says of each that
    it names whether it holds; null: it is not known after all. A list is complete: it holds what it names, and denies
    the others (none is a statement too).
    """

    taxonomy: str = Field("", max_length=CODE_CHARACTERS_MAX)
    type: str = Field("", max_length=CODE_CHARACTERS_MAX)
    attributes: CompleteList | OneByOne | None = None
    impact: dict[str, Measure] | None = Field(None, max_length=WORDS_MAX)
    reason: Reason


class StageSent(Strict):
    """Which stage was sent, and when, if not just now."""

    duty: Code
    stage: Code
    organisation: str = Field("", max_length=CODE_CHARACTERS_MAX, description="Whose, where several owe it.")
    moment: Moment | None = None


class StageWithdrawn(Strict):
    """Which stage does not arise, and why."""

    duty: Code
    stage: Code
    organisation: str = Field("", max_length=CODE_CHARACTERS_MAX, description="Whose, where several owe it.")
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class IncidentsRows:
    """A page of incidents, newest first; `next` is the cursor of the page after it."""

    items: tuple[api.IncidentView, ...]
    next: UUID | None


@dataclass(frozen=True, kw_only=True)
class ClocksRows:
    """Owed clocks, the one that runs out first, or ran out, before the others."""

    items: list[api.DueView]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What organisations were asked, what waits for an answer first."""

    items: list[api.ConsentView]


@router.get("", response=IncidentsRows, operation_id="incidents.list", summary="List incidents, newest first")
def listing(
    request: Request,
    state: str = Query("", max_length=20, description="A state, or `live`: not ended, or `merged`."),
    team: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only those this team leads."),
    severity: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this level of the profile's scale."),
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only what concerns this organisation."),
    search: str = Query("", max_length=200, description="A reference, or words of title, summary and organisation."),
    kind: str = Query("", max_length=20, description="`exercise` for exercises, which are in no other list."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> IncidentsRows:
    """A filter that names nothing known is refused: an empty list means that there is nothing."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    page = api.incidents(
        by=request.actor,
        state=state,
        team=team,
        severity=severity,
        organisation=organisation,
        search=search,
        kind=kind,
        before=cursor,
        limit=limit,
    )
    return IncidentsRows(items=page.rows, next=page.following)


@router.get(
    "/clocks", response=ClocksRows, operation_id="incidents.clocks", summary="List what is owed, the soonest first"
)
def clocks(request: Request, limit: int = Query(CLOCKS_DEFAULT, ge=1, le=CLOCKS_MAX)) -> ClocksRows:
    """Clocks with a due time that nobody has ended, those overdue before all others, each with its incident."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return ClocksRows(items=api.next_clocks(by=request.actor, limit=limit))


@router.get("/asked", response=Asked, operation_id="incidents.asked", summary="What one's own organisations are asked")
def asked(request: Request) -> Asked:
    """Also in incidents of several organisations, of which they see nothing else."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return Asked(items=list(api.asked(by=request.actor)))


@router.get("/{reference}", response=api.IncidentPage, operation_id="incidents.one", summary="One incident, whole")
def one(request: Request, reference: str) -> api.IncidentPage:
    """Its reasons, organisations, findings, clocks and what happened."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.incident(reference, by=request.actor)


@router.post("/{reference}/move", response=api.IncidentView, operation_id="incidents.move", summary="Move it")
def move(request: Request, reference: str, said: Move) -> api.IncidentView:
    """Closing is refused while anything is owed; dismissing withdraws what is owed."""
    return done(request, api.move, ref=reference, to=said.to, reason=said.reason)


@router.post(
    "/{reference}/severity",
    response=api.IncidentView,
    operation_id="incidents.severity",
    summary="Grade it",
)
def severity(request: Request, reference: str, said: Severity) -> api.IncidentView:
    """The law is asked anew what a matter so grave makes due."""
    return done(request, api.set_severity, ref=reference, severity=said.severity, reason=said.reason)


@router.post(
    "/{reference}/moments", response=api.IncidentView, operation_id="incidents.moment", summary="Supply a moment"
)
def moment(request: Request, reference: str, said: SuppliedMoment) -> api.IncidentView:
    """The clocks that count from it are derived anew; those that ended stay. One organisation's own counts for it."""
    return done(
        request,
        api.supply_moment,
        ref=reference,
        name=said.name,
        moment=said.moment,
        organisation=said.organisation,
    )


@router.post("/{reference}/facts", response=api.IncidentView, operation_id="incidents.facts", summary="State facts")
def facts(request: Request, reference: str, said: Facts) -> api.IncidentView:
    """The law is asked anew what these facts make due. What is not given stays as it is."""
    return done(
        request,
        api.state_facts,
        ref=reference,
        taxonomy=said.taxonomy,
        type=said.type,
        attributes=said.attributes,
        impact=said.impact,
        reason=said.reason,
    )


@router.post(
    "/{reference}/stages/sent",
    response=api.IncidentView,
    operation_id="incidents.stage-sent",
    summary="Record that a stage was sent",
)
def stage_sent(request: Request, reference: str, said: StageSent) -> api.IncidentView:
    """Its clock is met, or met late; what follows it starts."""
    return done(
        request,
        api.record_stage_sent,
        ref=reference,
        duty=said.duty,
        stage=said.stage,
        organisation=said.organisation,
        moment=said.moment,
    )


@router.post(
    "/{reference}/stages/withdrawn",
    response=api.IncidentView,
    operation_id="incidents.stage-withdrawn",
    summary="Say that a stage does not arise",
)
def stage_withdrawn(request: Request, reference: str, said: StageWithdrawn) -> api.IncidentView:
    """The only way but sending it to end a clock."""
    return done(
        request,
        api.withdraw_clock,
        ref=reference,
        duty=said.duty,
        stage=said.stage,
        organisation=said.organisation,
        reason=said.reason,
    )


def done(request: Request, act: Callable[..., api.IncidentView], **said: object) -> api.IncidentView:
    """Do it; the answer shows the incident, so that whoever does it must be one who may read it."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return act(**said, by=request.actor, at=request.at)
