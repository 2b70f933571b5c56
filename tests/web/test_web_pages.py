"""What every page must be: allowed by its own policy, in two languages, bounded in what it asks of the database."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pehra.access.models import Person
from pehra.incidents import api as incidents
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

LISTS = {
    "/": 16,
    "/incidents/": 9,
    "/findings/": 10,
    "/outbox/": 5,
    "/registry/who?q=198.18.1.7%0A198.18.2.7%0Adeeds.example%0Agarbage": 17,
    "/registry/organisations/": 6,
    "/registry/teams/": 6,
    "/telemetry/": 5,
    "/law/": 4,
    "/ledger/": 7,
}
"""Each list with the most queries it may ask, session and person included. A number only goes down."""
STANDING = 7  # every request: its transaction's begin and end, twice into the second wall and out of it, broken glass


def every_page(country, incident, finding) -> list[str]:
    message = outbox.messages(by=country.by, limit=1)[0]
    entry = ledger.history(subject=incident.reference, by=country.by)[0]
    return [
        *LISTS,
        f"/incidents/{incident.reference}/",
        f"/findings/{finding.id}/",
        f"/outbox/{message.id}/",
        "/registry/organisations/org-0001/",
        "/registry/teams/pkcert/",
        f"/ledger/{entry.id}/",
        "/nothing",
    ]


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_page_stands_under_its_own_policy(country, incident, finding, signed_in, language):
    client = signed_in("national")
    client.cookies["django_language"] = language
    for path in [*every_page(country, incident, finding), "/access/people/"]:
        answer = client.get(path)
        assert answer.status_code == {"/nothing": 404, "/access/people/": 403}.get(path, 200), path
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
        page = answer.content.decode()
        assert not re.search(r"\sstyle=|<style|javascript:|\son[a-z]+=", page), path
        assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", page)), path
        assert f'lang="{language}"' in page
        assert ('dir="rtl"' in page.split("\n")[1]) == (language == "ur")


def test_lists_ask_a_bounded_number_of_questions(country, signed_in):
    client = signed_in("national")
    client.get("/")
    asked = {}
    for path in LISTS:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        asked[path] = len(queries)
    assert {path: number for path, number in asked.items() if number > LISTS[path] + STANDING} == {}, asked


def test_one_incident_says_who_what_is_due_and_why(incident, signed_in):
    page = signed_in("national").get(f"/incidents/{incident.reference}/").content.decode()
    assert incident.title in page.replace("&#x27;", "'")
    for said in ("Who answers for it", "What the law makes due", "Why?", "incident-cii-compromise", "TLP:AMBER"):
        assert said in page
    assert "Take it" in page


def test_an_incident_is_moved_judged_and_timed_by_forms(incident, signed_in):
    client = signed_in("national")
    address = f"/incidents/{incident.reference}/"
    assert client.post(address + "move", {"to": "open"}).status_code == 302
    graver = client.post(address + "severity", {"severity": "critical", "reason": "patients at risk"}, follow=True)
    assert "Written down, and in the ledger." in graver.content.decode()
    occurred = {"name": "occurrence", "moment": "2026-01-02T03:04"}
    assert client.post(address + "moment", occurred).status_code == 302
    known = {"attribute-ransomware": "yes", "impact-users-affected": "1200", "reason": "the note was found"}
    stated = client.post(address + "facts", known, follow=True).content.decode()
    assert '<span class="chip open"><bdi>Ransomware</bdi></span>' in stated
    measured = {"impact-users-affected": "1300", "reason": "counted again"}
    stated = client.post(address + "facts", measured, follow=True).content.decode()
    assert '<span class="chip open"><bdi>Ransomware</bdi></span>' in stated, "what the form does not name stays"
    assert "<dt>Denied</dt>" not in stated, "what nobody denied is not known"
    denied = {"attribute-ransomware": "no", "attribute-campaign": "", "reason": "it was a drill"}
    stated = client.post(address + "facts", denied, follow=True).content.decode()
    assert '<span class="chip open"><bdi>Ransomware</bdi></span>' not in stated
    assert '<dt>Denied</dt><dd><span class="quiet"><bdi>Ransomware</bdi></span></dd>' in stated
    assert '<option value="no" selected>' in stated
    stage = incident.clocks[0]
    sent = client.post(address + "stage-sent", {"duty": stage.duty, "stage": stage.stage}, follow=True)
    assert "Stage sent" in sent.content.decode()


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        ("move", {"to": "closed", "reason": "all <b>done</b>"}),
        ("severity", {"severity": "apocalyptic", "reason": "it is"}),
        ("moment", {"name": "occurrence", "moment": "soon"}),
        ("moment", {"name": "occurrence", "moment": "2999-01-01T00:00"}),
        ("moment", {"name": "occurrence", "moment": "0001-01-01T00:00"}),
        ("facts", {"attribute-ransomware": "yes", "reason": ""}),
        ("facts", {"attribute-ransomware": "witchcraft", "reason": "seen"}),
        ("facts", {"attribute-ransomware": "", "reason": "nothing new"}),
        ("facts", {"attribute-witchcraft": "yes", "reason": "seen"}),
        ("facts", {"impact-users-affected": "many", "reason": "seen"}),
        ("stage-withdrawn", {"duty": "none", "stage": "none", "reason": ""}),
    ],
)
def test_a_refused_form_says_why_and_changes_nothing(incident, signed_in, machine, form, typed):
    client = signed_in("national")
    before = ledger.history(subject=incident.reference, by=machine)
    answer = client.post(f"/incidents/{incident.reference}/{form}", typed)
    page = answer.content.decode()
    assert answer.status_code in (404, 422)
    if answer.status_code == 422:
        assert 'role="alert"' in page
        assert f'name="next" value="/incidents/{incident.reference}/"' in page
    assert "<b>done</b>" not in page
    assert ledger.history(subject=incident.reference, by=machine) == before


def test_who_answers_for_each_line_and_keeps_what_was_typed(signed_in):
    page = signed_in("telecom").get("/registry/who", {"q": "198[.]18[.]2[.]9\n198.18.1.9 nonsense"}).content.decode()
    assert "River Telecom" in page
    assert "Meadow Hospital" not in page
    assert "cannot be read" in page
    assert "198[.]18[.]2[.]9" in page


def test_too_many_lines_are_refused_with_what_to_do_instead(signed_in):
    answer = signed_in("telecom").get("/registry/who", {"q": "\n".join(f"198.18.{n}.1" for n in range(201))})
    assert answer.status_code == 422
    assert "pehra who -" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/incidents/?before=x", "/findings/?before=x", "/findings/?state=odd", "/ledger/?before=1"]
)
def test_an_address_that_makes_no_sense_is_refused(signed_in, path):
    assert signed_in("national").get(path).status_code == 422


def test_lists_are_paged_by_key(country, signed_in):
    client = signed_in("national")
    seen: list[str] = []
    path = "/findings/?state=all"
    while path:
        page = client.get(path).content.decode()
        seen += re.findall(r'/findings/([0-9a-f-]{36})/"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = "/findings/" + following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) > 50


def test_lists_are_given_as_files_that_a_spreadsheet_will_not_run(signed_in):
    client = signed_in("national")
    for path in ("/incidents/export.csv", "/findings/export.csv"):
        answer = client.get(path)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert len(lines) > 1
        assert not [cell for line in lines for cell in line.split(",") if cell.strip('"').startswith(("=", "+", "@"))]


def test_a_proof_is_downloaded_and_names_its_checkpoint(incident, country, signed_in):
    client = signed_in("national")
    entry = ledger.history(subject=incident.reference, by=country.by)[0]
    answer = client.get(f"/ledger/{entry.id}/proof.json")
    assert answer.status_code == 200
    note = client.get("/ledger/checkpoint").content.decode()
    assert note in _texts(json.loads(answer.content))
    assert client.get("/ledger/key").content.decode().strip() == ledger.verifier()


def _texts(document: object) -> list[str]:
    """Every text within a document."""
    if isinstance(document, dict):
        return [text for value in document.values() for text in _texts(value)]
    if isinstance(document, list):
        return [text for value in document for text in _texts(value)]
    return [document] if isinstance(document, str) else []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("target", "lands"),
    [
        ("/incidents/?state=open", "/incidents/?state=open"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("law", "law"),
    ],
)
def test_choices_are_kept_in_cookies_and_lead_back_to_our_own_pages(client: Client, target, lands):
    answer = client.post("/settings/language", {"language": "ur", "next": target})
    assert answer.headers["Location"] == lands
    assert answer.cookies["django_language"].value == "ur"
    assert client.post("/settings/theme", {"theme": "dark", "next": target}).cookies["pehra_theme"].value == "dark"
    page = client.get("/access/sign-in").content.decode()
    assert '<html lang="ur" dir="rtl" data-theme="dark">' in page
    assert "theme" not in client.post("/settings/theme", {"theme": "pink"}).cookies


@pytest.mark.parametrize(
    "path",
    [
        f"{path}?{name}=a%00b"
        for path in ("/incidents/", "/findings/", "/outbox/")
        for name in ("organisation", "search")
    ]
    + [f"/registry/organisations/?{name}=%00" for name in ("sector", "search", "after")],
)
def test_a_nul_is_refused_before_the_database_meets_it(signed_in, path):
    client = signed_in("national")
    assert client.get(path).status_code == 422
    assert client.get("/registry/organisations/%00/").status_code == 404
    assert client.post("/findings/00000000-0000-7000-8000-000000000000/fixed", {"reason": "\0"}).status_code == 422


def test_identifiers_stand_apart_from_the_text_around_them(incident, signed_in):
    client = signed_in("national")
    client.cookies["django_language"] = "ur"
    page = client.get(f"/incidents/{incident.reference}/").content.decode()
    assert f'<bdi class="id" dir="ltr">{incident.reference}</bdi>' in page
    assert f"<bdi>{incident.title}</bdi>" in page


@pytest.mark.parametrize(("who", "status"), [("operator", 200), ("national", 403)])
def test_people_are_seen_by_those_who_give_them_access(signed_in, who, status):
    answer = signed_in(who).get("/access/people/")
    assert answer.status_code == status
    assert ("duty officer" in answer.content.decode()) == (status == 200)


@pytest.mark.parametrize(("who", "lands"), [("operator", "/law/"), ("council", "/law/")])
def test_who_has_no_watch_lands_on_the_first_page_they_may_open(signed_in, who, lands):
    assert signed_in(who).get("/").headers["Location"] == lands


def test_who_has_no_role_is_told_what_to_do(signed_in):
    assert "have no role yet" in signed_in("nobody").get("/").content.decode()


@pytest.mark.parametrize("path", ["/", "/incidents/", "/findings/", "/outbox/", "/registry/organisations/"])
def test_a_page_without_anything_says_what_would_fill_it(country, signed_in, path):
    page = signed_in("hospital").get(path + ("?state=failed" if path == "/outbox/" else "?search=zzz"))
    assert page.status_code == 200
    if path != "/":
        assert 'class="empty"' in page.content.decode()


@pytest.mark.parametrize(
    ("who", "typed", "status"),
    [
        ("lead", {"email": "desk@pkcert.example", "reason": "the contact came by phone"}, 302),
        ("lead", {"email": "no address", "reason": "the contact came by phone"}, 422),
        ("lead", {"email": "desk@pkcert.example", "reason": ""}, 422),
        ("hospital", {"email": "desk@pkcert.example", "reason": "the contact came by phone"}, 403),
        ("punjab", {"email": "desk@pkcert.example", "reason": "the contact came by phone"}, 404),
    ],
)
def test_a_message_held_for_want_of_an_address_is_sent_after_all(country, signed_in, who, typed, status):
    held = outbox.messages(by=country.by, state=outbox.State.HELD, limit=1)[0]
    client = signed_in(who)
    assert client.post(f"/outbox/{held.id}/again", typed).status_code == status
    state = outbox.message(message_id=held.id, by=country.by).state
    assert state is (outbox.State.QUEUED if status == 302 else outbox.State.HELD)


def test_people_are_called_by_their_names_in_the_readers_language(country, signed_in):
    lead = country.people["lead"]
    Person.objects.filter(id=lead).update(name="Farah", name_local="فرح")
    found = incidents.incidents(by=country.by, limit=50).rows
    reference = next(row.reference for row in found if row.lead_team == "pkcert")
    client = signed_in("lead")
    assert client.post(f"/incidents/{reference}/move", {"to": "open"}).status_code == 302
    shown = {}
    for language in ("en", "ur"):
        client.cookies["django_language"] = language
        shown[language] = client.get(f"/incidents/{reference}/").text.split('class="events')[1]
    assert ("Farah" in shown["en"], "فرح" in shown["en"]) == (True, False)
    assert ("Farah" in shown["ur"], "فرح" in shown["ur"]) == (False, True)
    assert "New → Open" in shown["en"]
    assert "نیا ← کھلا" in shown["ur"]
    assert "decided by a person" not in shown["ur"]
