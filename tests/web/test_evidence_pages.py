"""Pages of evidence: a file goes in, and comes out only as an encrypted zip, to who works on the incident."""

import io
import re

import pytest
import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile

from pehra.access import api as access
from pehra.incidents import api
from pehra.kernel import clock

LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"
PROGRAM = b"MZ\x90\x00" + bytes(260)


def address(incident, rest: str = "") -> str:
    return f"/incidents/{incident.reference}/evidence{rest}"


def take(browser, incident, content: bytes = LOG, name: str = "auth.log", **differently):
    form = {"file": SimpleUploadedFile(name, content), "source": "the hospital's SOC", "about": "sign-ins"}
    return browser.post(address(incident), form | differently)


def test_a_file_goes_in_and_its_log_is_shown(signed_in, incident):
    browser = signed_in("national")
    assert "No evidence yet" in browser.get(address(incident)).text
    assert take(browser, incident).url == address(incident)
    listed = browser.get(address(incident)).text
    assert "auth.log" in listed
    assert "Kept as E1. SHA-256" in listed
    assert LOG.decode().strip() not in listed
    shown = browser.get(address(incident, "/1/")).text
    assert "Taken in" in shown
    assert "the hospital" in shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": ""}, "from whom or from where"),
        ({"file": ""}, "Choose a file"),
        ({"content": b""}, "Choose a file|is empty"),
        ({"tlp": "TLP:PINK"}, "marking is not known"),
        ({"collected_at": "yesterday"}, "no moment"),
        ({"collected_at": "2999-01-01T00:00"}, "not come yet"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(signed_in, incident, wrong, words):
    answer = take(signed_in("national"), incident, **wrong)
    assert answer.status_code == 422
    assert re.search(words, answer.text)
    assert 'value="sign-ins"' in answer.text


def test_it_leaves_sealed_under_a_password_that_is_shown_once(signed_in, incident):
    browser = signed_in("national")
    take(browser, incident)
    page = browser.post(address(incident, "/1/give-out"), {"reason": "the way in"})
    assert page["Cache-Control"] == "private, no-store"
    (password,) = set(re.findall(r'readonly value="([0-9a-f-]{23})"', page.text))
    form = {"reason": "the way in", "password": password}
    answer = browser.post(address(incident, "/1/sealed"), form)
    assert answer["Content-Disposition"] == f'attachment; filename="{incident.reference}-E1.zip"'
    with pyzipper.AESZipFile(io.BytesIO(answer.content)) as archive:
        archive.setpassword(password.encode())
        assert archive.read("auth.log") == LOG
    shown = browser.get(address(incident, "/1/")).text
    assert "Given out, encrypted" in shown
    assert password not in shown


def test_who_only_reads_gets_no_password(signed_in, incident, country):
    take(signed_in("national"), incident)
    country.people["reader"] = access.add_person(email="a@cast.example", name="A", by=country.by, at=clock.now())
    held = {"role": "auditor", "team": "pkcert", "reason": "reads"}
    access.grant(person_id=country.people["reader"], by=country.by, at=clock.now(), **held)
    browser = signed_in("reader")
    assert browser.get(address(incident, "/1/")).status_code == 200
    answer = browser.post(address(incident, "/1/give-out"), {"reason": "curious"})
    assert answer.status_code == 403
    assert "readonly" not in answer.text


def test_who_did_not_prove_lately_who_they_are_is_asked_first(signed_in, incident, country, settings):
    browser = signed_in("national")
    take(browser, incident)
    settings.PEHRA_MFA_REQUIRED = True
    session = browser.session
    session["account_authentication_methods"] = [
        {**way, "at": way["at"] - 3_600} for way in session["account_authentication_methods"]
    ]
    session.save()
    for rest in ("/1/give-out", "/1/sealed"):
        answer = browser.post(address(incident, rest), {"reason": "the way in", "password": "x" * 20})
        assert answer.status_code == 302
        assert "/access/" in answer.url
    log = api.one_evidence(incident.reference, 1, by=country.by).custody
    assert [line.act for line in log] == ["received"]


def test_what_may_do_harm_is_given_only_to_who_says_that_they_know(signed_in, incident):
    browser = signed_in("national")
    take(browser, incident, PROGRAM, "invoice.pdf")
    assert "quarantine" in browser.get(address(incident, "/1/")).text
    for rest, form in (("/1/give-out", {}), ("/1/sealed", {"password": "x" * 20})):
        refused = browser.post(address(incident, rest), {"reason": "analysis"} | form)
        assert refused.status_code == 422
        assert "may do harm" in refused.text
    assert "double click" in browser.post(address(incident, "/1/give-out"), {"reason": "x", "hostile": "yes"}).text


def test_acts_are_written_down_and_refusals_stand_at_their_form(signed_in, incident):
    browser = signed_in("national")
    take(browser, incident)
    for what, form in (
        ("hand-over", {"to": "Laboratory", "reason": "carrier 7"}),
        ("quarantine", {"reason": "a macro"}),
        ("release", {"reason": "looked at"}),
        ("check", {}),
    ):
        assert browser.post(address(incident, f"/1/do/{what}"), form).status_code == 302, what
    shown = browser.get(address(incident, "/1/")).text
    for words in ("Handed over", "Put into quarantine", "Let out of quarantine", "Compared with its hash", "carrier 7"):
        assert words in shown
    refused = browser.post(address(incident, "/1/do/hand-over"), {"to": "Laboratory", "reason": ""})
    assert refused.status_code == 422
    assert 'value="Laboratory"' in refused.text
    assert browser.post(address(incident, "/1/do/stamp"), {}).status_code == 422
    assert browser.post(address(incident, "/1/do/dance"), {}).status_code == 404
    assert browser.post(address(incident, "/9/do/check"), {}).status_code == 404


def test_the_log_leaves_as_a_file(signed_in, incident):
    browser = signed_in("national")
    take(browser, incident)
    answer = browser.get(address(incident, "/1/custody.json"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.json()["first_wrong"] is None


def test_who_does_not_work_on_it_sees_none_of_it(signed_in, incident):
    take(signed_in("national"), incident)
    hospital = signed_in("hospital")
    listed = hospital.get(address(incident))
    assert listed.status_code == 200
    assert "Not for you to read" in listed.text
    assert "auth.log" not in listed.text
    assert hospital.get(address(incident, "/1/")).status_code == 403
    assert hospital.get(address(incident, "/1/custody.json")).status_code == 403
    assert take(hospital, incident).status_code == 403
    for rest in ("", "/1/", "/1/custody.json"):
        assert signed_in("telecom").get(address(incident, rest)).status_code == 404
