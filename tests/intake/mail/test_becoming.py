"""What becomes of a mail: a report, a reply in its thread, a bounce at its letter, a finding, or nothing; and once."""

import hashlib
import json
from dataclasses import replace

import pytest

from pehra.findings.models import Finding
from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.intake.models import Mail, MailFeed, Report
from pehra.kernel.actors import system
from pehra.kernel.markings import Circle, Tlp
from pehra.kernel.refusals import Fault, Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from tests.intake.mail.letters import bounce, letter
from tests.intake.mail.test_sorting import DMARC, XARF

pytestmark = pytest.mark.usefixtures("country")
MACHINE = system("intake")
SHADOW = b"""\
"timestamp","ip","protocol","port","hostname","tag","asn","geo","region","city","naics","sic","banner"
"2026-11-24 08:00:00","198.18.1.9","tcp",23,,"telnet",64500,"PK","PUNJAB","LAHORE",517311,0,"login:"
"""


@pytest.fixture
def come(mailbox, clock):
    """Let mails come, sort them, and return the row of the last."""

    def arrive(*mails: bytes, **box) -> Mail:
        if not getattr(arrive, "box", None) or box:
            arrive.box = mailbox(**box)
        for raw in mails:
            intake.take_in_mail(content=raw, mailbox="reports", by=MACHINE, at=clock.now())
        intake.sort_mail(by=MACHINE, clock=clock)
        return Mail.objects.get(sha256=hashlib.sha256(mails[-1]).hexdigest())

    return arrive


@pytest.fixture
def our_letter(at):
    """A letter of ours to an organisation's contact; returns its Message-ID."""
    number = outbox.queue(
        kind="findings.notice",
        recipient=outbox.Recipient(name="Desk", email="desk@works.example", language="en", circle=Circle.ORGANISATION),
        subject="Notice PKN-2026-000001",
        body="Please look.",
        tlp=Tlp.AMBER,
        about="PKN-2026-000001",
        lead_team="pkcert",
        organisation="org-0003",
        dedupe_key="tried",
        by=MACHINE,
        at=at,
    )
    return outbox.message(message_id=number, by=MACHINE).message_id


def shut(_paths: object, **_said: object) -> None:
    """A machine road that takes nothing."""
    raise Fault("the road is shut")


def fresh(row: Mail) -> Mail:
    """The row as it stands now."""
    return Mail.objects.get(id=row.id)


class TestAReport:
    def test_has_the_mails_words_files_and_sender(self, come):
        row = come(letter("Hacked: hxxp://evil[.]example/x", files=(("log.txt", "text/plain", b"198.18.1.5 did it"),)))
        report = Report.objects.get(reference=row.report)
        assert (row.state, row.sort, report.channel, report.reporter_email) == (
            "done", "report", "mail", "ayesha@works.example",
        )  # fmt: skip
        assert report.title == "Spam from our server"
        assert [file.name for file in report.files.all()] == ["log.txt"]
        assert "http://evil.example/x" in {one.value for one in report.observables.all()}

    def test_is_the_matter_of_the_mailboxs_team_where_nothing_says_whose(self, come):
        report = Report.objects.get(reference=come(letter("A page looks wrong."), team="punjab-cert").report)
        assert (report.lead_team, report.routed_because["basis"]) == ("punjab-cert", "the team by whose road it came")
        assert "punjab-cert" in report.working_teams

    def test_of_a_letter_that_comes_twice_is_one(self, come):
        first = come(letter())
        again = come(b"Received: from list by mx; Tue, 24 Nov 2026 09:00:00 +0000\r\n" + letter())
        assert (again.same_as_id, again.report) == (first.id, first.report)
        assert Report.objects.count() == 1

    def test_of_a_letter_to_two_teams_is_each_ones_own(self, come):
        raw = letter()
        theirs = come(b"Received: from a by b\r\n" + raw, team="punjab-cert")
        ours = come(raw, team="pkcert")
        assert (ours.same_as, ours.report != theirs.report) == (None, True)

    def test_of_another_letter_under_the_same_message_id_is_another(self, come):
        assert come(letter()).report != come(letter("Something else.")).report

    def test_gets_a_receipt_that_says_nothing_of_what_was_written(self, come):
        row = come(letter("A secret.", subject="My subject"))
        message = Message.objects.get(message_id=row.receipt_id)
        assert (message.recipient_email, message.in_reply_to) == ("ayesha@works.example", row.message_id)
        assert row.report in message.subject
        assert row.sha256 in message.body
        assert "secret" not in message.body
        assert "My subject" not in message.subject + message.body

    def test_is_answered_in_the_language_it_was_written_in(self, come):
        row = come(letter("ہماری ویب سائٹ ہیک ہو گئی ہے۔", subject="ہیک"))
        assert Message.objects.get(message_id=row.receipt_id).language == "ur"

    def test_is_not_answered_where_a_machine_wrote_it_and_says_why(self, come):
        row = come(letter(auto_submitted="auto-generated"))
        assert (row.report != "", row.receipt_id, row.silent) == (True, "", "automatic")

    def test_is_not_answered_and_not_lost_where_no_letter_can_go(self, come):
        row = come(letter(sender="zoë..x@works.example"))
        assert (row.report != "", row.receipt_id, row.silent) == (True, "", "no-address")

    def test_is_answered_five_times_an_hour_at_most(self, come):
        for number in range(7):
            come(letter(f"mail {number}", message_id=f"<{number}@works.example>"))
        assert Mail.objects.exclude(receipt_id="").count() == 5
        assert set(Mail.objects.filter(receipt_id="").values_list("silent", flat=True)) == {"often"}

    def test_grows_by_an_answer_to_its_receipt_and_by_its_senders_next_mail(self, come):
        first = come(letter())
        more = come(letter("And more.", message_id="<m2@works.example>", in_reply_to=first.receipt_id))
        third = come(letter("Third.", message_id="<m3@works.example>", references="<m1@works.example>"))
        assert {first.report, more.report, third.report} == {first.report}
        report = Report.objects.get()
        assert report.submissions.count() == 3

    def test_tells_its_incident_what_an_answer_adds(self, come, analyst, at):
        first = come(letter("It came from 198.18.2.9."))
        opened = intake.open_incident(reference=first.report, by=analyst, at=at)
        come(letter("And 198.18.2.10.", message_id="<m2@works.example>", in_reply_to=first.receipt_id))
        page = incidents.incident(opened.reference, by=MACHINE)
        assert [news.report for news in page.news] == [first.report]
        seen = {one.value for one in incidents.observables(ref=opened.reference, by=MACHINE, at=at)}
        assert {"198.18.2.9", "198.18.2.10"} <= seen

    def test_does_not_grow_by_a_strangers_mail_that_names_its_senders(self, come):
        first = come(letter())
        other = come(
            letter("x", sender="eve@evil.example", message_id="<e@evil.example>", in_reply_to="<m1@works.example>")
        )
        assert other.report not in ("", first.report)

    def test_that_cannot_be_read_is_a_report_that_says_so(self, come):
        row = come(b'From: a@works.example\r\nContent-Type: text/plain; a="' + b'";' * 9_000 + b"\r\n\r\nx")
        report = Report.objects.get(reference=row.report)
        assert (row.sort, row.why) == ("unreadable", "not-parsed")
        assert "too long" in report.problem
        assert not report.is_complete

    def test_carries_the_marking_of_its_subject(self, come):
        row = come(letter(subject="[TLP:RED] for your eyes"))
        assert Report.objects.get(reference=row.report).tlp == "TLP:RED"


class TestAnAnswer:
    def test_stands_in_the_thread_of_its_letter(self, come, our_letter):
        row = come(letter("We fixed it.", sender="desk@works.example", in_reply_to=our_letter))
        assert (row.sort, row.report) == ("reply", "")
        assert row.thread is not None

    def test_to_a_letter_that_is_not_there_is_a_report(self, come, our_letter):
        missing = our_letter.replace(our_letter[1:9], "01900000")
        row = come(letter("We fixed it.", sender="desk@works.example", in_reply_to=missing))
        assert (row.sort, row.thread) == ("reply", None)
        assert row.report

    def test_of_a_machine_is_kept_and_moves_nothing(self, come, our_letter):
        row = come(letter(subject="Automatic reply: away", in_reply_to=our_letter, auto_submitted="auto-replied"))
        assert (row.state, row.sort, row.report, row.thread, row.receipt_id) == ("done", "auto-reply", "", None, "")

    def test_that_the_letter_came_back_is_written_at_the_letter(self, come, our_letter):
        row = come(bounce(our_letter))
        assert row.facts == {"ours": True, "recipients": 1}
        assert Message.objects.get(message_id=our_letter).bounced_at is not None

    def test_that_a_strangers_letter_came_back_moves_nothing(self, come, our_letter):
        row = come(bounce("<other@evil.example>"))
        assert (row.sort, row.facts["ours"], row.report) == ("bounce", False, "")
        assert Message.objects.get(message_id=our_letter).bounced_at is None


class TestAMachinesWord:
    def abuse(self, **changes) -> bytes:
        document = json.dumps(XARF | changes).encode()
        return letter(sender="noc@watch.example", files=(("xarf.json", "application/json", document),))

    def test_of_a_believed_sender_becomes_a_finding_and_a_report(self, come, clock):
        row = come(self.abuse(), believes=("noc@watch.example",))
        assert row.report
        intake.feed_from_mail(by=MACHINE, clock=clock)
        finding = Finding.objects.get()
        assert (finding.subject, finding.type, finding.organisation) == ("198.18.1.7", "brute-force", "org-0001")
        assert MailFeed.objects.get().outcome["findings_new"] == 1

    def test_of_a_stranger_becomes_a_report_alone(self, come, clock):
        row = come(self.abuse(), believes=("noc@other.example",))
        assert Report.objects.get(reference=row.report).type == "brute-force"
        assert not intake.feed_from_mail(by=MACHINE, clock=clock).done
        assert not Finding.objects.exists()

    def test_taken_down_the_road_twice_is_one_finding(self, come, clock):
        row = come(self.abuse(), believes=("noc@watch.example",))
        intake.feed_from_mail(by=MACHINE, clock=clock)
        MailFeed.objects.filter(mail=row).update(state="waiting", due_at=clock.now(), attempts=0)
        assert intake.feed_from_mail(by=MACHINE, clock=clock).done == 1
        assert Finding.objects.get().times == 1

    def test_as_a_feed_goes_down_the_road_for_a_believed_sender_and_to_triage_for_a_stranger(self, come, clock):
        feed = (("2026-11-24-scan_telnet-punjab-asn.csv", "application/octet-stream", SHADOW),)
        row = come(letter(sender="feeds@watch.example", files=feed), believes=("@watch.example",))
        assert (row.sort, row.report) == ("feed", "")
        assert intake.feed_from_mail(by=MACHINE, clock=clock).counts["findings_new"] == 1
        strange = come(letter("again", sender="feeds@evil.example", files=feed, message_id="<e@evil.example>"))
        assert strange.report
        assert not strange.feeds.exists()

    def test_goes_down_the_road_when_it_comes_again_by_a_way_on_which_its_sender_is_believed(self, come):
        raw = self.abuse()
        first = come(raw, believes=("noc@other.example",))
        again = come(b"Received: from a by b\r\n" + raw, believes=("noc@watch.example",))
        third = come(b"Received: from c by b\r\n" + raw)
        assert (again.report, third.report) == (first.report, first.report)
        assert [row.feeds.count() for row in (first, again, third)] == [0, 1, 0]

    def test_that_the_road_refuses_stands_there_and_can_be_tried_again(self, come, clock, analyst, at, settings):
        row = come(self.abuse(), believes=("noc@watch.example",))
        settings.PEHRA_FEEDS_GO_ON_TO = f"{__name__}.shut"
        assert intake.feed_from_mail(by=MACHINE, clock=clock).failed == 1
        assert row.feeds.get().problem == "the road is shut"
        intake.retry_mail(mail_id=row.id, by=analyst, at=at)
        assert row.feeds.get().state == "waiting"

    def test_in_numbers_is_kept_as_numbers(self, come):
        row = come(letter(files=(("r.xml", "text/xml", DMARC),)))
        assert (row.sort, row.report) == ("dmarc", "")
        assert (row.facts["mails"], row.facts["failing"], row.facts["failing_hosts"]) == (7, 7, ["198.18.1.9"])


class TestWhatPeopleDo:
    def test_an_abuse_mail_of_a_person_becomes_findings_by_a_persons_word(self, come, clock, analyst, at):
        row = come(letter("Spam comes from 198.18.1.5 since today."))
        done = intake.make_findings(mail_id=row.id, subjects=["198.18.1.5", ""], type="spam", by=analyst, at=at)
        assert done == 1
        intake.feed_from_mail(by=MACHINE, clock=clock)
        assert (Finding.objects.get().subject, Finding.objects.get().organisation) == ("198.18.1.5", "org-0001")
        assert ledger.history(subject=f"mail:{row.id}", by=MACHINE)[0].event == "intake.mail.made_findings"

    @pytest.mark.parametrize(
        ("subjects", "type"), [(["nonsense here"], "spam"), ([], "spam"), (["198.18.1.5"], "nonsense")]
    )
    def test_findings_of_nothing_are_refused(self, come, analyst, at, subjects, type):
        row = come(letter())
        with pytest.raises(Invalid):
            intake.make_findings(mail_id=row.id, subjects=subjects, type=type, by=analyst, at=at)

    def test_a_mail_that_was_no_report_is_taken_for_one(self, come, clock, analyst, at):
        row = come(letter(subject="Out of office: and hacked"))
        assert (row.sort, row.report) == ("auto-reply", "")
        intake.take_for_report(mail_id=row.id, by=analyst, at=at)
        intake.sort_mail(by=MACHINE, clock=clock)
        assert (fresh(row).sort, fresh(row).why) == ("report", "person")
        assert fresh(row).report
        with pytest.raises(Invalid):
            intake.take_for_report(mail_id=row.id, by=analyst, at=at)

    def test_of_another_teams_mailbox_there_is_nothing_to_see_or_do(self, come, sector_analyst, stranger, at):
        row = come(letter(subject="Out of office"))
        for by in (sector_analyst, stranger):
            assert not intake.mails(by=by).rows
            for act in (intake.retry_mail, intake.take_for_report):
                with pytest.raises(NotVisible):
                    act(mail_id=row.id, by=by, at=at)
            with pytest.raises(NotVisible):
                intake.mail_text(mail_id=row.id, by=by)

    def test_nobody_but_pehra_fetches_sorts_and_feeds(self, analyst, clock):
        for act in (intake.fetch_mail, intake.sort_mail, intake.feed_from_mail):
            with pytest.raises(Forbidden):
                act(by=analyst, clock=clock)


class TestAFlood:
    def test_of_one_sender_waits_for_a_person_and_for_nobody_else(self, come, clock, analyst, at, monkeypatch):
        monkeypatch.setattr("pehra.intake.api.mail.acting.REPORTS_AN_HOUR_MAX", 10)
        flood = [letter(f"n {n}", message_id=f"<{n}@works.example>", sender="bot@works.example") for n in range(25)]
        come(*flood, letter("Help!", message_id="<help@works.example>"))
        assert Mail.objects.filter(state="set-aside").count() == 15
        assert Mail.objects.get(sender_address="ayesha@works.example").report
        assert Mail.objects.filter(state="set-aside").first().problem
        assert intake.retry_sender(address="bot@works.example", by=analyst, at=at) == 15
        intake.sort_mail(by=MACHINE, clock=clock)
        assert not Mail.objects.filter(report="").exists()

    def test_of_a_believed_sender_is_taken_in(self, come, monkeypatch):
        monkeypatch.setattr("pehra.intake.api.mail.acting.REPORTS_AN_HOUR_MAX", 1)
        come(*(letter(f"n {n}", message_id=f"<{n}@works.example>") for n in range(3)), believes=("@works.example",))
        assert not Mail.objects.filter(state="set-aside").exists()

    def test_is_let_in_only_where_one_decides(self, come, analyst, at, monkeypatch):
        monkeypatch.setattr("pehra.intake.api.mail.acting.REPORTS_AN_HOUR_MAX", 0)
        come(letter("ours"), team="pkcert")
        theirs = come(letter("theirs", message_id="<2@works.example>"), team="punjab-cert")
        held = {"intake.read", "intake.triage@team:pkcert"}
        reads_both = replace(analyst, teams=frozenset({"pkcert", "punjab-cert"}), permissions=frozenset(held))
        assert len(intake.mails(by=reads_both).rows) == 2
        assert intake.retry_sender(address="ayesha@works.example", by=reads_both, at=at) == 1
        assert fresh(theirs).state == "set-aside"

    def test_is_sorted_after_everybody_elses_first_mail(self, come, clock, mailbox):
        mailbox()
        flood = [letter(f"n {n}", message_id=f"<{n}@works.example>", sender="bot@works.example") for n in range(20)]
        for raw in [*flood, letter("Help!", message_id="<help@works.example>")]:
            intake.take_in_mail(content=raw, mailbox="reports", by=MACHINE, at=clock.now())
        intake.sort_mail(by=MACHINE, clock=clock, limit=2)
        assert Mail.objects.get(sender_address="ayesha@works.example").report


class TestWhoReadsAMailMayDie:
    def test_and_a_mail_that_kills_its_reader_three_times_is_set_aside(self, come, clock, mailbox, at):
        mailbox()
        intake.take_in_mail(content=letter(), mailbox="reports", by=MACHINE, at=clock.now())
        Mail.objects.update(attempts=3)
        intake.sort_mail(by=MACHINE, clock=clock)
        row = Mail.objects.get()
        assert (row.state, "never finished" in row.problem) == ("set-aside", True)

    def test_and_the_mail_is_read_by_the_next_after_its_lease(self, come, clock, mailbox):
        mailbox()
        intake.take_in_mail(content=letter(), mailbox="reports", by=MACHINE, at=clock.now())
        from pehra.intake.api.mail import sorting

        assert sorting._claim(at=clock.now()) is not None
        assert intake.sort_mail(by=MACHINE, clock=clock).count == 0
        clock.advance(sorting.LEASE)
        assert intake.sort_mail(by=MACHINE, clock=clock).sorts == {"report": 1}
