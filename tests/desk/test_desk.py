"""Saved views and presence: one's own, a team's, and nobody else's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pehra.access import api as access
from pehra.desk import api
from pehra.kernel.actors import Actor, ActorKind, system
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible

AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
LIST = "incidents:list"
CASE = "incidents/PK-2026-000001"

pytestmark = pytest.mark.django_db


def actor(number: int, *teams: str) -> Actor:
    return Actor(id=str(UUID(int=number)), kind=ActorKind.PERSON, name="A", teams=frozenset(teams))


def names(by: Actor) -> list[str]:
    return [view.name for view in api.saved_views(place=LIST, by=by)]


def test_a_view_is_ones_own_until_it_is_shared() -> None:
    mine, colleague, other = actor(1, "ntcert"), actor(2, "ntcert"), actor(3, "punjab-cert")
    api.save_view(place=LIST, name=" Night  watch ", query="?state=new&before=abc&search=", by=mine, at=AT)
    assert [(view.name, view.query) for view in api.saved_views(place=LIST, by=mine)] == [("Night watch", "state=new")]
    assert names(colleague) == names(other) == []
    api.save_view(place=LIST, name="Night watch", query="state=open", team="ntcert", by=mine, at=AT)
    assert names(mine) == names(colleague) == ["Night watch"]
    assert names(other) == []
    assert api.saved_views(place="findings:list", by=mine) == []


def test_who_saved_a_view_removes_it() -> None:
    mine, colleague, other = actor(1, "ntcert"), actor(2, "ntcert"), actor(3, "punjab-cert")
    view = api.save_view(place=LIST, name="All", query="", team="ntcert", by=mine, at=AT)
    with pytest.raises(Forbidden):
        api.remove_view(view_id=view.id, by=colleague)
    with pytest.raises(NotVisible):
        api.remove_view(view_id=view.id, by=other)
    api.remove_view(view_id=view.id, by=mine)
    assert names(mine) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"team": "punjab-cert"}, "team"),
        ({"query": "a=" + "b" * 1_000}, "query"),
        ({"place": "x" * 121}, "place"),
        ({"place": ""}, "place"),
    ],
)
def test_what_cannot_be_a_view_is_refused_at_its_field(said: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        api.save_view(**{"place": LIST, "name": "All", "query": "", **said}, by=actor(1, "ntcert"), at=AT)
    assert refused.value.field == field


def test_a_filter_too_long_to_be_saved_still_shows_its_list() -> None:
    long = "search=" + "دفتر " * 60
    assert api.shelf(place=LIST, query=long, here="/", by=actor(1)).query.startswith("search=%D8")


def test_views_have_an_end() -> None:
    mine = actor(1)
    for number in range(50):
        api.save_view(place=LIST, name=str(number), query="", by=mine, at=AT)
    with pytest.raises(Invalid, match="remove one"):
        api.save_view(place=LIST, name="one more", query="", by=mine, at=AT)
    api.save_view(place=LIST, name="1", query="state=new", by=mine, at=AT)


@pytest.fixture
def watch() -> dict[str, Actor]:
    """Two of one team and one of another."""
    teams = [access.KnownTeam(code=code, parent="") for code in ("ntcert", "punjab-cert")]
    access.learn_scopes(teams=teams, organisations=[], at=AT)
    found = {}
    for who, team in (("Amna", "ntcert"), ("Bilal", "ntcert"), ("River", "punjab-cert")):
        person = access.add_person(email=f"{who.lower()}@desk.example", name=who, by=system("test"), at=AT)
        access.grant(person_id=person, role="analyst", team=team, reason="watch", by=system("test"), at=AT)
        found[who] = access.actor_for(person_id=person, at=AT)
    return found


def test_who_looks_is_seen_by_colleagues_for_a_minute(watch: dict[str, Actor]) -> None:
    def seen(who: str, seconds: int) -> list[str]:
        at = AT + timedelta(seconds=seconds)
        return [other.name for other in api.present(place=CASE, teams=["ntcert"], by=watch[who], at=at)]

    assert seen("Amna", 0) == []
    assert seen("Bilal", 30) == ["Amna"]
    assert seen("River", 30) == []
    assert seen("Amna", 45) == ["Bilal"]
    assert seen("Bilal", 106) == []
    assert api.forget_presence(at=AT + timedelta(seconds=107)) == 2
