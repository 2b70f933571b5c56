"""Mail through a real SMTP and a real IMAP server: every shared mail arrives, whole, once, as what it is."""

import hashlib
import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from pehra.intake import api as intake
from pehra.intake.models import Mail, Report, ReportFile
from pehra.kernel.actors import system
from pehra.vault import api as vault
from tests.intake.mail.letters import body_hash, shared_mails

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("country")]
EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text())
MACHINE = system("intake")


def take_in(clock) -> intake.SortSummary:
    """Fetch and sort until nothing waits."""
    summary = intake.SortSummary()
    for _round in range(10):
        told = intake.fetch_mail(by=MACHINE, clock=clock)
        assert not [one.problem for one in told if one.problem]
        if not any(one.left for one in told):
            break
    while (found := intake.sort_mail(by=MACHINE, clock=clock)).count:
        summary.set_aside += found.set_aside
        for sort, count in found.sorts.items():
            summary.sorts[sort] = summary.sorts.get(sort, 0) + count
    return summary


class TestEverySharedMail:
    @pytest.fixture
    def mails(self, shared_data, mail_servers, live_mailbox, clock):
        mails = shared_mails(shared_data)
        account = live_mailbox()
        mail_servers.send_many(mails, to=account)
        mail_servers.wait_for(len(mails), to=account)
        take_in(clock)
        assert mail_servers.lying(account) == 0
        assert mail_servers.lying(account, "Pehra/Taken") == len(mails)
        return mails

    def test_is_what_a_person_says_it_is_with_its_attachments_and_where_it_belongs(self, mails):
        rows = list(Mail.objects.order_by("id"))
        assert len(rows) == len(mails)
        for row in rows:
            kept = vault.read(row.sha256)
            sort, why, files = EXPECTED[body_hash(kept)]
            assert (row.sort, row.why) == (sort, why), row.subject
            assert row.state == "done", row.problem
            assert sum(1 for file in row.files if file["size"]) == files, row.subject
            _belongs(row, sort, files)

    def test_of_the_same_letter_twice_makes_one_report(self, mails):
        twice = Mail.objects.exclude(same_as=None)
        assert {row.same_as.content_key for row in twice} == {row.content_key for row in twice}
        assert all(row.report == row.same_as.report for row in twice)

    def test_is_asked_for_without_an_answer_where_a_machine_wrote_it(self, mails):
        answered = Mail.objects.exclude(receipt_id="")
        assert 0 < answered.count() < len(mails) / 2
        assert not answered.filter(is_automatic=True).exists()


def _belongs(row: Mail, sort: str, files: int) -> None:
    """A mail that tells of something is a report with its files, byte for byte; the others are none."""
    told = sort in ("report", "complaint", "abuse", "feed")
    assert bool(row.report) == told, (row.subject, sort)
    if told and row.same_as is None:
        report = Report.objects.get(reference=row.report)
        kept = ReportFile.objects.filter(report=report)
        assert (report.channel, kept.count()) == ("mail", files)
        expected = {hashlib.sha256(content).hexdigest() for content in _attachments(vault.read(row.sha256))}
        assert {file.sha256 for file in kept} >= expected


def _attachments(content: bytes) -> list[bytes]:
    """What another parser than ours finds attached; a signature is looked at and not kept as a file."""
    message = message_from_bytes(content, policy=default)
    leaves = [part for part in message.walk() if part.get_filename() and not part.is_multipart()]
    files = [part for part in leaves if part.get_content_type() != "application/pgp-signature"]
    found = [part.get_payload(decode=True) for part in files]
    return [one for one in found if one]
