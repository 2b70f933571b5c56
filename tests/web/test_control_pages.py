"""Pages of assessments: the form that loses nothing, evidence that does nothing, the review, who opens which."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pehra.access import api as access
from pehra.kernel import clock
from pehra.registry import api

PDF = b"%PDF-1.7\ntrailer << /Root 1 0 R >>\n%%EOF"
HOME = "/registry/organisations/org-0003/controls/"


@pytest.fixture
def cast(country):
    """An admin of the Registry of Deeds, its team's two leads, and an analyst there."""
    for who, granted in {
        "deeds": {"role": "organisation-admin", "organisation": "org-0003"},
        "clerk": {"role": "organisation-contact", "organisation": "org-0003"},
        "punjab-lead": {"role": "team-lead", "team": "punjab-cert"},
        "punjab-analyst": {"role": "analyst", "team": "punjab-cert"},
    }.items():
        person = access.add_person(email=f"{who}@cast.example", name=who.title(), by=country.by, at=clock.now())
        access.grant(person_id=person, reason="cast", by=country.by, at=clock.now(), **granted)
        country.people[who] = person
    return country


@pytest.fixture
def opened(cast, signed_in) -> tuple[Client, str]:
    """A browser of the admin, and the address of the assessment they opened."""
    browser = signed_in("deeds")
    page = browser.get(HOME)
    assert "Begin an assessment" in page.text
    answer = browser.post(f"{HOME}open")
    assert answer.status_code == 302
    return browser, answer.headers["Location"].partition("answer/")[0]


def whole(browser: Client, address: str, **given: str) -> None:
    """Answer every theme by its form."""
    for theme in themes(browser, address):
        page = browser.get(f"{address}answer/{theme}").text
        controls = re.findall(r'id="c-([a-z-]+)"', page)
        form = {f"reply-{code}": given.get(code, "yes") for code in controls}
        form |= {f"note-{code}": "so it is" for code in controls}
        form |= {f"reference-{code}": "register 7" for code in controls}
        assert browser.post(f"{address}answer/{theme}", form).status_code == 302


def themes(browser: Client, address: str) -> list[str]:
    page = browser.get(f"{address}answer/mfa").text
    return re.findall(r'<button name="go" value="([a-z-]+)"', page)[:7]


def test_the_whole_way_by_pages(opened, signed_in):
    browser, address = opened
    whole(browser, address, **{"leaver-same-day": "no"})
    assert "All is answered" in browser.get(address).text
    assert browser.post(f"{address}submit").status_code == 302
    assert browser.get(f"{address}answer/mfa").status_code == 302
    lead = signed_in("punjab-lead")
    assert "This waits for your review" in lead.get(address).text
    assert "Registry of Deeds" in lead.get("/registry/controls/?view=waiting").text
    form = {"verdict-mfa-staff": "disputed", "note-mfa-staff": "forty without", "note": "", "decision": "return"}
    refused = lead.post(f"{address}review", form)
    assert refused.status_code == 422
    assert "forty without" in refused.text
    assert lead.post(f"{address}review", form | {"note": "one thing"}).status_code == 302
    assert "forty without" in browser.get(f"{address}answer/mfa").text
    assert browser.post(f"{address}submit").status_code == 302
    assert lead.post(f"{address}review", {"decision": "agree"}).status_code == 302
    page = browser.get("/registry/organisations/org-0003/").text
    assert "1 critical control missing" in page
    assert '<svg class="trend"' in page
    assert "1 critical control missing" in lead.get("/registry/controls/").text


def test_every_button_saves_and_leads_on(opened):
    browser, address = opened
    sent = {"reply-mfa-staff": "partly", "note-mfa-staff": "سب نہیں", "go": "logging"}
    moved = browser.post(f"{address}answer/mfa", sent)
    assert moved.headers["Location"] == f"{address}answer/logging"
    page = browser.get(f"{address}answer/mfa").text
    assert "سب نہیں" in page
    assert browser.post(f"{address}answer/mfa", {"go": "whole"}).headers["Location"] == address
    # A form that says nothing of a control leaves it as it is.
    assert "سب نہیں" in browser.get(f"{address}answer/mfa").text


def test_what_cannot_be_kept_is_shown_again_as_it_was_typed(opened):
    browser, address = opened
    long = "x" * 4_001
    page = browser.post(f"{address}answer/mfa", {"note-mfa-staff": long, "note-mfa-internet": "half a sentence"})
    assert page.status_code == 422
    assert "half a sentence" in page.text
    assert long in page.text
    assert browser.post(f"{address}answer/mfa", {"reply-mfa-staff": "perhaps"}).status_code == 422


def test_two_browsers_see_each_other(opened, signed_in):
    browser, address = opened
    other = signed_in("clerk")
    seen = re.search(r'name="seen-mfa-staff" value="(\d+)"', browser.get(f"{address}answer/mfa").text)[1]
    first = {"reply-mfa-staff": "yes", "note-mfa-staff": "of the clerk", "seen-mfa-staff": seen}
    assert other.post(f"{address}answer/mfa", first).status_code == 302
    second = {"reply-mfa-staff": "no", "note-mfa-staff": "of the admin", "seen-mfa-staff": seen}
    page = browser.post(f"{address}answer/mfa", second)
    assert page.status_code == 409
    assert "of the clerk" in page.text
    assert "of the admin" in page.text
    seen = re.search(r'name="seen-mfa-staff" value="(\d+)"', page.text)[1]
    assert browser.post(f"{address}answer/mfa", second | {"seen-mfa-staff": seen}).status_code == 302


def _upload(browser: Client, address: str, name: str, content: bytes, **form: str):
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return browser.post(f"{address}answer/mfa", {"evidence-mfa-staff": file} | form)


def test_evidence_comes_and_goes_by_the_form(opened):
    browser, address = opened
    assert _upload(browser, address, "../list<b>.html", PDF).status_code == 302
    page = browser.get(f"{address}answer/mfa").text
    link = re.search(r'href="([^"]+/evidence/[^"]+)"', page)[1]
    given = browser.get(link)
    assert given.content == PDF
    assert given.headers["Content-Type"] == "application/octet-stream"
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["Content-Disposition"] == 'attachment; filename="list_b_.html.pdf"'
    assert "sandbox" in given.headers["Content-Security-Policy"]
    assert given.headers["Cache-Control"] == "private, no-store"
    taken = browser.post(f"{address}answer/mfa", {"remove": link.rpartition("/")[2], "note-mfa-staff": "typed too"})
    assert taken.status_code == 302
    assert browser.get(link).status_code == 404
    assert "typed too" in browser.get(f"{address}answer/mfa").text
    for nonsense in ("x", "00000000-0000-7000-8000-000000000000"):
        assert browser.post(f"{address}answer/mfa", {"remove": nonsense}).status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"<script>alert(1)</script>", b"PK\x03\x04", b"", b"MZ\x90", PDF + b"/JavaScript", b"\x00" * 64],
    ids=["markup", "archive", "empty", "program", "active", "nothing"],
)
def test_hostile_files_are_refused_and_what_was_typed_stays(opened, content):
    browser, address = opened
    refused = _upload(browser, address, "proof.pdf", content, **{"note-mfa-staff": "typed beside it"})
    assert refused.status_code == 422
    assert "typed beside it" in refused.text
    assert "proof.pdf" in refused.text
    page = browser.get(f"{address}answer/mfa").text
    assert "typed beside it" in page
    assert "/evidence/" not in page


def test_who_opens_which_page(opened, signed_in):
    _browser, address = opened
    pages = (HOME, address, f"{address}review", "/registry/controls/")
    seen = {
        who: [signed_in(who).get(page).status_code for page in pages]
        for who in ("clerk", "punjab-lead", "punjab-analyst", "national", "telecom", "hospital", "council", "nobody")
    }
    assert seen == {
        "clerk": [200, 200, 403, 200],
        "punjab-lead": [200, 200, 403, 200],
        "punjab-analyst": [200, 200, 403, 200],
        "national": [200, 200, 403, 200],
        "telecom": [404, 404, 404, 200],
        "hospital": [404, 404, 404, 200],
        "council": [403, 403, 403, 403],
        "nobody": [403, 403, 403, 403],
    }
    analyst = signed_in("punjab-analyst")
    assert "Still being written" in analyst.get(address).text
    assert analyst.get(f"{address}answer/mfa").status_code == 302
    assert analyst.get(f"{address}export.json").status_code == 403
    assert analyst.post(f"{address}answer/mfa", {"reply-mfa-staff": "yes"}).status_code == 403
    assert analyst.post(f"{address}submit").status_code == 403
    assert analyst.post(f"{HOME}open").status_code == 403
    for who in ("telecom", "hospital"):
        for page in (f"{address}submit", f"{address}answer/mfa", f"{address}review", f"{HOME}open"):
            assert signed_in(who).post(page).status_code == 404, (who, page)
    # One organisation's address does not open another's assessment.
    elsewhere = address.replace("org-0003", "org-0001")
    assert signed_in("national").get(elsewhere).status_code == 404


def test_an_export_is_a_table_no_spreadsheet_runs(opened):
    browser, address = opened
    browser.post(f"{address}answer/mfa", {"reply-mfa-staff": "no", "note-mfa-staff": '=cmd|"/C calc"!A0'})
    table = browser.get(f"{address}export.csv")
    assert table.headers["Content-Disposition"].startswith("attachment")
    assert "\"'=cmd|" in table.text
    document = json.loads(browser.get(f"{address}export.json").text)
    assert document["organisation"] == "org-0003"
    assert len(document["answers"]) == document["total"]
    assert browser.get(f"{address}export.exe").status_code == 404


def test_empty_states_and_nonsense(cast, signed_in):
    browser = signed_in("deeds")
    assert "No assessment yet" in browser.get(HOME).text
    assert "Never assessed" in browser.get("/registry/organisations/org-0003/").text
    lead = signed_in("punjab-lead")
    assert "No organisation stands here" in lead.get("/registry/controls/?view=waiting").text
    for query, status in (("view=best", 422), ("page=x", 422), ("page=0", 200), ("view=all&page=9999", 200)):
        assert lead.get(f"/registry/controls/?{query}").status_code == status, query
    browser.post(f"{HOME}open")
    assert browser.post(f"{HOME}open").status_code == 422
    one = api.controls_standing("org-0003", by=cast.actor("deeds"), at=clock.now()).unfinished
    assert browser.get(f"{HOME}{one.id}/answer/nothing").status_code == 404
    assert browser.post(f"{HOME}{one.id}/submit").status_code == 422
