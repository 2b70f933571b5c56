"""A small tree of teams: a national team guides a province's and a sector's, the province's guides a city's."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pehra.access import api
from pehra.access.api import services
from pehra.kernel.actors import Actor
from tests.access.directories import Provider, token_of
from tests.access.relying import AWAY, BACK, Relying, sign_in

TREE = {"pkcert": "", "punjab-cert": "pkcert", "ntcert": "pkcert", "city-cert": "punjab-cert"}
ORGANISATIONS = {"org-city": "city-cert", "org-punjab": "punjab-cert", "org-telecom": "ntcert"}


@pytest.fixture
def tree(at, db) -> None:
    """The tree and an organisation under each of three teams, as the registry tells them."""
    teams = [api.KnownTeam(code=code, parent=parent) for code, parent in TREE.items()]
    organisations = [
        api.KnownOrganisation(code=code, lead_team=team, teams=(team,)) for code, team in ORGANISATIONS.items()
    ]
    api.learn_scopes(teams=teams, organisations=organisations, at=at)


@pytest.fixture
def someone(machine, at, tree) -> Callable[..., UUID]:
    """Adds somebody by a name, with a role when one is given."""

    def add(name: str, role: str = "", **scope: Any) -> UUID:
        person = api.add_person(email=f"{name}@cast.example", name=name.title(), by=machine, at=at)
        if role:
            api.grant(person_id=person, role=role, reason="the cast", by=machine, at=at, **scope)
        return person

    return add


@pytest.fixture
def acting(someone, at) -> Callable[..., Actor]:
    """Adds somebody with a role and returns them as an actor."""
    return lambda name, role, **scope: api.actor_for(person_id=someone(name, role, **scope), at=at)


@pytest.fixture
def city(tree) -> Provider:
    """The directory of a city's ministry."""
    return token_of("city", organisation="org-city")


@pytest.fixture
def punjab(tree) -> Provider:
    """The directory of another ministry, under another team."""
    return token_of("punjab", organisation="org-punjab")


@pytest.fixture
def team(tree) -> Provider:
    """The directory of a team, by a token of its lead."""
    return token_of("chief", "team-lead", team="city-cert")


@pytest.fixture
def add(machine, at, tree):
    """Adds a relying service."""

    def made(name="Tickets", **changed):
        whole = {"redirect_uris": [BACK], "after_logout_uris": [AWAY]} | changed
        return Relying(services.add_service(name=name, by=machine, at=at, **whole))

    return made


@pytest.fixture
def tickets(add):
    """A ticket system that relies on our sign-in."""
    return add()


@pytest.fixture
def officer(someone):
    """A duty officer of the national team."""
    return someone("officer", "duty-officer", team="pkcert")


@pytest.fixture
def browser(officer):
    """The browser of the duty officer, signed in."""
    return sign_in(officer)
