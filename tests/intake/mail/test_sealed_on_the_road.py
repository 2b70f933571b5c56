"""Signed and encrypted mail on its way into a report: opened first, and shown as what its seal is worth."""

import pytest

from pehra.intake import api as intake
from pehra.intake.models import Mail, Report
from pehra.kernel.actors import system
from tests.intake import other_side
from tests.intake.other_side import pgp_mime_encrypted, pgp_mime_signed
from tests.intake.test_sealed_mail import ENTITY, HEAD, SENDER, TEXT, authority, keys, known, theirs

__all__ = ["authority", "keys", "known", "theirs"]
pytestmark = [
    pytest.mark.usefixtures("country", "keys", "known"),
    pytest.mark.skipif(not other_side.installed("gpg", "openssl"), reason="gpg or openssl is not installed"),
]
MACHINE = system("intake")


@pytest.fixture
def come(mailbox, clock):
    """Let a mail come, and return its row and its report."""
    mailbox()

    def arrive(raw: bytes) -> tuple[Mail, Report]:
        assert intake.take_in_mail(content=raw, mailbox="reports", by=MACHINE, at=clock.now())
        intake.sort_mail(by=MACHINE, clock=clock)
        row = Mail.objects.get()
        return row, Report.objects.get(reference=row.report)

    return arrive


def test_what_is_encrypted_to_us_is_read_and_its_sender_verified(come, theirs):
    row, report = come(pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", by=SENDER, head=HEAD))
    assert (row.verdict, row.signer != "") == ("valid", True)
    assert report.reporter_verified
    assert report.title == "Break-in at our gateway"
    assert TEXT in report.description
    assert {one.value for one in report.observables.all()} >= {"198.18.1.7"}


def test_what_is_encrypted_to_somebody_else_is_a_report_that_says_so(come, theirs):
    row, report = come(pgp_mime_encrypted(theirs, ENTITY, to="stranger@else.example", by=SENDER, head=HEAD))
    assert (row.verdict, report.is_complete, report.reporter_verified) == ("", False, False)
    assert report.problem
    assert TEXT not in report.description


def test_a_signature_that_does_not_fit_is_shown_and_verifies_nobody(come, theirs):
    raw = pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD).replace(b"last line", b"last lime")
    row, report = come(raw)
    assert (row.verdict, report.reporter_verified, report.problem) == ("bad", False, "")
    assert row.facts["signature"] == "the text is not what was signed"
