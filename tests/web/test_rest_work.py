"""The work on an incident for programs: tried with tokens of its lead, of another team and of its organisation."""

import pytest

from pehra.incidents import api as incidents
from tests.incidents import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def reference(country):
    """An incident of the hospital, which the national team leads."""
    rows = incidents.incidents(by=country.by, organisation="org-0001", limit=50).rows
    return next(row.reference for row in rows if row.lead_team == "pkcert" and not row.widespread)


def test_a_playbook_by_program_from_file_to_done(program, reference):
    lead = program("lead")
    document = samples.document().decode()
    kept = lead.post("/incidents/playbooks", {"document": document, "team": "pkcert"}).json()
    assert lead.get(f"/incidents/playbooks/{kept['id']}/document").json() == samples.playbook()
    assert [row["id"] for row in lead.get("/incidents/playbooks").json()["items"]] == [kept["id"]]
    made = lead.post(f"/incidents/{reference}/playbook", {"playbook": kept["id"]}).json()["items"]
    assert [task["is_blocking"] for task in made] == [True, False, False, False, False]
    refused = lead.post(f"/incidents/{reference}/tasks/1/move", {"to": "done"})
    assert refused.status_code == 422
    for item in (1, 2):
        assert lead.post(f"/incidents/{reference}/tasks/1/tick", {"item": item}).status_code == 200
    assert lead.post(f"/incidents/{reference}/tasks/1/move", {"to": "done"}).json()["state"] == "done"
    page = lead.get(f"/incidents/{reference}/tasks").json()
    assert (page["phase"], len(page["tasks"])) == ("assess", 5)
    assert lead.post(f"/incidents/playbooks/{kept['id']}/retire", {"reason": "old"}).json()["retired_reason"] == "old"


def test_what_cannot_be_followed_is_refused_with_every_mistake(program):
    spoilt = samples.document(samples.playbook(spec_version="1.1", workflow={})).decode()
    answer = program("lead").post("/incidents/playbooks", {"document": spoilt, "team": "pkcert"})
    assert answer.status_code == 422
    assert "spec_version" in answer.content.decode()
    assert "workflow" in answer.content.decode()


def test_a_timeline_notes_and_lessons_by_program(program, reference):
    lead = program("lead")
    added = lead.post(f"/incidents/{reference}/timeline", {"text": "2026-11-01 09:00Z a\n2026-11-02 b"}).json()["items"]
    assert [(one["text"], one["precision"]) for one in added] == [("a", "minute"), ("b", "day")]
    exact = {"happened_at": "2026-11-03T09:00:07Z", "text": "c", "precision": "second"}
    assert lead.post(f"/incidents/{reference}/timeline/entry", exact).json()["number"] == 3
    assert lead.post(f"/incidents/{reference}/timeline/3/correct", {"text": "d"}).json()["corrects"] == 3
    assert lead.post(f"/incidents/{reference}/timeline/1/retract", {"reason": "no"}).json()["retracted_reason"] == "no"
    story = lead.get(f"/incidents/{reference}/timeline?shown=story").json()["items"]
    assert [one["number"] for one in story] == [4, 3, 2, 1]
    assert lead.get(f"/incidents/{reference}/timeline?shown=dance").status_code == 422
    note = lead.post(f"/incidents/{reference}/notes", {"text": "**a**"}).json()
    assert note["html"] == '<p dir="auto"><strong>a</strong></p>\n'
    again = {"text": "b", "version": 1}
    assert lead.post(f"/incidents/{reference}/notes/1", again).json()["version"] == 2
    assert lead.post(f"/incidents/{reference}/notes/1", again).status_code in (409, 422)
    lesson = {"learnt": "x", "aim": "rule", "subject": "r", "proposal": "y"}
    assert lead.post(f"/incidents/{reference}/lessons", lesson).json()["state"] == "proposed"
    answered = lead.post(f"/incidents/{reference}/lessons/1/answer", {"to": "accepted", "reason": "yes"})
    assert answered.json()["state"] == "accepted"


def test_its_organisation_answers_for_itself_and_reads_none_of_the_work(program, reference):
    lead, hospital = program("lead"), program("hospital")
    lead.post(f"/incidents/{reference}/tasks", {"title": "secret plan"})
    lead.post(f"/incidents/{reference}/consents", {"act": "pull the ports", "task": 1})
    asked = hospital.get(f"/incidents/{reference}/consents").json()["items"]
    assert [one["act"] for one in asked] == ["pull the ports"]
    given = hospital.post(f"/incidents/{reference}/consents/1/answer", {"answer": "given"}).json()
    assert (given["answer"], given["channel"]) == ("given", "portal")
    for path in ("tasks", "timeline", "notes", "lessons"):
        answer = hospital.get(f"/incidents/{reference}/{path}")
        assert answer.status_code == 404
        assert "secret plan" not in answer.content.decode()
    for path in ("tasks", "timeline", "notes", "lessons", "consents"):
        assert program("telecom").get(f"/incidents/{reference}/{path}").status_code == 404


def test_attributes_are_stated_one_by_one_or_as_a_complete_list(program, incident):
    caller = program("national")
    path = f"/incidents/{incident.reference}"

    def known() -> tuple[object, object]:
        page = caller.get(path).json()
        return page["attributes"], page["attributes_absent"]

    def state(attributes: object):
        return caller.post(f"{path}/facts", {"attributes": attributes, "reason": "seen"})

    assert known() == (None, [])
    assert state({"ransomware": True, "campaign": False}).status_code == 200
    assert known() == (["ransomware"], ["campaign"])
    assert state({"campaign": None}).status_code == 200
    assert known() == (["ransomware"], [])
    assert state(["ransomware"]).status_code == 200
    assert known() == (["ransomware"], ["breach-established", "campaign", "cross-border", "widespread"])
    for bad in ({"ransomware": "true"}, {"ransomware": 1}, {"ransomwear": True}, ["ransomwear"], "ransomware", [True]):
        assert state(bad).status_code == 422, bad
    assert known()[0] == ["ransomware"]
