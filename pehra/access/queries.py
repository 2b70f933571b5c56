"""Reading people and grants. A list is read through `visible_to`: what an actor may not see is not there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import get_language

from pehra.access.models import Grant, KnownScope, Person
from pehra.access.rules.roles import Permission, Role, ScopeKind
from pehra.access.rules.tree import top
from pehra.access.rules.wall import Granted, Scope, allows, narrowed
from pehra.kernel.actors import Actor
from pehra.law import api as law

PEOPLE_MAX = 1_000
CODES_OFFERED_MAX = 500
NEAR_CODES_MAX = 2_000  # of organisations that begin alike, among which a slip is looked for


@dataclass(frozen=True, kw_only=True)
class GrantView:
    """A grant as pages and commands show it."""

    id: UUID
    role: str
    scope: str
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    how: str = "given"
    granted_by: str = ""
    review_due_at: datetime | None = None


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
    service: bool = False


@dataclass(frozen=True, kw_only=True)
class PeopleFilters:
    """Which people of a list are wanted; what is empty is not asked."""

    search: str = ""
    role: str = ""
    team: str = ""
    organisation: str = ""
    standing: str = ""  # active, inactive, service, or without a role


def valid_at(at: datetime) -> Q:
    """Return the condition on grants that they hold at a moment."""
    return (Q(valid_until__isnull=True) | Q(valid_until__gt=at)) & Q(valid_from__lte=at)


def valid_grants(at: datetime) -> QuerySet[Grant]:
    """Return the grants that hold at a moment."""
    return Grant.objects.filter(valid_at(at))


def granted_to(person_id: UUID, *, at: datetime) -> list[Granted]:
    """Return what a person is granted at a moment."""
    return [granted(grant) for grant in valid_grants(at).filter(person_id=person_id)]


def granted(grant: Grant) -> Granted:
    """Return what a stored grant gives."""
    return Granted(role=Role(grant.role), scope=scope_of_row(grant))


def team_parents() -> dict[str, str]:
    """Return every team with the one that guides it: the profile's, and what the registry told since."""
    parents = {team.code: team.parent or "" for team in law.load(settings.PEHRA_PROFILE).teams}
    told = KnownScope.objects.filter(kind=ScopeKind.TEAM.value).values_list("code", "parent")
    return parents | dict(told)


def knows_organisation(code: str) -> bool:
    """Whether the registry told of this organisation."""
    return KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, code=code).exists()


def sees_organisation(code: str, *, by: Actor) -> bool:
    """Whether the registry told of this organisation, and the actor is of it or of a team that may see it."""
    rows = KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, code=code)
    if not by.is_system and code not in by.organisations:
        rows = rows.filter(teams__overlap=sorted(by.teams))
    return rows.exists()


def organisations_like(code: str) -> list[str]:
    """Return codes of organisations that begin as this one does."""
    rows = KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, code__istartswith=code[:2])
    return list(rows.order_by("code").values_list("code", flat=True)[:NEAR_CODES_MAX])


def codes_granted_in(by: Actor) -> tuple[list[str], list[str]]:
    """Return the teams, and the organisations they lead or that are the actor's own, where the actor gives roles."""
    giver = narrowed(by, Permission.ACCESS_GRANT)
    teams = sorted(team_parents() if by.is_system else giver.teams)
    led = KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, parent__in=teams).order_by("code")
    organisations = [*sorted(giver.organisations), *led.values_list("code", flat=True)[:CODES_OFFERED_MAX]]
    return teams, list(dict.fromkeys(organisations))


def leads_of(organisations: set[str]) -> dict[str, str]:
    """Return the team that leads each of these organisations, in one question."""
    rows = KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, code__in=organisations)
    return dict(rows.values_list("code", "parent"))


def answering_team(scope: Scope) -> str:
    """Return the team that answers for a scope which is no team: an organisation's lead, the one above all others."""
    if scope.kind is ScopeKind.ORGANISATION:
        told = KnownScope.objects.filter(kind=scope.kind.value, code=scope.code).values_list("parent", flat=True)
        return told.first() or ""
    if scope.kind in (ScopeKind.NATIONAL, ScopeKind.COUNCIL):
        return top(parents=team_parents())
    return ""


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
    # Asked person by person: a page of fifty then reads the grants of fifty, not everybody's.
    return Person.objects.filter(Exists(Grant.objects.filter(_within(reader), person_id=OuterRef("id"))))


def _within(reader: Actor) -> Q:
    """The grants that lie where somebody may read about access: in their teams, and in organisations these lead."""
    teams = sorted(reader.teams)
    led = KnownScope.objects.filter(kind=ScopeKind.ORGANISATION.value, parent__in=teams).values("code")
    return Q(team__in=teams) | Q(organisation__in=sorted(reader.organisations)) | Q(organisation__in=led)


def readable(by: Actor) -> Q:
    """Return the wall of grants: what somebody holds in another team is that team's to read."""
    if by.is_system or f"{Permission.ACCESS_READ}@{ScopeKind.NATIONAL}" in by.permissions:
        return Q()
    if not allows(by, Permission.ACCESS_READ):
        return Q(pk__in=[])
    return _within(narrowed(by, Permission.ACCESS_READ))


def people(*, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people an actor may see, each with the grants that hold where the actor may read about access."""
    grants = Prefetch("grants", queryset=valid_grants(at).filter(readable(by)), to_attr="held")
    rows = people_visible_to(by).prefetch_related(grants).order_by("email")[:PEOPLE_MAX]
    return [view(person, person.held) for person in rows]


def find_people(
    *, by: Actor, at: datetime, filters: PeopleFilters, after: str, limit: int
) -> tuple[list[PersonView], int]:
    """Return people by address from `after` on, with the grants that the actor may read, and how many there are."""
    held = valid_grants(at).filter(readable(by))
    rows = people_visible_to(by)
    if filters.search:
        rows = rows.filter(
            Q(email__icontains=filters.search)
            | Q(name__icontains=filters.search)
            | Q(name_local__icontains=filters.search)
        )
    narrower = Q()
    if filters.role:
        narrower &= Q(role=filters.role)
    if filters.team:
        narrower &= Q(team=filters.team)
    if filters.organisation:
        narrower &= Q(organisation=filters.organisation)
    if narrower:
        rows = rows.filter(id__in=held.filter(narrower).values("person_id"))
    match filters.standing:
        case "active" | "inactive":
            rows = rows.filter(active=filters.standing == "active")
        case "service":
            rows = rows.filter(service=True)
        case "without":
            rows = rows.exclude(id__in=held.values("person_id"))
    found = rows.count()
    page = rows.filter(email__gt=after).order_by("email")[:limit]
    grants = Prefetch("grants", queryset=held, to_attr="held")
    return [view(person, person.held) for person in page.prefetch_related(grants)], found


def names(*, ids: set[str], by: Actor) -> dict[str, str]:
    """Return names by actor id; who shares no team and no organisation with the reader is left out."""
    people_ids = [parsed for text in ids if (parsed := uuid_of(text)) is not None]
    rows = Person.objects.filter(id__in=people_ids)
    if not by.is_system and f"{Permission.ACCESS_READ}@{ScopeKind.NATIONAL}" not in by.permissions:
        shared = Q(grants__team__in=list(by.teams)) | Q(grants__organisation__in=list(by.organisations))
        rows = rows.filter(shared | Q(id__in=[own] if (own := uuid_of(by.id)) else [])).distinct()
    return {str(person.id): _called(person) for person in rows}


def _called(person: Person) -> str:
    """Return how somebody is called in the language of whoever reads."""
    is_local = person.name_local and (get_language() or "en").split("-")[0] != "en"
    return person.name_local if is_local else person.name


def colleagues(*, teams: Iterable[str], by: Actor, at: datetime) -> dict[str, str]:
    """Return the names, by actor id, of active people who hold a role in some of these teams that are the actor's."""
    known = set(teams) if by.is_system else set(teams) & by.teams
    held = valid_grants(at).filter(team__in=sorted(known), person_id=OuterRef("id"))
    rows = Person.objects.filter(Exists(held), active=True, service=False).order_by("name", "id")[:PEOPLE_MAX]
    return {str(person.id): _called(person) for person in rows}


def names_of(ids: set[str]) -> dict[str, str]:
    """Return names by actor id, for this part's own use: of those who asked, gave or judged what the reader may see."""
    rows = Person.objects.filter(id__in=[parsed for text in ids if (parsed := uuid_of(text)) is not None])
    return {str(row.id): row.name for row in rows}


def uuid_of(text: str) -> UUID | None:
    """Return an actor's id as a person's, or nothing when it is no person's."""
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
        service=person.service,
        grants=tuple(
            GrantView(
                id=grant.id,
                role=grant.role,
                scope=str(scope_of_row(grant)),
                valid_from=grant.valid_from,
                valid_until=grant.valid_until,
                reason=grant.reason,
                how=grant.how,
                granted_by=grant.granted_by,
                review_due_at=grant.review_due_at,
            )
            for grant in grants
        ),
    )
