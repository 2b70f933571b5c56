"""The form that everybody may fill in, over HTTP and through its door: nothing typed is lost, nothing comes twice."""

import gzip
import json
import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pehra.access import api as access
from pehra.intake.api.forms import open as forms
from pehra.intake.api.forms.open import Typed
from pehra.intake.models import OpenDraft, Report, Submission
from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger
from pehra.vault import api as vault

pytestmark = pytest.mark.usefixtures("country")
WHAT = "ہماری فائلیں کھل نہیں رہیں۔ پیسے مانگ رہے ہیں۔ Link: hxxp://pay[.]example/x"


@pytest.fixture
def client(settings) -> Client:
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    return Client()


def secret_in(page) -> str:
    found = re.search(r'name="secret" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def form(**given: object) -> dict[str, object]:
    answers = {"q-what-happened": WHAT, "q-kind": "locked-files"}
    return answers | {"act": "hand-in"} | given


@pytest.mark.parametrize("path", ["/report/", "/report/file", "/report/offline.html"])
def test_a_title_is_text_alone(client, path: str) -> None:
    title = re.search(r"<title>(.*?)</title>", client.get(path).content.decode())
    assert title
    assert title[1].count(" · ") == 1
    assert "<" not in title[1]


def handed_in(client: Client, **given: object):
    secret = secret_in(client.get("/report/"))
    return client.post("/report/", form(secret=secret) | given)


def test_one_answer_without_a_name_is_a_report_with_a_receipt(client):
    answer = client.post("/report/", {"secret": secret_in(client.get("/report/")), "q-what-happened": "x", "act": "y"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/report/receipt/")
    report = Report.objects.get()
    assert (report.channel, report.anonymous, report.reporter_email) == ("form", True, "")
    assert "sessionid" not in client.cookies
    assert "pehra_session" not in client.cookies


def test_the_receipt_says_number_time_and_the_hash_of_the_very_bytes(client):
    receipt = client.get(handed_in(client).headers["Location"])
    report, submission = Report.objects.get(), Submission.objects.get()
    page = receipt.content.decode()
    assert report.reference in page
    assert submission.raw_sha256 in page
    given = client.get(f"{receipt.wsgi_request.path}1/")
    assert sha256(given.content).hexdigest() == submission.raw_sha256
    assert "attachment" in given.headers["Content-Disposition"]
    assert json.loads(given.content)["answers"]["what-happened"] == [WHAT]
    assert vault.read(submission.raw_sha256) == given.content
    entries = ledger.history(subject=report.reference, by=system("test"))
    assert submission.raw_sha256 in json.dumps([dict(entry.facts) for entry in entries])


def test_what_the_answers_say_reaches_the_report(client):
    handed_in(client, **{"q-people": "۴۰", "q-ransom": "yes", "q-sector": "health", "q-place": "punjab"})
    report = Report.objects.get()
    assert (report.taxonomy, report.type, report.attributes) == ("malicious-code", "infected-system", ["ransomware"])
    assert (report.impact, report.sector, report.territory) == ({"users-affected": 40.0}, "health", "punjab")
    assert report.title == "ہماری فائلیں کھل نہیں رہیں"
    assert "pay.example" in " ".join(row.value for row in report.observables.all())


def test_a_wrong_answer_is_said_at_its_place_and_nothing_typed_is_lost(client):
    page = handed_in(client, **{"q-people": "بہت <b>سارے</b>", "name": "زید", "q-others-told": "police"})
    assert page.status_code == 422
    text = page.content.decode()
    assert "Please write a whole number" in text
    assert "بہت &lt;b&gt;سارے&lt;/b&gt;" in text
    assert 'value="زید"' in text
    assert WHAT in text
    assert 'value="locked-files" checked' in text
    assert not Report.objects.exists()
    # Mended on the very page that came back.
    again = client.post("/report/", form(secret=secret_in(page), **{"q-people": "40"}))
    assert again.status_code == 302


def test_a_form_without_its_one_answer_asks_for_it(client):
    page = client.post("/report/", {"secret": secret_in(client.get("/report/")), "act": "hand-in", "q-people": "3"})
    assert page.status_code == 422
    assert "a few words are enough" in page.content.decode()
    assert not Report.objects.exists()


def test_pressed_twice_it_is_one_report_and_the_same_receipt(client):
    secret = secret_in(client.get("/report/"))
    first, second = (client.post("/report/", form(secret=secret)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert (Report.objects.count(), Submission.objects.count()) == (1, 1)


def test_gone_back_and_changed_it_is_more_of_the_same_report(client):
    secret = secret_in(client.get("/report/"))
    first = client.post("/report/", form(secret=secret))
    second = client.post("/report/", form(secret=secret, **{"q-people": "7"}))
    assert first.headers["Location"] == second.headers["Location"]
    assert [row.number for row in Submission.objects.order_by("number")] == [1, 2]
    assert Report.objects.get().impact == {"users-affected": 7.0}


def test_a_draft_is_kept_found_by_link_and_cookie_and_is_no_report(client):
    page = client.post("/report/", form(secret=secret_in(client.get("/report/")), act="keep"))
    link = page.headers["Location"]
    assert link.startswith("/report/draft/")
    assert not Report.objects.exists()
    assert WHAT in Client().get(link).content.decode(), "another device, by the link alone"
    assert client.get("/report/").headers["Location"] == link.partition("?")[0], "this device, by its cookie"
    assert client.cookies["pehra_report"]["samesite"] == "Strict"
    assert client.cookies["pehra_report"]["httponly"]


def test_who_wishes_to_stay_unknown_gets_no_cookie_and_nothing_of_them_is_kept(client):
    secret = secret_in(client.get("/report/"))
    client.post("/report/", form(secret=secret, act="keep", anonymous="yes", name="Zaid"))
    draft = forms.draft(secret=secret, at=clock.now())
    assert draft is not None
    assert draft.reporter == {"anonymous": "yes"}
    assert not client.cookies.get("pehra_report") or not client.cookies["pehra_report"].value
    client.post("/report/", form(secret=secret, anonymous="yes", name="Zaid", email="zaid@home.example"))
    report, submission = Report.objects.get(), Submission.objects.get()
    assert (report.reporter_name, report.reporter_email, report.reporter_phone) == ("", "", "")
    kept = vault.read(submission.raw_sha256).decode()
    assert "Zaid" not in kept
    assert "zaid@home" not in kept


def test_a_form_that_was_handed_in_is_kept_no_more_and_stays_one_report(client):
    secret = secret_in(client.get("/report/"))
    link = client.post("/report/", form(secret=secret)).headers["Location"]
    client.post("/report/", form(secret=secret, act="keep"))
    assert client.get(f"/report/draft/{secret}/").headers["Location"] == link
    assert client.post("/report/", form(secret=secret) | {"q-people": "9"}).headers["Location"] == link
    assert Report.objects.count() == 1


def test_the_table_of_drafts_tells_nothing_to_whoever_reads_it(client):
    page = client.post("/report/", form(secret=secret_in(client.get("/report/")), act="keep", name="Zaid"))
    row = OpenDraft.objects.get()
    secret = page.headers["Location"].split("/")[3]
    assert secret not in row.key
    assert b"Zaid" not in bytes(row.sealed)
    assert forms.draft(secret="x" * len(secret), at=clock.now()) is None
    other = OpenDraft.objects.create(
        key=row.key[::-1], sealed=row.sealed, changed_at=row.changed_at, ends_at=row.ends_at
    )
    assert bytes(other.sealed) == bytes(row.sealed)
    assert forms.draft(secret=secret, at=clock.now()) is not None


def test_a_report_needs_no_cookie_and_sets_none(client):
    bare = Client(enforce_csrf_checks=True)
    answer = handed_in(bare)
    assert answer.status_code == 302
    assert bare.get(answer.headers["Location"]).status_code == 200
    assert bare.post(answer.headers["Location"], {"once": "1", "q-cause": "x", "q-done-so-far": "y"}).status_code == 302
    assert not any(cookie.value for cookie in bare.cookies.values())


def test_another_language_leads_back_to_open_pages_alone(client):
    link = handed_in(client).headers["Location"]
    for back, leads in ((link, link), ("/report/file", "/report/file"), ("//evil.example/report/", "/report/")):
        answer = client.post("/report/language", {"language": "ur", "next": back})
        assert answer.headers["Location"] == leads
    assert b'dir="rtl"' in client.get(link).content
    assert (
        client.post("/report/language", {"language": "xx", "next": "/access/people/"}).headers["Location"] == "/report/"
    )


def test_a_draft_ends_and_can_be_erased(client):
    page = client.post("/report/", form(secret=secret_in(client.get("/report/")), act="keep"))
    secret = page.headers["Location"].split("/")[3]
    later = clock.now() + forms.DRAFT_DAYS + timedelta(minutes=1)
    assert forms.draft(secret=secret, at=later) is None
    assert forms.forget_old_drafts(at=clock.now()) == 0
    assert client.post(f"/report/draft/{secret}/erase").status_code == 302
    assert client.get(f"/report/draft/{secret}/").status_code == 404
    assert not OpenDraft.objects.exists()


@pytest.mark.parametrize("path", ["/report/draft/long-gone/", "/report/receipt/cut-off/"])
def test_a_link_that_opens_nothing_leads_back_to_the_form_and_to_no_page_that_asks_who_one_is(client, path: str):
    answer = client.get(path)
    assert answer.status_code == 404
    links = re.findall(r'<a[^>]* href="([^"]*)"', answer.content.decode())
    assert set(links) <= {"#content", "/report/"}
    assert links.count("/report/") >= 1


def test_old_drafts_are_deleted(client):
    client.post("/report/", form(secret=secret_in(client.get("/report/")), act="keep"))
    assert forms.forget_old_drafts(at=clock.now() + forms.DRAFT_DAYS + timedelta(minutes=1)) == 1


def test_a_draft_that_was_handed_in_leads_to_its_receipt_and_holds_the_words_no_more(client):
    secret = secret_in(client.get("/report/"))
    client.post("/report/", form(secret=secret, act="keep"))
    receipt = client.post("/report/", form(secret=secret)).headers["Location"]
    assert client.get(f"/report/draft/{secret}/").headers["Location"] == receipt
    held = forms.draft(secret=secret, at=clock.now())
    assert held is not None
    assert held.answers == {}


def test_the_link_of_the_receipt_adds_and_a_second_press_adds_once(client):
    link = handed_in(client).headers["Location"]
    once = re.search(r'name="once" value="([^"]+)"', client.get(link).content.decode())
    assert once
    more = {"once": once[1], "q-done-so-far": "Unplugged it."}
    assert client.post(link, more).status_code == 302
    assert client.post(link, more).status_code == 302
    assert [row.number for row in Submission.objects.order_by("number")] == [1, 2]
    report = Report.objects.get()
    assert report.answers["done-so-far"] == "Unplugged it."
    assert report.answers["what-happened"] == WHAT
    page = client.get(link).content.decode()
    assert all(row.raw_sha256 in page for row in Submission.objects.all())


def test_the_same_words_added_to_another_report_are_that_ones(client):
    """A program that fills in the page says one number, or none, every time."""
    for _each in range(2):
        link = handed_in(client).headers["Location"]
        assert client.post(link, {"q-done-so-far": "Unplugged it."}).status_code == 302
    assert [report.submissions.count() for report in Report.objects.all()] == [2, 2]


def test_adding_nothing_is_asked_back_and_a_wrong_answer_stands_as_typed(client):
    link = handed_in(client).headers["Location"]
    nothing = client.post(link, {"once": "a"})
    assert nothing.status_code == 422
    assert "Say in a few words" in nothing.content.decode()
    wrong = client.post(link, {"once": "a", "q-people": "viele"})
    assert wrong.status_code == 422
    assert 'value="viele"' in wrong.content.decode()
    assert Submission.objects.count() == 1


def test_a_receipt_opens_by_its_secret_alone(client):
    link = handed_in(client).headers["Location"]
    assert Client().get(link).status_code == 200
    for other in ("x", "A" * 43, link.split("/")[3][:-1] + "!", Report.objects.get().reference):
        assert Client().get(f"/report/receipt/{other}/").status_code == 404
        assert Client().get(f"/report/receipt/{other}/1/").status_code == 404
    assert Client().get(f"{link}2/").status_code == 404


def test_files_are_kept_hashed_and_never_given_back(client):
    hostile = SimpleUploadedFile("../../\u202egpj.<script>.exe", b"MZ\x00hostile", content_type="image/png")
    link = handed_in(client, files=[hostile]).headers["Location"]
    file = Report.objects.get().files.get()
    assert "/" not in file.name
    assert vault.read(file.sha256) == b"MZ\x00hostile"
    page = client.get(link).content.decode()
    assert file.sha256 in page
    assert "<script>." not in page


def test_too_many_files_lose_nothing_of_the_form(client):
    files = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)]
    page = handed_in(client, files=files)
    assert page.status_code == 422
    assert "At most five files" in page.content.decode()
    assert WHAT in page.content.decode()
    assert not Report.objects.exists()


def test_a_flood_from_one_address_waits_and_loses_nothing(client):
    codes = [handed_in(client, **{"q-what-happened": f"{WHAT} {n}"}).status_code for n in range(12)]
    assert codes[:10] == [302] * 10
    assert codes[10:] == [429, 429]
    page = handed_in(client)
    assert WHAT in page.content.decode()
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    assert handed_in(elsewhere).status_code == 302


def test_a_full_disk_is_said_and_nothing_is_half_received(client, monkeypatch):
    def full(*_content, **_options):
        raise vault.Full("the disk is full: nothing was kept")

    monkeypatch.setattr(vault, "keep", full)
    page = handed_in(client)
    assert page.status_code == 503
    assert "nothing was kept" in page.content.decode()
    assert WHAT in page.content.decode()
    assert not Report.objects.exists()


def test_hostile_text_is_shown_as_text(client):
    bad = "</textarea><script>alert(1)</script>{{ 7|add:7 }}\u202e"
    page = handed_in(client, **{"q-what-happened": bad, "q-people": "x", "name": '"><img src=x onerror=1>'})
    text = page.content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "{{ 7|add:7 }}" in text


def test_a_form_without_its_secret_comes_back_with_another_and_all_that_was_typed(client):
    page = client.post("/report/", form(secret="short"))
    assert page.status_code == 422
    assert WHAT in page.content.decode()
    assert client.post("/report/", form(secret=secret_in(page))).status_code == 302


def test_a_draft_has_a_limit_and_so_has_the_table(client, monkeypatch):
    huge = Typed(answers={f"question-{n}": ("x" * 20_000,) for n in range(20)})
    with pytest.raises(Invalid, match="at most 256"):
        forms.keep_draft(secret=forms.new_secret(), typed=huge, at=clock.now())
    monkeypatch.setattr(forms, "DRAFTS_MAX", 1)
    forms.keep_draft(secret=forms.new_secret(), typed=Typed(), at=clock.now())
    page = client.post("/report/", form(secret=forms.new_secret(), act="keep"))
    assert page.status_code == 422
    assert WHAT in page.content.decode()


def test_whoever_is_signed_in_is_nobody_here(client):
    by, at = system("test"), clock.now()
    person = access.add_person(email="a@b.example", name="A", by=by, at=at)
    token = access.issue_link(person_id=person, by=by, at=at)
    assert client.post(f"/access/link/{token}").status_code == 302
    handed_in(client)
    report, submission = Report.objects.get(), Submission.objects.get()
    assert (report.reported_by, submission.submitted_by) == ("pehra.intake", "pehra.intake")
    assert report.anonymous
    entries = ledger.history(subject=report.reference, by=by)
    assert all(str(person) not in json.dumps([entry.by, dict(entry.facts)]) for entry in entries)


# -- the file


def saved(**inner: object) -> bytes:
    content = json.dumps(
        {
            "form": "public",
            "profile": "pk",
            "version": "2026.1",
            "language": "ur",
            "answers": {"what-happened": [WHAT], "people": ["۱۲"]},
            "reporter": {"name": "زید", "phone": "0300"},
        }
        | inner
    )
    return json.dumps({"pehra-form": 1, "content": content, "sha256": sha256(content.encode()).hexdigest()}).encode()


def carried(client: Client, raw: bytes):
    return client.post("/report/file", {"file": SimpleUploadedFile("report.json", raw)})


def test_a_file_filled_in_offline_is_received_as_it_is(client):
    raw = saved()
    answer = carried(client, raw)
    assert answer.status_code == 302
    report, submission = Report.objects.get(), Submission.objects.get()
    assert (report.channel, report.language, report.reporter_name) == ("offline", "ur", "زید")
    assert submission.raw_sha256 == sha256(raw).hexdigest()
    assert vault.read(submission.raw_sha256) == raw
    assert report.impact == {"users-affected": 12.0}


def test_the_same_file_carried_twice_is_one_report(client):
    first, second = carried(client, saved()), carried(Client(), saved())
    assert first.headers["Location"] == second.headers["Location"]
    assert Report.objects.count() == 1


def test_a_file_that_was_changed_is_refused_whole(client):
    page = carried(client, saved().replace(b"0300", b"0301"))
    assert page.status_code == 422
    assert "changed or damaged" in page.content.decode()
    assert not Report.objects.exists()


def test_a_file_with_wrong_answers_is_shown_with_each_named_and_handed_in_when_mended(client):
    raw = saved(answers={"what-happened": [WHAT], "people": ["many"], "noticed": ["soon"], "gone-question": ["x"]})
    page = carried(client, raw)
    assert page.status_code == 422
    text = page.content.decode()
    assert "Please write a whole number" in text
    assert "Please write day and time" in text
    assert 'value="soon"' in text, "a moment that is none stands as it was typed"
    assert WHAT in text
    assert not Report.objects.exists()
    mended = form(secret=secret_in(page), **{"q-people": "3"})
    assert client.post("/report/", mended).status_code == 302


def test_no_file_and_no_form_at_all(client):
    assert client.post("/report/file").status_code == 422
    assert carried(client, b"%PDF-1.7").status_code == 422
    assert client.get("/report/file").status_code == 200


def test_the_form_as_a_file_needs_nothing_else(client):
    answer = client.get("/report/offline.html")
    text = answer.content.decode()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert not re.search(r'(?:src|href)="(?!https?://testserver/report/|#)[^"]', text), "it fetches nothing"
    assert "csrfmiddlewaretoken" not in text
    assert text.count("<script>") == 1
    assert "&quot;use strict" not in text
    assert '"use strict";' in text
    assert len(answer.content) < 60_000


def test_a_file_without_script_sends_to_a_page_that_shows_it_and_receives_nothing(client):
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/report/from-file", form(name="زید"))
    assert page.status_code == 200
    assert WHAT in page.content.decode()
    assert 'value="زید"' in page.content.decode()
    assert not Report.objects.exists()
    assert strict.post("/report/", form(secret=secret_in(page))).status_code == 302, "a browser without cookies too"


# -- a slow line


def test_the_first_page_is_small_enough_for_a_slow_line(client):
    static = Path(forms.__file__).parents[2] / "static" / "intake"
    page = client.get("/report/", HTTP_ACCEPT_LANGUAGE="ur").content
    assert b'dir="rtl"' in page
    whole = sum(len(gzip.compress(part)) for part in (page, *(f.read_bytes() for f in static.glob("report.*"))))
    assert whole < 14_000, "one window of TCP: half a second of waiting on a line that carries 30 kilobytes a second"
    assert page.count(b'<link rel="stylesheet"') == 1
