"""An organisation's own reports as pages: what is said where, what is another's, what a hostile form does."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pehra.intake.models import OrganisationDraft, Report, Submission
from pehra.vault import api as vault


def begun(client, organisation: str = "org-0001", **more: str) -> str:
    answer = client.post("/intake/own/begin", {"organisation": organisation, **more})
    assert answer.status_code == 302, answer.content.decode()[-400:]
    return answer.headers["Location"]


def seen_in(page) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def handed_in(client, address: str, **more: object):
    typed = {"q-what-happened": "Ward down", "act": "hand-in", "seen": seen_in(client.get(address))}
    return client.post(address, typed | more)


def test_a_contact_begins_saves_and_hands_in(signed_in):
    client = signed_in("hospital")
    assert "No report yet" in client.get("/intake/own/").content.decode()
    address = begun(client)
    saved = client.post(address, {"q-people": "many", "act": "save", "seen": seen_in(client.get(address))})
    assert saved.status_code == 302
    assert 'value="many"' in client.get(address).content.decode()
    refused = handed_in(client, address, **{"q-people": "many"})
    assert refused.status_code == 422
    assert "Saved, but not handed in" in refused.content.decode()
    assert not Report.objects.exists()
    assert handed_in(client, address, **{"q-people": "12"}).headers["Location"].endswith("#handed-in")
    row = Submission.objects.get()
    page = client.get(address).content.decode()
    assert row.raw_sha256 in page
    assert Report.objects.get().reference in client.get("/intake/own/").content.decode()


def test_beside_each_question_stands_who_cannot_do_without_it(signed_in):
    client = signed_in("hospital")
    page = client.get(begun(client)).content.decode()
    assert "needed for: Report, Notification" in page
    assert "Report of an incident on critical infrastructure (PISF)" in page
    assert "operational default of this profile" in page, "no source lists the fields, and the page says so"
    assert "0 of 8" in page


def test_a_question_that_is_asked_no_more_keeps_its_answer(signed_in):
    client = signed_in("hospital")
    address = begun(client)
    draft = OrganisationDraft.objects.get()
    draft.answers = {"loss": ["500"], "what-happened": ["x"]}
    draft.save(update_fields=["answers"])
    assert "q-loss" not in client.get(address).content.decode()
    client.post(address, {"q-what-happened": "y", "act": "save", "seen": seen_in(client.get(address))})
    draft.refresh_from_db()
    assert draft.answers == {"loss": ["500"], "what-happened": ["y"]}


def test_another_organisations_draft_is_not_there(signed_in, country):
    client = signed_in("hospital")
    address = begun(client)
    for who in ("national", "telecom", "council", "lead", "nobody"):
        other = signed_in(who)
        nothing = other.get("/intake/own/00000000-0000-7000-8000-000000000000/")
        for answer in (other.get(address), other.post(address, {"act": "save"}), other.post(f"{address}throw-away")):
            assert answer.status_code == nothing.status_code == 404, who
    assert client.post("/intake/own/begin", {"organisation": "org-0002"}).status_code == 404
    assert OrganisationDraft.objects.count() == 1


def test_a_team_has_no_section_for_organisations(signed_in):
    assert "/intake/own/" in signed_in("hospital").get("/").content.decode()
    assert "/intake/own/" not in signed_in("lead").get("/").content.decode()


def test_hostile_words_are_shown_as_words(signed_in):
    client = signed_in("hospital")
    address = begun(client)
    bad = '"><script>alert(1)</script>\u202e{% now "Y" %}'
    page = handed_in(client, address, **{"q-contact": bad, "q-people": bad, "q-what-happened": bad})
    assert page.status_code == 422
    assert "<script>alert" not in page.content.decode()
    assert "{% now" in page.content.decode()
    listing = client.get("/intake/own/").content.decode()
    assert "<script>alert" not in listing


@pytest.mark.parametrize("stage", ["pisf-cii-report/notification", "sbp-breach-report/quarterly-report", "x", "../.."])
def test_a_stage_that_is_not_whole_or_not_owed_is_refused_and_nothing_typed_is_lost(signed_in, stage):
    client = signed_in("hospital")
    page = handed_in(client, begun(client), stage=[stage])
    assert page.status_code == 422
    assert "Ward down" in page.content.decode()
    assert not Report.objects.exists()


def test_files_go_with_what_is_handed_in(signed_in):
    client = signed_in("hospital")
    address = begun(client)
    handed_in(client, address, files=[SimpleUploadedFile("log.txt", b"198.18.1.7")])
    submission = Submission.objects.get()
    kept = json.loads(vault.read(submission.raw_sha256))
    assert [file["name"] for file in kept["files"]] == ["log.txt"]
    assert vault.read(submission.files.get().sha256) == b"198.18.1.7"


def test_from_an_incident_page_one_reports_about_it(signed_in, incident):
    client = signed_in("hospital")
    page = client.get(f"/incidents/{incident.reference}/").content.decode()
    assert f"/intake/own/?incident={incident.reference}" in page
    address = begun(client, incident=incident.reference)
    assert incident.reference in client.get(address).content.decode()
    assert client.post("/intake/own/begin", {"organisation": "org-0001", "incident": "PK-2026-9"}).status_code == 404


def test_a_draft_is_thrown_away_by_a_press(signed_in):
    client = signed_in("hospital")
    address = begun(client)
    assert client.get(f"{address}throw-away").status_code == 405
    assert client.post(f"{address}throw-away").status_code == 302
    assert client.get(address).status_code == 404
