"""The page behind a letter's one-time link: open to whoever has it, for that letter alone, and by a press alone."""

from datetime import timedelta

import pytest
from django.test import Client

from pehra.findings import api as findings
from pehra.kernel import clock
from pehra.outbox import api as outbox
from pehra.threads.models import Answer, Thread
from tests.threads.conftest import token_of


@pytest.fixture
def notice(country):
    (row,) = [row for row in outbox.messages(by=country.by, organisation="org-0002") if row.kind == "findings.notice"]
    return row


@pytest.fixture
def link(notice) -> str:
    return f"/answer/{token_of(notice.id)}"


def said(choice: str, **more: str) -> dict[str, str]:
    return {"choice": choice, "note": "", "seen": "0"} | more


def test_opening_it_by_whatever_opens_links_answers_nothing(link, notice):
    for method in ("get", "head", "options"):
        getattr(Client(), method)(link)
    assert Client().post(link).status_code == 405
    assert Client().get(f"{link}/say").status_code == 405
    assert not Answer.objects.exists()
    assert not Thread.objects.exists()


def test_it_shows_what_the_letter_said_and_is_kept_by_nobody(link, notice):
    answer = Client().get(link)
    assert answer.status_code == 200
    assert notice.about in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "198.18." not in answer.content.decode()


def test_a_press_answers_and_leads_back_to_what_stands(link, country):
    answer = Client().post(f"{link}/say", said("fixed", note="Reinstalled both"), follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Your answer has arrived" in text
    assert "Reinstalled both" in text
    rows = findings.findings(
        by=country.by, filters=findings.Filters(organisation="org-0002", state=findings.State.FIXED)
    )
    assert rows


def test_a_press_from_elsewhere_needs_the_forms_own_secret(link):
    assert Client(enforce_csrf_checks=True).post(f"{link}/say", said("fixed")).status_code == 403
    assert not Answer.objects.exists()


def test_what_cannot_be_taken_keeps_what_was_typed_and_says_where(link):
    answer = Client().post(f"{link}/say", said("", note="half a thought"))
    assert answer.status_code == 422
    assert "half a thought" in answer.content.decode()
    answer = Client().post(f"{link}/say", said("false-positive"))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert 'value="false-positive" required checked' in answer.content.decode()


def test_hostile_words_are_words(link):
    words = "<script>alert(1)</script>\u202e"
    text = Client().post(f"{link}/say", said("need-help", note=words), follow=True).content.decode()
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("token", ["x", "a" * 50, "%00", "a" * 500, "../law/"])
def test_what_is_no_link_of_ours_is_a_page_that_says_so(country, token):
    for answer in (Client().get(f"/answer/{token}"), Client().post(f"/answer/{token}/say", said("fixed"))):
        assert answer.status_code == 404


def test_an_expired_link_says_what_to_do_instead(link, monkeypatch):
    late = clock.now() + outbox.ANSWER_VALID + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    answer = Client().get(link)
    assert answer.status_code == 410
    assert "answer the mail itself" in answer.content.decode()
    assert Client().post(f"{link}/say", said("fixed")).status_code == 422
    assert not Answer.objects.exists()


def test_it_speaks_the_letters_language_until_its_reader_chooses(country):
    (row,) = [row for row in outbox.messages(by=country.by, organisation="org-0001") if row.kind == "findings.notice"]
    link = f"/answer/{token_of(row.id)}"
    assert 'lang="ur" dir="rtl"' in Client().get(link).content.decode()
    browser = Client()
    browser.post("/settings/language", {"language": "en", "next": link})
    assert 'lang="en" dir="ltr"' in browser.get(link).content.decode()


def test_the_teams_page_names_no_link(link, notice, signed_in):
    page = signed_in("telecom").get(f"/outbox/{notice.id}/").content.decode()
    assert notice.about in page
    assert link.rpartition("/")[2] not in page
    assert "&lt;&lt;answer-link" not in page
