"""Pages of the registry: organisations through the wall, teams as a directory."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from django.db.models import Count, Q

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible
from pehra.registry.models import Asset, Designation, Organisation, OrganisationQuerySet, Sector, Team, Territory
from pehra.registry.queries import contacts
from pehra.registry.rules.views import (
    AssetView,
    DesignationView,
    Named,
    OrganisationPage,
    OrganisationSummary,
    OrganisationView,
    RoleView,
    TeamSummary,
    TeamView,
)

PAGE_MAX = 200
ASSETS_SHOWN_MAX = 200
CHILDREN_SHOWN_MAX = 200
AnyNamed = TypeVar("AnyNamed", Sector, Territory, Team, Organisation)


def organisations(
    *,
    by: Actor,
    search: str = "",
    sector: str = "",
    territory: str = "",
    team: str = "",
    after: str = "",
    limit: int = 50,
) -> OrganisationPage:
    """Return a page of the organisations the actor may see, by name; `after` is the last page's own."""
    seen: OrganisationQuerySet = Organisation.objects.all().visible_to(by)
    rows = seen
    rows = rows.filter(_matching(search)) if search.strip() else rows
    rows = rows.filter(sector=sector) if sector else rows
    rows = rows.filter(territory=territory) if territory else rows
    rows = rows.filter(lead_team=team) if team else rows
    total = rows.count()
    last = seen.filter(code=after).values_list("name", "code").first() if after else None
    if last:
        rows = rows.filter(Q(name__gt=last[0]) | Q(name=last[0], code__gt=last[1]))
    wanted = max(1, min(limit, PAGE_MAX))
    found = list(rows.select_related("sector", "territory").order_by("name", "code")[: wanted + 1])
    shown = found[:wanted]
    more = shown[-1].code if len(found) > wanted else ""
    return OrganisationPage(items=tuple(_summary(row) for row in shown), total=total, after=more)


def _matching(search: str) -> Q:
    text = search.strip()
    return Q(name__icontains=text) | Q(name_local__icontains=text) | Q(code__istartswith=text)


def every_organisation(*, by: Actor) -> Iterable[OrganisationSummary]:
    """Yield every organisation the actor may see, by code."""
    rows = Organisation.objects.all().visible_to(by).select_related("sector", "territory").order_by("code")
    return (_summary(row) for row in rows.iterator(chunk_size=2_000))


def organisation(code: str, *, by: Actor, on: date | None = None) -> OrganisationView:
    """Return one organisation; one the actor may not see is not there."""
    row = Organisation.objects.all().visible_to(by).select_related("sector", "territory", "parent").filter(code=code)
    found = row.first()
    if found is None:
        raise NotVisible(f"there is no organisation {code!r}")
    children = Organisation.objects.all().visible_to(by).filter(parent=found).order_by("name", "code")
    parent = found.parent
    seen_parent = parent and Organisation.objects.all().visible_to(by).filter(code=parent.code).exists()
    held = Asset.objects.filter(organisation=found).order_by("type", "value", "valid_from")
    names = _names(role["team"] for role in found.roles)
    summary = _summary(found)
    return OrganisationView(
        **{name: getattr(summary, name) for name in OrganisationSummary.__dataclass_fields__},
        parent=_named(parent) if seen_parent else None,
        children=tuple(Named(code=c.code, name=c.name, name_local=c.name_local) for c in children[:CHILDREN_SHOWN_MAX]),
        roles=tuple(_role(role, names) for role in found.roles),
        contacts=tuple(contacts.of_organisations([code]).get(code, ())),
        assets=tuple(_asset(asset) for asset in held[:ASSETS_SHOWN_MAX]),
        assets_total=held.count(),
        designations=_designations(code),
    )


def _summary(row: Organisation) -> OrganisationSummary:
    return OrganisationSummary(
        code=row.code,
        name=row.name,
        name_local=row.name_local,
        sector=_named(row.sector),
        territory=_named(row.territory),
        classes=None if row.classes is None else tuple(row.classes),
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _named(row: AnyNamed | None) -> Named | None:
    return None if row is None else Named(code=row.code, name=row.name, name_local=row.name_local)


def _names(codes: Iterable[str]) -> dict[str, Named]:
    rows = Team.objects.filter(code__in=set(codes)).values_list("code", "name", "name_local")
    return {code: Named(code=code, name=name, name_local=local) for code, name, local in rows}


def _role(role: dict[str, object], names: dict[str, Named]) -> RoleView:
    team = str(role["team"])
    named = names.get(team, Named(code=team, name=team))
    because = role["because"]
    assert isinstance(because, dict)
    return RoleView(
        team=team, role=str(role["role"]), because=because, team_name=named.name, team_name_local=named.name_local
    )


def _asset(row: Asset) -> AssetView:
    return AssetView(
        type=row.type, value=row.value, relation=row.relation, valid_from=row.valid_from, valid_to=row.valid_to
    )


def _designations(subject: str) -> tuple[DesignationView, ...]:
    rows = Designation.objects.filter(subject=subject).order_by("valid_from", "code", "instrument")
    return tuple(
        DesignationView(
            role=row.role,
            title=row.title,
            issuer=row.issuer,
            number=row.number,
            issued=row.issued,
            citation=row.citation,
            status=row.status,
        )
        for row in rows
    )


def teams(*, by: Actor) -> list[TeamSummary]:
    """Return every team: a directory. How many organisations a team leads counts those the actor may see."""
    led = _led(by)
    return [_team(row, led) for row in Team.objects.order_by("name", "code")]


def team(code: str, *, by: Actor) -> TeamView:
    """Return one team."""
    row = Team.objects.select_related("parent").filter(code=code).first()
    if row is None:
        raise NotVisible(f"there is no team {code!r}")
    summary = _team(row, _led(by))
    fallback = Team.objects.filter(code=row.fallback).first() if row.fallback else None
    return TeamView(
        **{name: getattr(summary, name) for name in TeamSummary.__dataclass_fields__},
        parent_team=_named(row.parent),
        fallback_team=_named(fallback),
        children=tuple(_all_named(Team.objects.filter(parent=row).order_by("name"))),
        sector_names=tuple(_all_named(Sector.objects.filter(code__in=row.sectors).order_by("name"))),
        territory_names=tuple(_all_named(Territory.objects.filter(code__in=row.territories).order_by("name"))),
        contacts=tuple(contacts.of_teams([code]).get(code, ())),
        designations=_designations(code),
    )


def _all_named(rows: Iterable[AnyNamed]) -> Iterable[Named]:
    return (Named(code=row.code, name=row.name, name_local=row.name_local) for row in rows)


def _led(by: Actor) -> dict[str, int]:
    rows = Organisation.objects.all().visible_to(by).order_by().values_list("lead_team")
    return dict(rows.annotate(number=Count("code")))


def _team(row: Team, led: dict[str, int]) -> TeamSummary:
    return TeamSummary(
        code=row.code,
        name=row.name,
        name_local=row.name_local,
        types=tuple(row.types),
        sectors=tuple(row.sectors),
        territories=tuple(row.territories),
        parent=row.parent_id or "",
        state=row.state,
        fallback=row.fallback,
        organisations_led=led.get(row.code, 0),
    )
