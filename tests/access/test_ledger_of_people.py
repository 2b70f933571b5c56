"""What happens to a person stands in the ledger where those may read it who may see the person."""

from datetime import timedelta

import pytest

from pehra.access import api as access
from pehra.ledger import api as ledger
from pehra.ledger.models import LedgerEntry

pytestmark = pytest.mark.django_db


def told(event: str, person) -> list[str]:
    """The teams that read of something that happened to a person."""
    return LedgerEntry.objects.get(event=event, subject=f"person:{person}").teams


@pytest.mark.parametrize(("guided", "team"), [(False, "punjab-cert"), (True, "pkcert")])
def test_a_person_is_added_before_the_eyes_of_the_team_that_adds_them(acting, machine, at, guided, team):
    person = access.add_person(
        email="new@team.example", name="New", by=acting("lead", "team-lead", team=team, guided=guided), at=at
    )
    assert told("access.person.added", person) == [team]


def test_a_person_is_closed_before_the_eyes_of_all_teams_where_they_hold_a_role(acting, machine, at):
    chief = acting("chief", "team-lead", team="punjab-cert")
    person = access.add_person(email="new@team.example", name="New", by=machine, at=at)
    for where in ({"team": "punjab-cert", "role": "analyst"}, {"team": "ntcert", "role": "analyst"}):
        access.grant(person_id=person, reason="member", by=machine, at=at, **where)
    access.close_person(person_id=person, reason="left", by=machine, at=at)
    assert told("access.person.closed", person) == ["ntcert", "punjab-cert"]
    seen = ledger.history(subject=f"person:{person}", by=chief)
    assert "access.person.closed" in {e.event for e in seen}


def test_somebody_who_holds_nothing_any_more_is_closed_before_the_eyes_of_their_last_team(tree, machine, at):
    person = access.add_person(email="new@team.example", name="New", by=machine, at=at)
    access.grant(
        person_id=person,
        role="analyst",
        team="ntcert",
        until=at + timedelta(days=1),
        reason="visits",
        by=machine,
        at=at,
    )
    later = at + timedelta(days=2)
    access.close_person(person_id=person, reason="left", by=machine, at=later)
    assert told("access.person.closed", person) == ["ntcert"]
    access.open_person(person_id=person, reason="returns", by=machine, at=later)
    assert told("access.person.opened", person) == ["ntcert"]
