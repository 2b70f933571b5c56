"""Leaks over REST: handed in by a program, listed behind the wall, and no secret in an answer."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from pehra.access import api as access
from pehra.kernel import clock
from tests.signals.leaked import Nation, lay_out, take

pytestmark = pytest.mark.django_db
SECRET = "Kachnar-3388-Soan"
DOOR = "/api/v1/signals/leaks"


@pytest.fixture
def nation(db, tmp_path: Path) -> Nation:
    return lay_out(tmp_path, clock.now())


@pytest.fixture
def headers(nation: Nation) -> Callable[[str], dict[str, str]]:
    """What a program of somebody of the cast sends along."""

    def made(who: str) -> dict[str, str]:
        actor = nation.actor(who)
        permissions = access.token_permissions(by=actor)
        token = access.issue_token(
            holder_id=nation.people[who],
            name="a program",
            permissions=permissions,
            valid=timedelta(days=1),
            by=actor,
            at=clock.now(),
        )
        return {"Authorization": f"Bearer {token}"}

    return made


def leak(*rows: dict[str, str], **more: str) -> dict[str, object]:
    return {"source": "Combo list 7", "rows": list(rows)} | more


def test_a_program_hands_in_a_leak_once_and_nothing_of_the_secret_is_kept(headers) -> None:
    said = leak({"address": "engineer@river.example", "password": SECRET}, {"address": SECRET}, {"address": ""})
    program = headers("telecom") | {"Idempotency-Key": "one"}
    first = Client().post(DOOR, said, content_type="application/json", headers=program)
    assert first.status_code == 201, first.content
    answer = first.json()
    assert (answer["rows_read"], answer["set_aside_count"], answer["accounts"], answer["kept"]) == (3, 2, 1, None)
    assert [row["line"] for row in answer["set_aside"]] == [2, 3]
    again = Client().post(DOOR, said, content_type="application/json", headers=program)
    assert again.json() == answer
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM access_keptanswer AS t")
        assert SECRET not in str(cursor.fetchall())
    assert SECRET not in first.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": ""},
        {"tlp": SECRET},
        {"rows": []},
        {"rows": [{"address": SECRET, "secret_question": SECRET}]},
        {"rows": [{"address": "a@river.example", "password": SECRET * 200}]},
        {"rows": SECRET},
    ],
)
def test_a_refusal_repeats_nothing(headers, wrong: dict[str, object]) -> None:
    said = leak({"address": "engineer@river.example", "password": SECRET}) | wrong
    answer = Client().post(DOOR, said, content_type="application/json", headers=headers("telecom"))
    assert answer.status_code in (400, 422)
    assert SECRET not in answer.content.decode()


def test_lists_stand_behind_the_wall_and_go_on(headers) -> None:
    one = take(f"engineer@river.example:{SECRET}\nother@river.example\nclerk@deeds.example", at=clock.now())
    contact, national, punjab = (headers(who) for who in ("contact", "national", "punjab"))
    listed = Client().get(DOOR, headers=contact).json()
    assert [(row["id"], row["accounts"], row["rows_read"]) for row in listed["items"]] == [(str(one.id), 2, None)]
    page = Client().get(f"{DOOR}/{one.id}?limit=1", headers=contact).json()
    assert len(page["accounts"]) == 1
    rest = Client().get(f"{DOOR}/{one.id}?limit=1&cursor={page['next']}", headers=contact).json()
    seen = {page["accounts"][0]["address"], rest["accounts"][0]["address"]}
    assert seen == {"engineer@river.example", "other@river.example"}
    accounts = Client().get("/api/v1/signals/accounts?organisation=org-0003", headers=national).json()
    assert [row["address"] for row in accounts["items"]] == ["clerk@deeds.example"]
    other = take("last@river.example", source="Another", at=clock.now())
    assert [row["id"] for row in Client().get(DOOR, headers=punjab).json()["items"]] == [str(one.id)]
    assert Client().get(f"{DOOR}/{other.id}", headers=punjab).status_code == 404
    assert Client().post(DOOR, leak({"address": "a@river.example"}), content_type="application/json",
                         headers=contact).status_code == 403  # fmt: skip
