"""Reports for programs, by the interface itself: a token, JSON, strict words, once under a key."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.kernel import clock
from pehra.kernel.actors import system
from tests.web.programs import Program

CAST = {
    "desk": {"role": "duty-officer", "team": "pkcert"},
    "province": {"role": "incident-handler", "team": "punjab-cert"},
    "contact": {"role": "organisation-contact", "organisation": "org-0001"},
}


@pytest.fixture
def program(country, settings) -> Callable[[str], Program]:
    """A program with the token of one of the cast."""
    by, now = system("test"), clock.now()
    people = {}
    for who, granted in CAST.items():
        people[who] = access.add_person(email=f"{who}@cast.example", name=who.title(), by=by, at=now)
        access.grant(person_id=people[who], reason="the cast", by=by, at=now, **granted)

    def make(who: str) -> Program:
        actor = access.actor_for(person_id=people[who], at=now)
        token = access.issue_token(
            holder_id=people[who],
            name="tests",
            permissions=access.token_permissions(by=actor),
            valid=timedelta(days=1),
            by=by,
            at=now,
        )
        return Program(token)

    return make


def handed_in(by: Program, **said: Any) -> dict[str, Any]:
    """Hand in a report."""
    answer = by.post("/intake/reports", {"title": "odd", "description": "very odd", **said})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_report_from_hand_in_to_incident(program):
    desk = program("desk")
    receipt = handed_in(desk, observables=["198[.]18[.]2[.]9"], taxonomy="intrusions")
    listed = desk.get("/intake/reports").json()
    assert (listed["count"], listed["items"][0]["reference"]) == (1, receipt["reference"])
    page = desk.get(f"/intake/reports/{receipt['reference']}").json()
    assert page["observables"][0]["value"] == "198.18.2.9"
    opened = desk.post(f"/intake/reports/{receipt['reference']}/open", {"severity": "high"})
    assert opened.status_code == 200, opened.content
    assert opened.json()["taxonomy"] == "intrusions"
    assert desk.get("/intake/waiting").json() == {"items": []}


def test_under_a_key_it_is_handed_in_once(program):
    desk, key = program("desk"), {"Idempotency-Key": "night-1"}
    first = desk.post("/intake/reports", {"title": "odd"}, headers=key)
    again = desk.post("/intake/reports", {"title": "odd"}, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert desk.get("/intake/reports").json()["count"] == 1


def test_completed_later_by_the_organisation_that_began_it(program):
    contact, desk = program("contact"), program("desk")
    receipt = handed_in(contact, complete=False)
    answer = contact.post(f"/intake/reports/{receipt['reference']}/submissions", {"description": "and more"})
    assert (answer.status_code, answer.json()["number"]) == (201, 2)
    page = desk.get(f"/intake/reports/{receipt['reference']}").json()
    assert page["report"]["is_complete"]
    assert page["report"]["reporter_organisation"] == "org-0001"
    # What the teams think of it is not the organisation's to read.
    assert contact.get(f"/intake/reports/{receipt['reference']}").status_code == 403


def test_all_that_match_with_preview_and_undo(program):
    desk = program("desk")
    for number in range(3):
        handed_in(desk, description=f"spam {number}")
    reports = {"filters": {"search": "spam"}}
    shown = desk.post("/intake/triage/preview", {"act": "dismiss", "reports": reports}).json()
    assert shown["count"] == 3
    reports["up_to"] = shown["up_to"]
    done = desk.post("/intake/triage/dismiss", {"reports": reports, "reason": "spam"}).json()
    assert done["count"] == 3
    assert desk.get("/intake/reports").json()["count"] == 0
    undone = desk.post(f"/intake/triage/{done['token']}/undo", {})
    assert undone.json()["count"] == 3
    assert desk.get("/intake/reports").json()["count"] == 3


def test_a_file_goes_in_as_base64_and_comes_out_sealed(program):
    desk = program("desk")
    content = base64.b64encode(b"MZ evil").decode()
    receipt = handed_in(desk, files=[{"name": "a.exe", "content": content}])
    (file,) = desk.get(f"/intake/reports/{receipt['reference']}").json()["files"]
    sealed = desk.post(f"/intake/reports/{receipt['reference']}/submissions/1/sealed?file={file['id']}", {})
    assert sealed.status_code == 200, sealed.content
    assert b"evil" not in base64.b64decode(sealed.json()["content"])
    assert len(sealed.json()["password"]) >= 16


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"titel": "x"}, "titel"),
        ({"title": "x" * 301}, "title"),
        ({"title": "x", "moments": {"occurrence": "yesterday"}}, "moments"),
        ({"title": "x", "sector": "fishery"}, "sector"),
        ({"title": "x", "organisation": "org-9999"}, "organisation"),
        ({"title": "x", "files": [{"name": "a", "content": "no base 64!"}]}, "files"),
        ({}, "description"),
    ],
)
def test_what_is_wrong_is_named(program, said, field):
    answer = program("desk").post("/intake/reports", said)
    assert answer.status_code in (400, 422)
    assert field in json.dumps(answer.json())


def test_another_teams_report_is_not_there(program):
    desk, province = program("desk"), program("province")
    receipt = handed_in(desk, organisation_name="Somebody", sector="telecom", territory="sindh")
    seen = province.get("/intake/reports").json()["items"]
    assert receipt["reference"] not in [row["reference"] for row in seen]
    assert province.get(f"/intake/reports/{receipt['reference']}").status_code == 404
    refused = province.post(
        "/intake/triage/dismiss", {"reports": {"references": [receipt["reference"]]}, "reason": "mine"}
    )
    assert refused.status_code == 404
