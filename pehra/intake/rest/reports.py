"""Reports for programs: hand one in, add to it, read the queue and one report whole."""

from dataclasses import dataclass
from uuid import UUID

from ninja.params.functions import Query

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api
from pehra.intake.rest.router import router
from pehra.intake.rest.words import FiltersIn, ReportIn, SaidIn

ROWS_DEFAULT, ROWS_MAX = 50, 500
CODE_CHARACTERS_MAX = 64
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, kw_only=True)
class ReportsRows:
    """A page of the queue, newest first; `next` is the cursor of the page after it.

    `count` is how many match; where `counted_whole` is false there are more.
    """

    items: tuple[api.ReportView, ...]
    next: UUID | None
    count: int
    counted_whole: bool


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many reports wait for a team to decide about them."""

    team: str
    reports: int


@dataclass(frozen=True, kw_only=True)
class WaitingRows:
    """The queues of one's teams."""

    items: list[Waiting]


@router.post("/reports", response={201: api.Receipt}, operation_id="intake.reports.receive", summary="Hand in a report")
def receive(request: Request, said: ReportIn) -> api.Receipt:
    """Kept as it came, with its hash. A report may be partial, and completed later; send an `Idempotency-Key`."""
    access.require(request.actor, Permission.INTAKE_REPORT)
    api.require_something(said.said(), files := [file.handed() for file in said.files])
    who = said.reporter
    return api.receive(
        channel=api.Channel.REST,
        raw=request.body,
        media_type=MEDIA_TYPE,
        said=said.said(),
        files=files,
        reporter=api.Reporter(
            name=who.name or ("" if who.anonymous else request.actor.name),
            email=who.email,
            phone=who.phone,
            anonymous=who.anonymous,
            organisation=who.organisation or _own(request),
            verified=not (who.name or who.email),
        ),
        language=said.language,
        source=f"{request.actor.id}:{said.source}" if said.source_ref else "",
        source_ref=said.source_ref,
        by=request.actor,
        at=request.at,
    )


def _own(request: Request) -> str:
    """Return the organisation in whose name somebody reports who is of one alone."""
    own = sorted(code for code in request.actor.organisations if code)
    return own[0] if len(own) == 1 and not request.actor.teams else ""


@router.post(
    "/reports/{report}/submissions",
    response={201: api.Receipt},
    operation_id="intake.reports.add",
    summary="Add to a report",
)
def add(request: Request, report: str, said: SaidIn) -> api.Receipt:
    """What it says replaces what was said before, what it leaves out stays; both are kept."""
    access.require(request.actor, Permission.INTAKE_REPORT)
    api.require_something(said.said(), files := [file.handed() for file in said.files])
    return api.add(
        channel=api.Channel.REST,
        raw=request.body,
        media_type=MEDIA_TYPE,
        said=said.said(),
        files=files,
        reference=report,
        by=request.actor,
        at=request.at,
    )


@router.get("/reports", response=ReportsRows, operation_id="intake.reports.list", summary="List reports, newest first")
def listing(
    request: Request,
    state: str = Query("received", max_length=20, description="A state's name, or `any`."),
    team: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only those this team leads."),
    channel: str = Query("", max_length=20, description="Only those that came by this road."),
    assignee: str = Query("", max_length=120, description="`me`, `nobody`, or a person's id."),
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only what is said to concern it."),
    sector: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this sector."),
    territory: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this place."),
    taxonomy: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this RSIT class."),
    complete: bool | None = Query(None, description="Whether everything is said."),
    problem: bool | None = Query(None, description="Whether its content could not be read."),
    news: bool | None = Query(None, description="Whether something was added since it was decided."),
    exercise: bool = Query(False, description="Exercises, which no other list shows."),
    search: str = Query("", max_length=200, description="A reference, or words."),
    observable: str = Query("", max_length=2_000, description="Only what shows this address, name or hash."),
    cursor: UUID | None = Query(None, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> ReportsRows:
    """What waits for the caller's teams. A filter that names nothing known is refused."""
    access.require(request.actor, Permission.INTAKE_READ)
    wanted = FiltersIn(
        state=state, team=team, channel=channel, assignee=assignee, organisation=organisation, sector=sector,
        territory=territory, taxonomy=taxonomy, complete=complete, problem=problem, news=news, exercise=exercise,
        search=search, observable=observable,
    )  # fmt: skip
    page = api.reports(by=request.actor, filters=wanted.filters(), before=cursor, limit=limit)
    return ReportsRows(items=page.rows, next=page.following, count=page.count, counted_whole=page.is_counted_whole)


@router.get("/waiting", response=WaitingRows, operation_id="intake.waiting", summary="Count what waits")
def waiting(request: Request) -> WaitingRows:
    """How many reports wait for each of the caller's teams; exercises are not counted."""
    access.require(request.actor, Permission.INTAKE_READ)
    counted = api.waiting(by=request.actor)
    return WaitingRows(items=[Waiting(team=team, reports=number) for team, number in sorted(counted.items())])


@router.get("/reports/{report}", response=api.ReportPage, operation_id="intake.reports.one", summary="One report")
def one(request: Request, report: str) -> api.ReportPage:
    """Everything that came in, what is like it and why, and what was decided."""
    access.require(request.actor, Permission.INTAKE_READ)
    return api.report(report, by=request.actor)
