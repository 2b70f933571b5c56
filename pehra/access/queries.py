"""Reading people and grants. A list is read through `visible_to`: what an actor may not see is not there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from pehra.access.models import Grant, Person
from pehra.access.rules.roles import Permission, Role, ScopeKind
from pehra.access.rules.wall import Granted, Scope, allows, narrowed
from pehra.kernel.actors import Actor

PEOPLE_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class GrantView:
    """A grant as pages and commands show it."""

    id: UUID
    role: str
    scope: str
    valid_from: datetime
    valid_until: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonView:
    """A person as pages and commands show them."""

    id: UUID
    email: str
    name: str
    name_local: str
    language: str
    active: bool
    grants: tuple[GrantView, ...]


def valid_grants(at: datetime) -> QuerySet[Grant]:
    """Return the grants that hold at a moment."""
    return Grant.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)


def granted_to(person_id: UUID, *, at: datetime) -> list[Granted]:
    """Return what a person is granted at a moment."""
    return [
        Granted(role=Role(grant.role), scope=scope_of_row(grant))
        for grant in valid_grants(at).filter(person_id=person_id)
    ]


def scope_of_row(grant: Grant) -> Scope:
    """Return the scope of a stored grant."""
    if grant.national:
        return Scope(kind=ScopeKind.NATIONAL)
    if grant.council:
        return Scope(kind=ScopeKind.COUNCIL)
    if grant.team:
        return Scope(kind=ScopeKind.GUIDED if grant.guided else ScopeKind.TEAM, code=grant.team)
    return Scope(kind=ScopeKind.ORGANISATION, code=grant.organisation)


def people_visible_to(by: Actor) -> QuerySet[Person]:
    """Return the people whose grants lie in a scope where the actor may read about access."""
    if by.is_system or f"{Permission.ACCESS_READ}@{ScopeKind.NATIONAL}" in by.permissions:
        return Person.objects.all()
    if not allows(by, Permission.ACCESS_READ):
        return Person.objects.none()
    reader = narrowed(by, Permission.ACCESS_READ)
    within = Q(grants__team__in=list(reader.teams)) | Q(grants__organisation__in=list(reader.organisations))
    return Person.objects.filter(within).distinct()


def _readable(by: Actor) -> Q:
    """The wall of grants: what somebody holds in another team is that team's to read."""
    if by.is_system or f"{Permission.ACCESS_READ}@{ScopeKind.NATIONAL}" in by.permissions:
        return Q()
    reader = narrowed(by, Permission.ACCESS_READ)
    return Q(team__in=sorted(reader.teams)) | Q(organisation__in=sorted(reader.organisations))


def people(*, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people an actor may see, each with the grants that hold where the actor may read about access."""
    grants = Prefetch("grants", queryset=valid_grants(at).filter(_readable(by)), to_attr="held")
    rows = people_visible_to(by).prefetch_related(grants).order_by("email")[:PEOPLE_MAX]
    return [view(person, person.held) for person in rows]


def names(*, ids: set[str], by: Actor) -> dict[str, str]:
    """Return names by actor id; who shares no team and no organisation with the reader is left out."""
    people_ids = [parsed for text in ids if (parsed := _uuid(text)) is not None]
    rows = Person.objects.filter(id__in=people_ids)
    if not by.is_system:
        shared = Q(grants__team__in=list(by.teams)) | Q(grants__organisation__in=list(by.organisations))
        rows = rows.filter(shared | Q(id__in=[own] if (own := _uuid(by.id)) else [])).distinct()
    return {str(person.id): person.name for person in rows}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def view(person: Person, grants: Iterable[Grant]) -> PersonView:
    """Return a person's row as a dataclass."""
    return PersonView(
        id=person.id,
        email=person.email,
        name=person.name,
        name_local=person.name_local,
        language=person.language,
        active=person.active,
        grants=tuple(
            GrantView(
                id=grant.id,
                role=grant.role,
                scope=str(scope_of_row(grant)),
                valid_from=grant.valid_from,
                valid_until=grant.valid_until,
                reason=grant.reason,
            )
            for grant in grants
        ),
    )
