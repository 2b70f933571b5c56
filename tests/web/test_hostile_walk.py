"""Every address there is, asked by every member of the cast with the ids of everybody else's things: nothing leaks.

Once as Pehra is; once with the application's filter switched off, so that the database's wall stands alone; and once
with both off, where the same walk must find leaks, or it could not find any.
"""

import statistics
import time

import pytest

from pehra.access.api import second_wall
from tests.web import hostile
from tests.web.conftest import CAST

WHO = sorted(set(CAST) - {"national"})  # the national duty officer sees everything there is here
TIMED_TRIES = 40
POSTED = {
    "reason": "curious",
    "to": "open",
    "note": "curious",
    "state": "fixed",
    "severity": "low",
    "email": "a@b.example",
}
UNTOUCHED = ("findings_finding", "incidents_incident", "incidents_clock", "outbox_message", "registry_organisation")


@pytest.fixture
def walked(country, signed_in):
    """What a walk as somebody found: words of others, differences between others' and nobody's, failures of ours."""

    def walk(who: str) -> dict[str, list[object]]:
        foreign = hostile.foreign_to(country.actor(who))
        client = signed_in(who)
        found: dict[str, list[object]] = {"leaks": [], "differences": [], "failures": [], "asked": []}
        for door in hostile.doors():
            if door.takes:
                _try_ids(client, door, foreign, found)
            else:
                _try_lists(client, door, foreign, found)
        return found

    return walk


def _try_ids(client, door, foreign, found) -> None:
    if door.module.startswith("allauth."):
        return  # its ids are keys that it made for one letter, and it knows no tenants
    nobodys: dict[tuple[str, bool], hostile.Said] = {}
    for tried in hostile.tries(door, foreign):
        for post in (None, POSTED):
            one = hostile.ask(client, tried.theirs, post=post, hide=(tried.id,))
            same = (tried.nobodys, post is None)
            if same not in nobodys:
                nobodys[same] = hostile.ask(client, tried.nobodys, post=post, hide=(tried.absent,))
            _note(found, tried.theirs, one, foreign)
            if one != nobodys[same]:
                found["differences"].append((tried.theirs, one.status, _differ(one, nobodys[same])))


def _differ(one: hostile.Said, other: hostile.Said) -> object:
    """What is not the same, short enough to be read."""
    if (one.status, one.headers) != (other.status, other.headers):
        return other.status, set(one.headers) ^ set(other.headers)
    lines = zip(one.body.splitlines(), other.body.splitlines(), strict=False)
    return next(((a[:200], b[:200]) for a, b in lines if a != b), "length")


def _try_lists(client, door, foreign, found) -> None:
    if door.module.startswith("allauth.") or "sign-out" in door.route or "logout" in door.route:
        return
    address = door.address()
    said = hostile.ask(client, address)
    _note(found, address, said, foreign)
    words = [keys[0] for keys in foreign.ids.values() if keys]
    for name in hostile.FILTERS:
        # A page says by its form what it can be asked; a program's door is asked everything.
        if f'name="{name}"' in said.body or door.route.startswith("api/"):
            for word in words:
                said = hostile.ask(client, f"{address}?{name}={word}", hide=(word,))
                _note(found, f"{address}?{name}={word}", said, foreign)


def _note(found, address, said, foreign) -> None:
    found["asked"].append(address)
    if said.status >= 500:
        found["failures"].append((address, said.status))
    text = said.body + repr(said.headers)
    leaked = sorted(word for word in foreign.words if word in text)
    if leaked:
        found["leaks"].append((address, said.status, leaked[:3]))


@pytest.mark.parametrize("who", WHO)
def test_nothing_of_others_is_told(who, walked):
    before = hostile.fingerprint(UNTOUCHED)
    found = walked(who)
    assert found["leaks"] == []
    assert found["differences"] == []
    assert found["failures"] == []
    assert hostile.fingerprint(UNTOUCHED) == before
    assert len(found["asked"]) > 60


@pytest.mark.parametrize("who", WHO)
def test_nothing_of_others_is_told_when_only_the_second_wall_stands(who, walked, monkeypatch):
    before = hostile.fingerprint(UNTOUCHED)
    with hostile.first_wall_down(monkeypatch):
        found = walked(who)
    assert found["leaks"] == []
    assert found["failures"] == []
    assert hostile.fingerprint(UNTOUCHED) == before


@pytest.mark.parametrize("who", ["telecom", "hospital", "punjab"])
def test_the_walk_finds_leaks_where_no_wall_stands(who, walked, monkeypatch):
    monkeypatch.setattr(second_wall, "_is_in_force", lambda: False)
    with hostile.first_wall_down(monkeypatch):
        found = walked(who)
    assert len(found["leaks"]) > 10
    assert any(status == 200 for _address, status, _words in found["leaks"])


@pytest.mark.parametrize("kind", ["finding", "incident", "message", "entry", "organisation"])
def test_what_is_another_s_answers_no_later_than_what_is_nobody_s(kind, country, signed_in):
    addresses = {
        "finding": "/findings/{}/",
        "incident": "/incidents/{}/",
        "message": "/outbox/{}/",
        "entry": "/ledger/{}/",
        "organisation": "/registry/organisations/{}/",
    }
    who = "nobody" if kind == "incident" else "hospital"  # the one incident here is the hospital's
    foreign = hostile.foreign_to(country.actor(who))
    key = foreign.ids[kind][0]
    absent = (
        hostile.ABSENT_UUID
        if kind in ("finding", "message", "entry")
        else {"incident": hostile.ABSENT_TEXT}.get(kind, "org-9999")
    )
    client = signed_in(who)
    took: dict[object, list[float]] = {key: [], absent: []}
    for _try in range(TIMED_TRIES):
        for asked, times in took.items():
            began = time.perf_counter()
            assert client.get(addresses[kind].format(asked)).status_code == 404
            times.append(time.perf_counter() - began)
    theirs, nobodys = (statistics.median(times) for times in took.values())
    # A guard against a road that does more for what exists; what a stranger could measure is far coarser.
    assert abs(theirs - nobodys) < 0.25 * nobodys + 0.002, (theirs, nobodys)
