"""The registry for programs: who answers for something, organisations behind the wall, how these stand, teams."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from ninja import Router
from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.bodies import Strict
from pehra.law import api as law
from pehra.registry import api
from pehra.registry.rules.assessing import Due

ROWS_DEFAULT, ROWS_MAX = 50, 200
CODE_CHARACTERS_MAX = 64
OBSERVABLES_MAX = 100
# Days of which something may be known. The interface takes any limit that compares, and names numbers only.
_DAYS: dict[str, Any] = {"ge": date(1990, 1, 1), "le": date(2200, 1, 1)}
CONTROLS_MAX = 60
router = Router()
Text = Annotated[str, Field(min_length=1, max_length=2_000)]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One answer for each observable, in the order they were asked."""

    items: list[api.Answer]


@dataclass(frozen=True, kw_only=True)
class OrganisationsRows:
    """A page of organisations, by name; `next` is the cursor of the page after it, `total` counts all that fit."""

    items: tuple[api.OrganisationSummary, ...]
    total: int
    next: str | None


@dataclass(frozen=True, kw_only=True)
class TeamsRows:
    """Every team of the country."""

    items: list[api.TeamSummary]


@router.get("/who", response=Answers, operation_id="registry.who", summary="Who answers for it?")
def who(
    request: Request,
    observable: list[Text] = Query(
        ..., min_length=1, max_length=OBSERVABLES_MAX, description="An address, name, URL, e-mail address or AS number."
    ),
    on: date | None = Query(None, description="On this day; today if not given.", **_DAYS),
) -> Answers:
    """The team is told to all who read the registry; whose it is and whom to call there, to those who see that side."""
    day = on or law.day_of(law.load(settings.PEHRA_PROFILE), request.at)
    return Answers(items=api.who(observables=observable, on=day, by=request.actor))


@router.get(
    "/organisations",
    response=OrganisationsRows,
    operation_id="registry.organisations",
    summary="List organisations, by name",
)
def organisations(
    request: Request,
    search: str = Query("", max_length=200, description="A part of a name, or the start of a code."),
    sector: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this sector."),
    territory: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only of this territory."),
    team: str = Query("", max_length=CODE_CHARACTERS_MAX, description="Only those this team leads for."),
    cursor: str = Query("", max_length=CODE_CHARACTERS_MAX, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> OrganisationsRows:
    """A filter that names nothing known is refused: an empty list means that there is nothing."""
    page = api.organisations(
        by=request.actor,
        search=search,
        sector=sector,
        territory=territory,
        team=team,
        after=cursor,
        limit=limit,
    )
    return OrganisationsRows(items=page.items, total=page.total, next=page.after or None)


@router.get(
    "/organisations/{code}",
    response=api.OrganisationView,
    operation_id="registry.organisation",
    summary="One organisation, with what it holds and whom to tell",
)
def organisation(request: Request, code: str) -> api.OrganisationView:
    """Its teams with the reason for each, its contacts, and the first of its assets."""
    return api.organisation(code, by=request.actor)


@router.get("/teams", response=TeamsRows, operation_id="registry.teams", summary="List teams")
def teams(request: Request) -> TeamsRows:
    """A directory: how many organisations a team leads counts those the reader may see."""
    return TeamsRows(items=api.teams(by=request.actor))


@router.get("/teams/{code}", response=api.TeamView, operation_id="registry.team", summary="One team")
def team(request: Request, code: str) -> api.TeamView:
    """Its place among teams, its contacts, and by which acts it was named."""
    return api.team(code, by=request.actor)


class OneSaid(Strict):
    """What is said of one control. `seen`: the answer's version that was read; without it nobody's change is minded."""

    control: str = Field(min_length=1, max_length=CODE_CHARACTERS_MAX)
    reply: api.Reply | None = None
    note: str = Field("", max_length=4_000)
    reference: str = Field("", max_length=1_000)
    seen: int | None = Field(None, ge=0, le=2_147_483_647)


class SaidOfControls(Strict):
    """What is said of some controls."""

    answers: list[OneSaid] = Field(min_length=1, max_length=CONTROLS_MAX)


class OneJudged(Strict):
    """A verdict over one answer; disputed, it says why."""

    control: str = Field(min_length=1, max_length=CODE_CHARACTERS_MAX)
    verdict: api.Verdict | None = None
    note: str = Field("", max_length=4_000)


class ReviewSaid(Strict):
    """The verdicts, and whether the assessment is closed (`agree`), given back (`return`, with a note) or neither."""

    verdicts: list[OneJudged] = Field(default_factory=list, max_length=CONTROLS_MAX)
    decision: Literal["agree", "return"] | None = None
    note: str = Field("", max_length=4_000)


@dataclass(frozen=True, kw_only=True)
class StandingRow:
    """How one organisation stands; `percent` and `gaps` of the last reviewed assessment."""

    organisation: str
    name: str
    percent: int | None
    gaps: int
    next_due: date | None
    due: Due
    unfinished: api.AssessmentState | None
    review_late: bool


@dataclass(frozen=True, kw_only=True)
class StandingRows:
    """A page of organisations; `next` is the number of the page after it."""

    items: list[StandingRow]
    next: int | None


@dataclass(frozen=True, kw_only=True)
class AssessmentsRows:
    """An organisation's assessments, newest first, and when the next is due."""

    items: tuple[api.AssessmentSummary, ...]
    next_due: date | None
    due: Due


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was kept. `conflicts` names controls that another changed meanwhile: what was sent of those was not."""

    assessment: UUID
    conflicts: tuple[str, ...]


@router.get(
    "/assessments",
    response=StandingRows,
    operation_id="registry.assessed",
    summary="How the organisations that one's teams lead for stand",
)
def assessed(
    request: Request,
    view: Literal["waiting", "lowest", "overdue", "never", "all"] = Query("all", description="Which, in which order."),
    page: int = Query(1, ge=1, le=1_000),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> StandingRows:
    """By the last reviewed assessment; a missing critical control stands before any number."""
    found = api.assessed_organisations(by=request.actor, at=request.at, view=view, page=page, limit=limit)
    items = [
        StandingRow(
            organisation=row.organisation,
            name=row.name,
            percent=row.last.percent if row.last else None,
            gaps=row.last.gaps if row.last else 0,
            next_due=row.next_due,
            due=row.due,
            unfinished=row.unfinished.state if row.unfinished else None,
            review_late=row.review_late,
        )
        for row in found.rows
    ]
    return StandingRows(items=items, next=page + 1 if found.more else None)


@router.get(
    "/organisations/{code}/assessments",
    response=AssessmentsRows,
    operation_id="registry.assessments",
    summary="An organisation's assessments, newest first",
)
def assessments(request: Request, code: str) -> AssessmentsRows:
    """Of what is still being written, others see that it is open and how far."""
    found = api.controls_standing(code, by=request.actor, at=request.at)
    return AssessmentsRows(items=found.assessments, next_due=found.next_due, due=found.due)


@router.post(
    "/organisations/{code}/assessments",
    response={201: Kept},
    operation_id="registry.assessment.open",
    summary="Open an assessment of an organisation",
)
def open_assessment(request: Request, code: str) -> Kept:
    """Against the control set of the day; one unfinished assessment an organisation."""
    access.require(request.actor, Permission.ASSESSMENT_READ)
    return Kept(assessment=api.open_assessment(code, by=request.actor, at=request.at), conflicts=())


@router.get(
    "/assessments/{uuid:assessment_id}",
    response=api.AssessmentView,
    operation_id="registry.assessment",
    summary="One assessment with its answers",
)
def one_assessment(request: Request, assessment_id: UUID) -> api.AssessmentView:
    """Evidence by name and hash."""
    return api.assessment(assessment_id, by=request.actor)


@router.put(
    "/assessments/{uuid:assessment_id}/answers",
    response=Kept,
    operation_id="registry.assessment.answer",
    summary="Answer some controls",
)
def answer_controls(request: Request, assessment_id: UUID, said: SaidOfControls) -> Kept:
    """What is sent is kept at once, complete or not; controls that are not named stay as they are."""
    rows = [api.Said(**one.model_dump()) for one in said.answers]
    conflicts = api.answer_controls(assessment_id=assessment_id, said=rows, by=request.actor, at=request.at)
    return Kept(assessment=assessment_id, conflicts=conflicts)


@router.post(
    "/assessments/{uuid:assessment_id}/submitted",
    response=api.AssessmentView,
    operation_id="registry.assessment.submit",
    summary="Hand an assessment to the team that leads",
)
def submit_assessment(request: Request, assessment_id: UUID) -> api.AssessmentView:
    """Refused while an answer, a reason or evidence is missing."""
    api.submit_assessment(assessment_id=assessment_id, by=request.actor, at=request.at)
    return api.assessment(assessment_id, by=request.actor)


@router.post(
    "/assessments/{uuid:assessment_id}/review",
    response=api.AssessmentView,
    operation_id="registry.assessment.review",
    summary="Judge answers, and close an assessment or give it back",
)
def review_assessment(request: Request, assessment_id: UUID, said: ReviewSaid) -> api.AssessmentView:
    """By the team that leads, never by who had a hand in the answers; what is disputed counts as no."""
    judged = [api.Judged(**one.model_dump()) for one in said.verdicts]
    api.judge_controls(assessment_id=assessment_id, judged=judged, by=request.actor, at=request.at)
    if said.decision:
        api.review_assessment(
            assessment_id=assessment_id, decision=said.decision, note=said.note, by=request.actor, at=request.at
        )
    return api.assessment(assessment_id, by=request.actor)
