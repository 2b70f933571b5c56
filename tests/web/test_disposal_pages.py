"""The end of evidence on its page and for programs: one asks, another agrees and proves anew who they are, and 410."""

import os
from base64 import b64encode

import pytest

from pehra.incidents import api
from pehra.incidents.models import Incident
from pehra.kernel import clock
from pehra.vault import api as vault

LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"
AGREED = {"reason": "so I see it", "sure": "yes"}
ASKED = {"reason": "the case is over", "order": "High Court, order 12 of 2026"}


def address(incident, rest: str = "") -> str:
    return f"/incidents/{incident.reference}/evidence{rest}"


@pytest.fixture
def ended(country, incident):
    """The hospital's incident with one log, ended."""
    said = {"ref": incident.reference, "name": "auth.log", "content": LOG, "source": "SOC"}
    piece = api.add_evidence(**said, by=country.by, at=clock.now())
    os.utime(vault.path_of(piece.sha256), (1, 1))
    Incident.objects.filter(reference=incident.reference).update(state="closed", ended_at=clock.now())
    return incident


@pytest.fixture
def destroyed(ended, country, django_capture_on_commit_callbacks):
    """It, after its log was destroyed."""
    named = {"ref": ended.reference, "number": 1, "at": clock.now()}
    api.ask_for_disposal(**named, **ASKED, by=country.actor("national"))
    with django_capture_on_commit_callbacks(execute=True):
        api.confirm_disposal(**named, reason="agreed", by=country.actor("lead"))
    return ended


def test_one_asks_and_another_agrees(signed_in, ended, django_capture_on_commit_callbacks):
    asker, second = signed_in("national"), signed_in("lead")
    page = asker.get(address(ended, "/1/")).text
    assert "Ask that it be destroyed" in page
    assert "Destroy it" not in page
    assert asker.post(address(ended, "/1/do/ask-disposal"), ASKED).status_code == 302
    assert "asked to be destroyed" in asker.get(address(ended)).text
    own = asker.get(address(ended, "/1/")).text
    assert "Take the question back" in own
    assert "Destroy it" not in own
    assert asker.post(address(ended, "/1/destroy"), AGREED).status_code == 403
    theirs = second.get(address(ended, "/1/")).text
    assert "Destroy it" in theirs
    assert "High Court, order 12 of 2026" in theirs
    assert second.post(address(ended, "/1/destroy"), {"reason": "x"}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        assert second.post(address(ended, "/1/destroy"), AGREED).status_code == 302
    shown = second.get(address(ended, "/1/")).text
    assert "Destroyed, by two people" in shown
    assert "Its bytes left the vault" in shown
    assert "Its end" not in shown
    assert "destroyed" in second.get(address(ended)).text


def test_who_destroys_proves_anew_who_they_are(signed_in, ended, country, settings):
    named = {"ref": ended.reference, "number": 1, "at": clock.now()}
    api.ask_for_disposal(**named, **ASKED, by=country.actor("national"))
    second = signed_in("lead")
    settings.PEHRA_MFA_REQUIRED = True
    session = second.session
    session["account_authentication_methods"] = [
        {**way, "at": way["at"] - 3_600} for way in session["account_authentication_methods"]
    ]
    session.save()
    answer = second.post(address(ended, "/1/destroy"), AGREED)
    assert answer.status_code == 302
    assert "/access/" in answer.url
    assert api.one_evidence(ended.reference, 1, by=country.by).destroyed_at is None


def test_a_hold_is_placed_and_lifted_on_the_page(signed_in, ended):
    browser = signed_in("national")
    assert browser.post(address(ended, "/1/do/hold"), {"reason": "FIA inquiry 7"}).status_code == 302
    shown = browser.get(address(ended, "/1/")).text
    assert "FIA inquiry 7" in shown
    assert "Ask that it be destroyed" not in shown
    refused = browser.post(address(ended, "/1/do/ask-disposal"), ASKED)
    assert (refused.status_code, "held by an order" in refused.text) == (422, True)
    for wrong in ("", "x", "9", "9" * 20):
        assert browser.post(address(ended, "/1/do/lift"), {"hold": wrong, "reason": "ended"}).status_code == 422
    assert browser.post(address(ended, "/1/do/lift"), {"hold": "1", "reason": "it ended"}).status_code == 302
    assert "Ask that it be destroyed" in browser.get(address(ended, "/1/")).text


def test_while_its_incident_lives_the_page_says_when(signed_in, incident, country):
    said = {"ref": incident.reference, "name": "auth.log", "content": LOG, "source": "SOC"}
    api.add_evidence(**said, by=country.by, at=clock.now())
    shown = signed_in("national").get(address(incident, "/1/")).text
    assert "after its incident has ended" in shown
    assert "Ask that it be destroyed" not in shown


@pytest.mark.parametrize(
    "rest", ["/1/give-out", "/1/sealed", "/1/do/check", "/1/do/hand-over", "/1/do/keep", "/1/do/hold", "/1/destroy"]
)
def test_what_is_destroyed_is_answered_as_gone(signed_in, destroyed, rest):
    form = {"reason": "the way in", "password": "x" * 20, "to": "laboratory", "sure": "yes"}
    answer = signed_in("national").post(address(destroyed, rest), form)
    assert answer.status_code == 410
    assert "This file was destroyed; its log is kept." in answer.text


def test_its_log_is_still_read_and_taken(signed_in, destroyed):
    browser = signed_in("national")
    document = browser.get(address(destroyed, "/1/custody.json")).json()
    assert document["destroyed_at"]
    assert document["erased_at"]
    assert [line["act"] for line in document["entries"]][-2:] == ["destroyed", "erased"]


def test_others_see_nothing_of_it(signed_in, ended):
    for who, status in (("hospital", 403), ("telecom", 404), ("nobody", 404)):
        for rest, form in (("/1/do/ask-disposal", ASKED), ("/1/destroy", AGREED), ("/1/do/hold", {"reason": "x"})):
            answer = signed_in(who).post(address(ended, rest), form)
            assert answer.status_code in (403, 404), (who, rest)
            assert who == "nobody" or answer.status_code == status


# For programs


def test_a_program_asks_holds_and_declines_and_never_agrees(program, ended):
    of = f"/incidents/{ended.reference}/evidence/1"
    national, lead = program("national"), program("lead")
    held = national.post(f"{of}/hold", {"reason": "FIA inquiry 7"}).json()
    assert [hold["number"] for hold in held["holds"]] == [1]
    assert national.post(f"{of}/ask-disposal", ASKED).status_code == 422
    assert national.post(f"{of}/lift", {"hold": "1", "reason": "ended"}).status_code == 422
    assert national.post(f"{of}/lift", {"hold": 1, "reason": "ended"}).json()["holds"] == []
    without = national.post(f"{of}/ask-disposal", {"reason": "over"})
    assert (without.status_code, without.json()["errors"][0]["field"]) == (422, "order")
    assert national.post(f"{of}/ask-disposal", ASKED).json()["disposal"]["outcome"] == "asked"
    assert lead.post(f"{of}/decline-disposal", {"reason": "keep it"}).json()["disposal"] is None
    for way in ("destroy", "confirm-disposal"):
        assert lead.post(f"{of}/{way}", AGREED).status_code == 404


def test_programs_are_told_that_it_is_gone(program, destroyed):
    national = program("national")
    of = f"/incidents/{destroyed.reference}/evidence"
    read = national.get(f"{of}/1").json()
    assert read["destroyed_at"]
    assert read["disposal"]["outcome"] == "confirmed"
    answer = national.post(f"{of}/1/check", {})
    assert answer.status_code == 410
    assert (answer.json()["title"], answer.json()["detail"]) == ("Gone", "This file was destroyed; its log is kept.")
    again = {"name": "auth.log", "content": b64encode(LOG).decode(), "source": "SIEM"}
    assert national.post(of, again).json()["number"] == 2
