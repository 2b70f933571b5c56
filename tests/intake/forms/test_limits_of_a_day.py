"""What people without an account may hand in within a day: a network that fills disks is stopped, nothing is half."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from pehra.access import api as access
from pehra.access.models import RequestCount
from pehra.intake.models import Report, ReportFile, Submission
from pehra.intake.views import open_forms
from pehra.kernel import clock
from pehra.web import translations
from tests.intake.forms.test_offline_file import INNER, saved
from tests.intake.forms.test_open_form import WHAT, client, handed_in
from tests.intake.mail.conftest import mailbox

__all__ = ["client", "mailbox"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
HERE, LATER_HERE, ELSEWHERE = "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _few(settings, monkeypatch) -> None:
    settings.PEHRA_REPORTS_PER_DAY_ADDRESS = 3
    settings.PEHRA_REPORT_MIB_PER_DAY_ADDRESS = 1
    monkeypatch.setattr(open_forms, "REPORTS_A_MINUTE", 100)


def file_of(size: int, letter: bytes = b"x") -> SimpleUploadedFile:
    return SimpleUploadedFile("a.bin", letter * size)


def test_after_so_many_reports_the_rest_of_the_day_is_refused_and_nothing_typed_is_lost(client):
    for number in range(3):
        assert handed_in(client, **{"q-what-happened": f"{WHAT} {number}"}).status_code == 302
    page = handed_in(client)
    assert page.status_code == 429
    said = page.content.decode()
    assert "This one was not received" in said
    assert "telephone the team, or write to it by mail" in said
    assert WHAT in said
    assert Report.objects.count() == 3


def test_the_refusal_names_where_mail_is_read(client, mailbox):
    mailbox()
    for number in range(4):
        page = handed_in(client, **{"q-what-happened": f"{WHAT} {number}"})
    assert "telephone the team, or write to reports@cert.example." in page.content.decode()
    mailbox(receipts=False)  # one that answers nobody is not where people report
    assert "or write to it by mail" in handed_in(client).content.decode()


def test_it_is_said_in_the_reader_s_language(client):
    translations.compile_all()
    for number in range(3):
        handed_in(client, **{"q-what-happened": f"{WHAT} {number}"})
    client.post("/report/language", {"language": "ur"})
    page = handed_in(client)
    with translation.override("ur"):
        words = translation.gettext("What you typed is still here.")
    assert words != "What you typed is still here."
    assert words in page.content.decode()


def test_another_network_reports_still_and_an_ipv6_network_is_one():
    for number in range(3):
        assert handed_in(Client(REMOTE_ADDR=HERE), **{"q-what-happened": f"{WHAT} {number}"}).status_code == 302
    assert handed_in(Client(REMOTE_ADDR=LATER_HERE)).status_code == 429
    assert handed_in(Client(REMOTE_ADDR=ELSEWHERE)).status_code == 302


def test_what_is_added_and_what_comes_as_a_file_counts_too(client):
    link = handed_in(client).headers["Location"]
    more = {"q-what-happened": "more", "once": "a" * 43}
    assert client.post(link, more).status_code == 302
    offline = {"file": SimpleUploadedFile("r.json", saved(INNER | {"answers": {"what-happened": ["locked"]}}))}
    assert client.post("/report/file", offline).status_code == 302
    assert Submission.objects.count() == 3
    refused = client.post(link, more | {"once": "b" * 43})
    assert refused.status_code == 422
    assert "This one was not received" in refused.content.decode()
    offline = {"file": SimpleUploadedFile("r.json", saved(INNER | {"answers": {"what-happened": ["again"]}}))}
    assert client.post("/report/file", offline).status_code == 429
    assert handed_in(client).status_code == 429
    assert Submission.objects.count() == 3


def test_the_same_press_twice_and_a_mistake_cost_nothing_of_the_day(client):
    secret = open_forms.forms.new_secret()
    for _ in range(5):
        assert handed_in(client, secret=secret).status_code == 302
    for _ in range(5):
        assert handed_in(client, **{"q-what-happened": ""}).status_code == 422
    assert handed_in(client, **{"q-what-happened": "second"}).status_code == 302
    assert Report.objects.count() == 2


def test_files_beyond_the_day_s_bytes_are_refused_whole_and_a_report_without_them_is_taken(client):
    assert handed_in(client, files=[file_of(900_000)]).status_code == 302
    page = handed_in(client, files=[file_of(200_000, b"y")])
    assert page.status_code == 429
    assert "Send it without files: then it is taken." in page.content.decode()
    assert (Report.objects.count(), ReportFile.objects.count()) == (1, 1)
    assert handed_in(client).status_code == 302


def test_one_that_is_too_large_for_a_day_is_refused_at_once(client):
    assert handed_in(client, files=[file_of(2 * MIB)]).status_code == 429
    assert not Report.objects.exists()


def test_the_next_day_begins_anew_and_nothing_of_the_day_before_is_kept(client, monkeypatch):
    for number in range(3):
        handed_in(client, **{"q-what-happened": f"{WHAT} {number}"})
    assert handed_in(client).status_code == 429
    now = clock.now()
    counted = RequestCount.objects.filter(until__gt=now + timedelta(minutes=3))
    for row in counted:
        assert "127.0.0.1" not in row.key
        assert (row.until.hour, row.until.minute, row.until.second) == (0, 1, 0), "no moment within the day is kept"
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1))
    assert handed_in(client).status_code == 302
    access.forget_requests(at=now + timedelta(days=1, minutes=2))
    assert not RequestCount.objects.filter(until__lt=now + timedelta(days=1)).exists()


def test_asking_counts_nothing(at):
    for _ in range(3):
        assert access.count_requests(key="k", number=0, at=at, window=access.DAY) == 0
    assert access.count_requests(key="k", number=5, at=at, window=access.DAY) == 5
    assert access.count_requests(key="k", number=0, at=at + timedelta(days=1), window=access.DAY) == 0
    assert access.count_requests(key="k", number=1, at=at) == 1, "a minute's count is another"
