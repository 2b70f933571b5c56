"""IODEF and STIX that come by mail: a report for each incident, by content alone, at the word of whoever sent them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format
from pehra.intake import api as intake
from pehra.intake.api.mail import documents
from pehra.intake.models import Mail, Report
from pehra.intake.rules.mail import letters
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden
from pehra.outbox.models import Message
from pehra.vault import api as vault
from tests.incidents.exchange.test_iodef import BOMB, DEEP, FILE
from tests.intake.documents.test_documents import told
from tests.intake.mail.letters import letter
from tests.intake.mail.test_becoming import MACHINE, come

__all__ = ["come"]
pytestmark = pytest.mark.usefixtures("country")
CERT = "Foreign team <cert@csirt.example>"


def written(format: Format = Format.STIX, **said: Any) -> bytes:
    return exchange.written(told(**said), format)


def several(count: int) -> bytes:
    """One bundle that tells of so many incidents."""
    bundles = [json.loads(written(reference=str(number), title=f"Matter {number}")) for number in range(count)]
    bundles[0]["objects"] = [each for bundle in bundles for each in bundle["objects"]]
    return json.dumps(bundles[0]).encode()


def mail(
    *files: bytes, name: str = "x.bin", kind: str = "application/octet-stream", text: str = "Please look.", **more: Any
) -> bytes:
    named = tuple((f"{number}-{name}", kind, content) for number, content in enumerate(files))
    return letter(text, **({"sender": CERT, "subject": "For you"} | more), files=named)


def report_of(row: Mail) -> Report:
    return Report.objects.get(reference=row.report)


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("kind", ["application/octet-stream", "application/xml", "application/json", "text/plain"])
def test_what_a_file_says_is_the_report_whatever_the_file_is_called(come, format, kind):
    raw = written(format)
    row = come(mail(raw, kind=kind))
    report = report_of(row)
    assert (row.sort, row.why, row.detail) == ("report", "incident-document", f"{format.value} 0-x.bin")
    assert (report.title, report.taxonomy, report.type) == ("Phishing of bank customers", "fraud", "phishing")
    assert (report.impact, report.sector, report.attributes) == (
        {"users-affected": 12},
        "banking-finance",
        ["ransomware"],
    )
    assert "198.18.2.9" in {seen.value for seen in report.observables.all()}
    assert (report.answers["number"], report.answers["mail.text"]) == ("4711", "Please look.")
    assert (report.channel, report.state) == ("mail", "received")


def test_the_mail_is_kept_as_it_came_with_its_file(come):
    raw = mail(document := written())
    submission = report_of(come(raw)).submissions.get()
    assert (vault.read(submission.raw_sha256), submission.media_type) == (raw, "message/rfc822")
    assert [vault.read(file.sha256) for file in submission.files.all()] == [document]


def test_who_sent_the_mail_reports_and_the_document_s_word_makes_nobody_known(come):
    row = come(mail(written(), sender="Eve <eve@evil.example>"))
    report = report_of(row)
    assert (report.reporter_email, report.reporter_name, report.reporter_verified) == ("eve@evil.example", "Eve", False)
    assert "Foreign team" in report.answers["parties"]
    (receipt,) = Message.objects.filter(message_id=row.receipt_id)
    assert receipt.recipient_email == "eve@evil.example"


def test_the_stricter_mark_of_document_and_subject_counts(come):
    assert report_of(come(mail(written(), subject="[TLP:RED] For you"))).tlp == Tlp.RED
    assert report_of(come(mail(written(tlp=Tlp.RED), subject="[TLP:CLEAR] Again", message_id="<2@a>"))).tlp == Tlp.RED


class TestSeveral:
    def test_are_a_report_each_and_one_receipt_names_them_all(self, come):
        row = come(mail(several(3)))
        reports = list(Report.objects.order_by("reference"))
        assert sorted(report.title for report in reports) == ["Matter 0", "Matter 1", "Matter 2"]
        assert {report.submissions.get().raw_sha256 for report in reports} == {row.sha256}
        assert row.facts["reports"] == [report.reference for report in reports]
        (receipt,) = Message.objects.filter(kind="intake.receipt")
        assert all(report.reference in receipt.body for report in reports)

    def test_in_several_files_as_well(self, come):
        come(mail(written(reference="1"), b"a log", written(Format.IODEF_XML, reference="2")))
        assert sorted(report.answers["number"] for report in Report.objects.all()) == ["1", "2"]

    def test_of_which_somebody_sees_one_are_taken_out_by_who_sees_all(self, come, analyst, provincial_analyst, at):
        come(mail(several(2)))
        one, other = Report.objects.all()
        for report, team in ((one, "punjab-cert"), (other, "ntcert")):
            Report.objects.filter(id=report.id).update(teams=["pkcert", team], working_teams=["pkcert", team])
        with pytest.raises(Forbidden, match="other teams"):
            intake.give_out(reference=one.reference, number=1, by=provincial_analyst, at=at)
        assert intake.give_out(reference=one.reference, number=1, by=analyst, at=at).content

    def test_that_are_too_many_stay_a_file_of_one_report_which_says_so(self, come):
        row = come(mail(raw := several(documents.INCIDENTS_MAX + 1)))
        report = report_of(row)
        assert (Report.objects.count(), report.title, row.why) == (1, "For you", "nothing-else")
        assert "21 incidents, and by mail at most 20" in row.detail
        assert "at most 20" in report.answers["mail.document"]
        assert [vault.read(file.sha256) for file in report.files.all()] == [raw]


class TestMoreOfOne:
    def test_is_another_report_where_anybody_may_have_sent_it(self, come):
        first = come(mail(written()))
        second = come(mail(written(title="It was us"), message_id="<2@csirt.example>", text="Later"))
        assert second.report != first.report
        assert report_of(first).title == "Phishing of bank customers"
        assert report_of(second).group == report_of(first).group, "shown beside it, with the reason"

    def test_is_added_where_the_sender_is_believed(self, come):
        first = come(mail(written()), believes=("cert@csirt.example",))
        second = come(mail(written(title="Now with names"), message_id="<2@csirt.example>", text="Later"))
        assert second.report == first.report
        report = report_of(first)
        assert (report.submissions.count(), report.title) == (2, "Now with names")

    def test_is_not_added_to_what_another_sender_told_however_believed(self, come):
        believes = ("cert@csirt.example", "noc@watch.example")
        first = come(mail(written()), believes=believes)
        second = come(mail(written(title="Taken over"), sender="noc@watch.example", message_id="<2@watch.example>"))
        assert second.report != first.report

    def test_is_not_added_to_what_came_by_rest(self, come, analyst, at):
        (receipt,) = intake.receive_documents(raw=written(), by=analyst, at=at)
        row = come(mail(written(title="Taken over")), believes=("cert@csirt.example",))
        assert row.report != receipt.reference
        assert Report.objects.get(reference=receipt.reference).submissions.count() == 1

    def test_and_what_comes_by_rest_is_not_added_to_a_stranger_s_mail(self, come, analyst, at):
        row = come(mail(written(title="Forged"), sender="Eve <eve@evil.example>"))
        (receipt,) = intake.receive_documents(raw=written(), by=analyst, at=at)
        assert receipt.reference != row.report

    def test_that_answers_our_receipt_is_added(self, come):
        first = come(mail(written()))
        later = written(title="Now with names", written_at=told().written_at + timedelta(days=1))
        second = come(mail(later, in_reply_to=first.receipt_id, message_id="<2@csirt.example>"))
        assert (second.report, report_of(first).title) == (first.report, "Now with names")

    def test_the_same_mail_again_is_the_same_report(self, come):
        first = come(raw := mail(several(2)))
        again = come(b"Received: from a by b\r\n" + raw)
        assert (again.report, Report.objects.count()) == (first.report, 2)


def broken() -> dict[str, bytes]:
    """Files that begin like a document, and what each is."""
    bundle = json.loads(written())
    indicators = bundle | {"objects": [each for each in bundle["objects"] if each["type"] != "incident"]}
    return {
        "entities that expand": BOMB,
        "a file of ours": FILE,
        "nested": DEEP,
        "cut": written(Format.IODEF_XML)[:600],
        "no incident": json.dumps(indicators).encode(),
        "a key twice": written().replace(b'"type"', b'"id": "x", "id": "x", "type"', 1),
        "nested JSON": b'{"type": "bundle", "objects": ' + b"[" * 100_000,
        "a huge number": b'{"type": "bundle", "objects": [' + b"9" * 100_000 + b"]}",
        "half a bundle": written()[:-20],
        "other JSON": b'{"type": "letter"}',
        "HTML": b"<html><body>hello</body></html>",
    }


@pytest.mark.parametrize("what", sorted(broken()))
def test_what_cannot_be_read_stays_a_file_of_a_report_and_the_mail_is_not_set_aside(come, what):
    row = come(mail(content := broken()[what]))
    report = report_of(row)
    assert (row.state, row.why, report.title) == ("done", "nothing-else", "For you")
    assert [vault.read(file.sha256) for file in report.files.all()] == [content]
    if what in ("entities that expand", "a file of ours", "nested", "cut", "no incident"):
        assert row.detail.startswith("0-x.bin: ")
        assert report.answers["mail.document"] == row.detail


def test_one_that_cannot_be_taken_in_leaves_none_of_the_others(come, monkeypatch):
    from pehra.intake.api import receiving
    from pehra.kernel.refusals import Invalid

    received = receiving.receive

    def refuse(**said: Any) -> Any:
        if said["said"].title == "Matter 1":
            raise Invalid("a word that nobody knows", field="sector")
        return received(**said)

    monkeypatch.setattr(receiving, "receive", refuse)
    row = come(mail(several(2)))
    assert (Report.objects.count(), row.state, row.why) == (1, "done", "nothing-else")
    assert report_of(row).title == "For you"
    assert "a word that nobody knows" in row.detail


def test_a_person_takes_a_mail_for_a_report_and_its_document_is_read(come, clock, analyst, at):
    row = come(mail(written(), subject="Out of office", in_reply_to="<x@y.example>"))
    assert (row.sort, row.report) == ("auto-reply", "")
    intake.take_for_report(mail_id=row.id, by=analyst, at=at)
    intake.sort_mail(by=MACHINE, clock=clock)
    row = Mail.objects.get(id=row.id)
    assert (row.why, report_of(row).title) == ("person", "Phishing of bank customers")


def test_only_so_many_files_are_looked_at(come, monkeypatch):
    looked: list[bytes] = []
    monkeypatch.setattr(documents.incidents, "document_format", looked.append)
    files = [b'{"number": %d}' % number for number in range(documents.FILES_LOOKED_AT_MAX + 9)]
    assert documents.told_in(letters.parsed(mail(*files, b"plain"))) == documents.Told()
    assert len(looked) == documents.FILES_LOOKED_AT_MAX
