"""The pages and commands of mail: what each was sorted as and why, what was set aside, and what may be done with it."""

import hashlib
import json

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse

from pehra.access import api as access
from pehra.intake import api as intake
from pehra.intake.commands import commands
from pehra.intake.models import Mail, MailFeed
from pehra.kernel import clock as clocks
from pehra.kernel.actors import system
from pehra.web import translations
from tests.intake.mail.letters import letter
from tests.intake.mail.test_documents_by_mail import several

pytestmark = pytest.mark.usefixtures("country")
MACHINE = system("intake")
HTML = b"""From: Eve <eve@evil.example>
To: reports@cert.example
Subject: <script>alert(1)</script> \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85
Message-ID: <h@evil.example>
Date: Tue, 24 Nov 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p>Hello</p><script>steal()</script><img src="http://evil.example/seen.png"><a href="http://evil.example/in">here</a>
&lt;img src=x onerror=alert(1)&gt;
"""


@pytest.fixture(autouse=True)
def _pages(settings, tmp_path) -> None:
    """Pages as they lie, in Urdu as it is written now."""
    translations.compile_all()
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": static}
    settings.WHITENOISE_USE_FINDERS = True
    settings.STATIC_ROOT = tmp_path
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def come(mailbox, clock):
    """Let a mail come and be sorted."""
    mailbox()

    def arrive(raw: bytes) -> Mail:
        intake.take_in_mail(content=raw, mailbox="reports", by=MACHINE, at=clock.now())
        intake.sort_mail(by=MACHINE, clock=clock)
        return Mail.objects.get(sha256=hashlib.sha256(raw).hexdigest())

    return arrive


@pytest.fixture
def browser():
    """A browser signed in as somebody with a role in a team."""

    def signed_in(role: str = "duty-officer", team: str = "pkcert") -> Client:
        at = clocks.now()
        person = access.add_person(email=f"{role}@{team}.example", name="Somebody", by=MACHINE, at=at)
        access.grant(person_id=person, role=role, team=team, reason="tried", by=MACHINE, at=at)
        client = Client()
        token = access.issue_link(person_id=person, by=MACHINE, at=at)
        assert client.post(f"/access/link/{token}").status_code == 302
        return client

    return signed_in


def test_a_mail_that_tells_of_several_incidents_leads_to_each_report(come, browser):
    row = come(letter(files=(("x.json", "application/json", several(2)),)))
    page = browser().get(f"/intake/mail/{row.id}/").content.decode()
    assert len(row.facts["reports"]) == 2
    assert all(f'href="{reverse("intake:one", args=[report])}"' in page for report in row.facts["reports"])
    assert "a file in it tells of incidents (IODEF or STIX)" in page


def test_a_mail_stands_in_the_list_with_its_kind_and_reason(come, browser):
    row = come(letter())
    page = browser().get("/intake/mail/").content.decode()
    assert f"/intake/mail/{row.id}/" in page
    assert "it is nothing else that is known" in page
    assert row.report in page


def test_a_hostile_mail_is_shown_as_text(come, browser):
    row = come(HTML)
    page = browser().get(f"/intake/mail/{row.id}/").content.decode()
    assert "Hello" in page
    assert "steal()" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "<img" not in page
    assert 'href="http://evil' not in page
    assert "http://evil.example/in" in page


def test_the_filters_find_by_kind_state_and_sender(come, browser):
    come(letter())
    away = come(letter(subject="Out of office", message_id="<a@works.example>", sender="away@works.example"))
    client = browser()
    for query in ("sort=auto-reply", "words=away@works", "words=office"):
        page = client.get(f"/intake/mail/?{query}").content.decode()
        assert f"/intake/mail/{away.id}/" in page
        assert "Spam from our server" not in page
    assert "No mail fits this filter" in client.get("/intake/mail/?state=set-aside").content.decode()
    assert client.get("/intake/mail/?sort=nonsense").status_code in (400, 422)


def test_a_person_takes_a_mail_for_a_report(come, browser, clock):
    row = come(letter(subject="Out of office"))
    client = browser()
    assert "Take it for a report" in client.get(f"/intake/mail/{row.id}/").content.decode()
    answer = client.post(f"/intake/mail/{row.id}/take", follow=True)
    assert "in a moment" in answer.content.decode()
    clock.moment = clocks.now()
    intake.sort_mail(by=MACHINE, clock=clock)
    assert Mail.objects.get(id=row.id).report
    again = client.post(f"/intake/mail/{row.id}/take")
    assert again.status_code == 422
    assert "already" in again.content.decode()


def test_a_mail_set_aside_is_seen_and_sorted_again(come, browser, clock):
    row = come(letter(x_loop="reports@cert.example"))
    client = browser()
    page = client.get("/intake/mail/?state=set-aside").content.decode()
    assert "the mail goes in a circle" in page
    one = client.get(f"/intake/mail/{row.id}/").content.decode()
    assert "Sort it again" in one
    assert "Let in all of this sender" in one
    client.post("/intake/mail/let-in", {"sender": row.sender_address})
    clock.moment = clocks.now()
    intake.sort_mail(by=MACHINE, clock=clock)
    assert Mail.objects.get(id=row.id).report


def test_findings_are_made_of_named_addresses_and_what_was_typed_is_kept(come, browser):
    row = come(letter())
    client = browser()
    wrong = client.post(f"/intake/mail/{row.id}/findings", {"subjects": "198.18.1.5 no/thing", "type": "spam"})
    assert wrong.status_code == 422
    assert "198.18.1.5 no/thing" in wrong.content.decode()
    right = client.post(f"/intake/mail/{row.id}/findings", {"subjects": "198.18.1.5", "type": "spam"}, follow=True)
    assert "on its way to the findings" in right.content.decode()
    assert MailFeed.objects.get(mail=row).state == "waiting"


def test_whom_it_does_not_concern_sees_no_mail_and_who_only_reads_decides_nothing(come, browser):
    row = come(letter(subject="Out of office"))
    other = browser(team="ntcert")
    assert f"{row.id}" not in other.get("/intake/mail/").content.decode()
    assert other.get(f"/intake/mail/{row.id}/").status_code == 404
    assert other.post(f"/intake/mail/{row.id}/take").status_code == 404
    reader = browser(role="analyst")
    page = reader.get(f"/intake/mail/{row.id}/").content.decode()
    assert "Take it for a report" not in page
    assert reader.post(f"/intake/mail/{row.id}/take").status_code == 403


def test_the_pages_speak_urdu(come, browser):
    row = come(letter())
    client = browser()
    client.cookies["django_language"] = "ur"
    for address in ("/intake/mail/", f"/intake/mail/{row.id}/"):
        page = client.get(address).content.decode()
        assert 'dir="rtl"' in page
        assert "یہ کسی اور معلوم قسم کی نہیں" in page


@pytest.mark.enable_socket
def test_a_mailbox_that_cannot_be_read_is_said_at_the_top(come, browser, clock):
    assert "127.0.0.1:1 cannot be reached" in intake.fetch_mail(by=MACHINE, clock=clock)[0].problem
    page = browser().get("/intake/mail/").content.decode()
    assert "A mailbox cannot be read:" in page
    assert "never read" in page


class TestCommands:
    def run(self, *words: str, code: int = 0) -> str:
        """Run a command and return what it says."""
        result = CliRunner().invoke(commands, ["mail", *words])
        assert result.exit_code == code, result.output
        return result.output

    def test_list_and_show(self, come):
        row = come(letter())
        listed = json.loads(self.run("list", "--json"))
        assert [one["id"] for one in listed["rows"]] == [str(row.id)]
        assert "report (nothing-else)" in self.run("list", "--sort", "report")
        assert "No mail." in self.run("list", "--state", "set-aside")
        assert "sends spam" in self.run("show", str(row.id), "--text")
        assert json.loads(self.run("show", str(row.id), "--json"))["report"] == row.report

    @pytest.mark.enable_socket
    def test_take_fetch_retry_and_mailboxes(self, mailbox, tmp_path):
        mailbox()
        file = tmp_path / "one.eml"
        file.write_bytes(letter(x_loop="reports@cert.example"))
        assert "1 new, 0 known" in self.run("take", str(file), "--mailbox", "reports")
        assert "0 new, 1 known" in self.run("take", str(file), "--mailbox", "reports")
        assert "cannot be reached" in self.run("fetch", code=1)
        assert "reports" in self.run("mailboxes", code=1)
        row = Mail.objects.get()
        assert row.state == "set-aside"
        self.run("retry", str(row.id))
        assert Mail.objects.get().state == "waiting"
