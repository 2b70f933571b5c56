"""The registry for programs: who answers for something, organisations behind the wall, teams as a directory."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from django.conf import settings
from ninja import Router
from ninja.params.functions import Query
from pydantic import Field

from pehra.access.api import Request
from pehra.law import api as law
from pehra.registry import api

ROWS_DEFAULT, ROWS_MAX = 50, 200
CODE_CHARACTERS_MAX = 64
OBSERVABLES_MAX = 100
# Days of which something may be known. The interface takes any limit that compares, and names numbers only.
_DAYS: dict[str, Any] = {"ge": date(1990, 1, 1), "le": date(2200, 1, 1)}
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
