"""Assessments for programs: the whole way by REST, and what each may not."""

import json

import pytest

from pehra.access import api as access
from pehra.kernel import clock
from tests.web.programs import API


@pytest.fixture
def programs(country, program):
    """Programs of the organisation's contact, of its team's lead, and of others."""
    for who, granted in {
        "deeds": {"role": "organisation-contact", "organisation": "org-0003"},
        "punjab-lead": {"role": "team-lead", "team": "punjab-cert"},
    }.items():
        person = access.add_person(email=f"{who}@cast.example", name=who.title(), by=country.by, at=clock.now())
        access.grant(person_id=person, reason="cast", by=country.by, at=clock.now(), **granted)
        country.people[who] = person
    return {who: program(who) for who in ("deeds", "punjab-lead", "national", "telecom", "punjab")}


def put(program, path: str, said: object):
    headers = {"Authorization": f"Bearer {program.token}"}
    return program.client.put(API + path, json.dumps(said), "application/json", headers=headers)


OF = "/registry/organisations/org-0003/assessments"


def test_the_whole_way(programs):
    own, lead = programs["deeds"], programs["punjab-lead"]
    opened = own.post(OF, {})
    assert opened.status_code == 201, opened.content
    one = f"/registry/assessments/{opened.json()['assessment']}"
    assert own.post(OF, {}).status_code == 422
    answers = [
        {"control": row["control"], "reply": "yes", "note": "so", "reference": "there", "seen": row["version"]}
        for row in own.get(one).json()["answers"]
    ]
    assert put(own, f"{one}/answers", {"answers": answers}).json()["conflicts"] == []
    again = put(own, f"{one}/answers", {"answers": [answers[0] | {"reply": "no"}]})
    assert again.json()["conflicts"] == [answers[0]["control"]]
    assert put(own, f"{one}/answers", {"answers": [{"control": "of-another-set"}]}).status_code == 404
    assert put(own, f"{one}/answers", {"answers": []}).status_code == 422
    assert own.post(f"{one}/review", {"decision": "agree"}).status_code == 403
    assert own.post(f"{one}/submitted", {}).json()["state"] == "submitted"
    waiting = lead.get("/registry/assessments", view="waiting").json()
    assert [row["organisation"] for row in waiting["items"]] == ["org-0003"]
    verdicts = [{"control": answers[0]["control"], "verdict": "disputed", "note": "one is left out"}]
    closed = lead.post(f"{one}/review", {"verdicts": verdicts, "decision": "agree"}).json()
    assert closed["state"] == "reviewed"
    assert closed["gaps"] == 1
    assert closed["percent"] < 100
    listed = own.get(OF).json()
    assert [row["percent"] for row in listed["items"]] == [closed["percent"]]
    assert listed["due"] == "current"


def test_others_find_nothing_or_may_not(programs):
    made = programs["deeds"].post(OF, {}).json()["assessment"]
    one = f"/registry/assessments/{made}"
    stranger = programs["telecom"]
    assert {stranger.get(path).status_code for path in (OF, one)} == {404}
    assert stranger.post(OF, {}).status_code == 404
    assert stranger.get("/registry/assessments").json()["items"] == [] or "org-0003" not in str(
        stranger.get("/registry/assessments").json()
    )
    informed = programs["national"]
    seen = informed.get(one).json()
    assert seen["withheld"] is True
    assert seen["answers"] == []
    assert put(informed, f"{one}/answers", {"answers": [{"control": "log-kept"}]}).status_code == 403
    assert programs["punjab"].post(f"{one}/submitted", {}).status_code == 403
