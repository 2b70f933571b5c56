"""Reading the registry: pages for people, through the wall; facts and names for the parts above."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from django.conf import settings
from django.db.models import Value
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.registry.models import Organisation, Sector, Team, Territory
from pehra.registry.queries import contacts as contact_rows
from pehra.registry.queries import directory, holdings
from pehra.registry.rules.views import (
    ContactView,
    Named,
    OrganisationPage,
    OrganisationSummary,
    OrganisationView,
    TeamSummary,
    TeamView,
)

CALLED_SO_SHOWN = 4


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
    """Return a page of the organisations the actor may see, by name. `team` is who leads."""
    reader = access.narrowed(by, Permission.REGISTRY_READ)
    law.require_known(law.load(settings.PEHRA_PROFILE), sector=sector, territory=territory)
    if team:
        access.require_known_team(team)
    return directory.organisations(
        by=reader, search=search, sector=sector, territory=territory, team=team, after=after, limit=limit
    )


def every_organisation(*, by: Actor) -> Iterator[OrganisationSummary]:
    """Yield every organisation the actor may see, by code."""
    return iter(directory.every_organisation(by=access.narrowed(by, Permission.REGISTRY_READ)))


def organisation(code: str, *, by: Actor) -> OrganisationView:
    """Return one organisation; one the actor may not see is not there."""
    return directory.organisation(code, by=access.narrowed(by, Permission.REGISTRY_READ))


def code_of(text: str, *, field: str = "organisation", by: Actor) -> str:
    """Return the code of the organisation that a text names, by its code, its name or a part of its name.

    What names none that the actor may see comes back as it was, for who needs an organisation to refuse. Where several
    are called so, they are named: nobody is chosen for a person.
    """
    said = " ".join(text.split())
    if not said or not access.may(by, Permission.REGISTRY_READ):
        return said
    reader = access.narrowed(by, Permission.REGISTRY_READ)
    found = directory.organisations(by=reader, search=said, limit=CALLED_SO_SHOWN + 1).items
    same = said.casefold()
    exact = [row for row in found if same in {row.code.casefold(), row.name.casefold(), row.name_local.casefold()}]
    if len(exact or found) > 1:
        names = [f"{row.name} ({row.code})" for row in (exact or found)[:CALLED_SO_SHOWN]]
        text = _("“%(said)s” is in the name of several: %(names)s. Give the code of one.")
        raise Invalid(text % {"said": said, "names": ", ".join(names)}, field=field)
    return next((row.code for row in exact or found), said)


def teams(*, by: Actor) -> list[TeamSummary]:
    """Return every team of the country."""
    return directory.teams(by=access.narrowed(by, Permission.REGISTRY_READ))


def team(code: str, *, by: Actor) -> TeamView:
    """Return one team."""
    return directory.team(code, by=access.narrowed(by, Permission.REGISTRY_READ))


def sectors() -> list[Named]:
    """Return the country's sectors, by name."""
    return [Named(code=row.code, name=row.name, name_local=row.name_local) for row in Sector.objects.order_by("name")]


def territories() -> list[Named]:
    """Return the country's territories, by name."""
    rows = Territory.objects.order_by("name")
    return [Named(code=row.code, name=row.name, name_local=row.name_local) for row in rows]


# What follows is for the parts above, which hold their own wall; no page is made of it.


@access.elevated(part="registry.facts")
def entity_facts(organisations: Iterable[str]) -> dict[str, law.EntityFacts]:
    """Return what law may ask about some organisations; a code that is not registered is absent."""
    rows = Organisation.objects.filter(code__in=list(organisations))
    return {
        code: law.EntityFacts(
            sector=sector,
            territory=territory,
            classes=None if classes is None else frozenset(classes),
            organisation=code,
        )
        for code, sector, territory, classes in rows.values_list("code", "sector_id", "territory_id", "classes")
    }


def named_facts(organisations: Sequence[str], *, field: str = "organisation", by: Actor) -> dict[str, law.EntityFacts]:
    """Return what law may ask about organisations that somebody names, or refuse one in the words for one that is not
    there: it is hidden from them, or nothing is registered on which the law could be asked."""
    for code in organisations:
        access.require_known_organisation(code, field=field, by=by)
    facts = entity_facts(organisations)
    for code in organisations:
        if code not in facts:
            raise access.no_organisation(code, field=field)
    return facts


@access.elevated(part="registry.names")
def names(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of some organisations and teams; a code that is not registered is absent."""
    wanted = list(codes)
    teams = Team.objects.filter(code__in=wanted).annotate(rank=Value(0)).values_list("rank", "code", "name")
    others = Organisation.objects.filter(code__in=wanted).annotate(rank=Value(1)).values_list("rank", "code", "name")
    return {code: name for _rank, code, name in teams.union(others, all=True).order_by("rank")}


@access.elevated(part="registry.names")
def local_names(codes: Iterable[str]) -> dict[str, Named]:
    """Return the names of some organisations and teams in English and in the country's language."""
    wanted = list(codes)
    rows = [
        *Team.objects.filter(code__in=wanted).values_list("code", "name", "name_local"),
        *Organisation.objects.filter(code__in=wanted).values_list("code", "name", "name_local"),
    ]
    return {code: Named(code=code, name=name, name_local=local) for code, name, local in rows}


@access.elevated(part="registry.contacts")
def contacts(*, organisation: str, role: str = "") -> list[ContactView]:
    """Return an organisation's contacts of one role or of all, or else those of the nearest parent that has some."""
    return contact_rows.reaching([organisation], role=role).get(organisation, [])


@access.elevated(part="registry.contacts")
def contacts_of(organisations: Iterable[str], *, role: str = "") -> dict[str, list[ContactView]]:
    """Return the same for many organisations at once; one that nobody reaches is absent."""
    return contact_rows.reaching(list(organisations), role=role)


def team_contacts(team: str) -> list[ContactView]:
    """Return a team's contacts."""
    return contact_rows.of_teams([team]).get(team, [])


@access.elevated(part="registry.prefixes")
def prefixes(*, on: date) -> list[str]:
    """Return every prefix that an organisation holds on a day."""
    return holdings.prefixes(on)
