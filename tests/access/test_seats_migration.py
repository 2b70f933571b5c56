"""Seats on the council that an older version granted for the nation become seats, and open no team."""

from importlib import import_module

import pytest
from django.apps import apps

from pehra.access import api
from pehra.access.models import Grant
from pehra.kernel.identifiers import new_id

seats = import_module("pehra.access.migrations.0003_grants").Migration.operations[0]


def older(person, role: str, at, **scope: object) -> Grant:
    """A grant as the version before wrote it."""
    return Grant.objects.create(
        id=new_id(at), person_id=person, role=role, valid_from=at, reason="named", granted_by="pehra.test", **scope
    )


@pytest.fixture
def rows(someone, at) -> dict[str, Grant]:
    person = someone("old")
    return {
        "seat": older(person, "council-member", at, national=True),
        "ended": older(person, "council-secretary", at, national=True, valid_until=at),
        "auditor": older(person, "auditor", at, national=True),
        "analyst": older(person, "analyst", at, team="pkcert"),
    }


def columns(rows: dict[str, Grant]) -> dict[str, tuple[bool, bool, str]]:
    for row in rows.values():
        row.refresh_from_db()
    return {name: (row.national, row.council, row.team) for name, row in rows.items()}


def test_seats_become_seats_and_nothing_else_changes(rows):
    seats.code(apps, None)
    assert columns(rows) == {
        "seat": (False, True, ""),
        "ended": (False, True, ""),
        "auditor": (True, False, ""),
        "analyst": (False, False, "pkcert"),
    }


def test_a_seat_opens_no_team_afterwards(rows, at):
    Grant.objects.exclude(id=rows["seat"].id).delete()
    before = api.actor_for(person_id=rows["seat"].person_id, at=at)
    seats.code(apps, None)
    after = api.actor_for(person_id=rows["seat"].person_id, at=at)
    assert (before.teams, after.teams) == (frozenset(), frozenset())
    assert api.may(after, api.Permission.LAW_READ)
    assert not any(
        api.may(after, permission, teams=["pkcert"]) for permission in api.Permission if permission != "law.read"
    )


def test_the_way_back_is_the_same_rows(rows):
    former = columns(rows)
    seats.code(apps, None)
    seats.reverse_code(apps, None)
    assert columns(rows) == former
