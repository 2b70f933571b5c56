"""Access for programs: who one is, who may do what, and one's own tokens.

Roles are given and taken by people alone: no token carries that right. A token can always end itself.
"""

from dataclasses import dataclass
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query
from pydantic import Field

from pehra.access import api
from pehra.access.api import Permission, Request
from pehra.kernel.bodies import Strict

ROWS_DEFAULT, ROWS_MAX = 50, 200
CODE_CHARACTERS_MAX = 64
router = Router()


class Revoked(Strict):
    """Why a token ends; kept in the ledger."""

    reason: str = Field("", max_length=500)


@dataclass(frozen=True, kw_only=True)
class Me:
    """Who acts by this token, and what it may do.

    A permission is `name` where it holds in every scope of the holder, `name@scope` where it holds in one.
    """

    id: str
    name: str
    kind: str
    teams: tuple[str, ...]
    organisations: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PeopleRows:
    """A page of people, by address; `next` is the cursor of the page after it, `total` counts all that fit."""

    items: list[api.PersonView]
    total: int
    next: str | None


@dataclass(frozen=True, kw_only=True)
class RolesRows:
    """Every role, and what it may do."""

    items: list[api.RoleView]


@dataclass(frozen=True, kw_only=True)
class PendingRows:
    """Questions that wait for a second person, oldest first."""

    items: list[api.PendingView]


@dataclass(frozen=True, kw_only=True)
class ReviewRows:
    """Roles that somebody must speak for, or they end."""

    items: list[api.ReviewView]


@dataclass(frozen=True, kw_only=True)
class GlassRows:
    """Roles that were taken in an emergency, those not yet judged before all others."""

    items: list[api.GlassView]


@dataclass(frozen=True, kw_only=True)
class TokensRows:
    """Tokens, newest first: never the tokens themselves."""

    items: list[api.TokenView]


@router.get("/me", response=Me, operation_id="access.me", summary="Who acts, and what may be done")
def me(request: Request) -> Me:
    """What this token may do at this moment."""
    by = request.actor
    return Me(
        id=by.id,
        name=by.name,
        kind=by.kind.value,
        teams=tuple(sorted(by.teams)),
        organisations=tuple(sorted(by.organisations)),
        permissions=tuple(sorted(by.permissions)),
    )


@router.get("/why", response=api.Decision, operation_id="access.why", summary="Why one may do something, or may not")
def why(
    request: Request,
    permission: Permission = Query(..., description="What would be done."),
    team: str = Query("", max_length=CODE_CHARACTERS_MAX, description="To something of this team."),
    organisation: str = Query("", max_length=CODE_CHARACTERS_MAX, description="To something of this organisation."),
) -> api.Decision:
    """The answer of the wall to this token, in words, with the roles that made it a yes. It says nothing of what is."""
    teams = [team] if team else []
    return api.why(by=request.actor, permission=permission, teams=teams, organisation=organisation, at=request.at)


@router.get("/roles", response=RolesRows, operation_id="access.roles", summary="List roles")
def roles(request: Request) -> RolesRows:
    """Who may hold each, where it may be held, and what it may do."""
    return RolesRows(items=api.roles(at=request.at))


@router.get("/people", response=PeopleRows, operation_id="access.people", summary="List people, by address")
def people(
    request: Request,
    search: str = Query("", max_length=200, description="A part of a name or address."),
    cursor: str = Query("", max_length=254, description="`next` of the page before."),
    limit: int = Query(ROWS_DEFAULT, ge=1, le=ROWS_MAX),
) -> PeopleRows:
    """Those whose access lies in the reader's sight, each with the roles that lie there too."""
    filters = api.PeopleFilters(search=search)
    rows, total = api.find_people(filters=filters, after=cursor, limit=limit, by=request.actor, at=request.at)
    return PeopleRows(items=rows, total=total, next=rows[-1].email if len(rows) == limit else None)


@router.get("/people/{uuid:person_id}", response=api.PersonView, operation_id="access.person", summary="One person")
def person(request: Request, person_id: UUID) -> api.PersonView:
    """A person with the roles that the reader may know of."""
    api.require(request.actor, Permission.ACCESS_READ)
    return api.person(person_id=person_id, by=request.actor, at=request.at)


@router.get("/pending", response=PendingRows, operation_id="access.pending", summary="What waits for a second person")
def pending(request: Request) -> PendingRows:
    """What the holder asked, or could decide."""
    api.require(request.actor, Permission.ACCESS_READ)
    return PendingRows(items=api.pending(by=request.actor, at=request.at))


@router.get("/reviews", response=ReviewRows, operation_id="access.reviews", summary="List roles due for review")
def reviews(request: Request) -> ReviewRows:
    """Silence ends a role after the grace that the profile states."""
    api.require(request.actor, Permission.ACCESS_READ)
    return ReviewRows(items=api.due_for_review(by=request.actor, at=request.at))


@router.get("/glasses", response=GlassRows, operation_id="access.glasses", summary="List emergency roles")
def glasses(request: Request) -> GlassRows:
    """Who took which role, why, and what was said of it later."""
    api.require(request.actor, Permission.ACCESS_READ)
    return GlassRows(items=api.glasses(by=request.actor, at=request.at))


@router.get("/tokens", response=TokensRows, operation_id="access.tokens", summary="List one's own tokens")
def tokens(request: Request) -> TokensRows:
    """With what each may do, until when, and when it was last used."""
    return TokensRows(items=api.tokens(by=request.actor, at=request.at))


@router.post(
    "/tokens/{uuid:token_id}/revoke", response={204: None}, operation_id="access.token-revoke", summary="End a token"
)
def revoke_token(request: Request, token_id: UUID, said: Revoked) -> None:
    """One's own, the one in use included: what may have leaked is ended by whoever notices."""
    api.revoke_token(token_id=token_id, reason=said.reason, by=request.actor, at=request.at)
