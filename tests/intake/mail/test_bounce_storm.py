"""A storm of bounces, through real servers, each mail a commit: told to its letters, and no other mail waits for it.

`PEHRA_MAIL_STORM` sets how many bounces storm (5,000 for the figures in docs/use/mail.md). In a file of its own: a
committed country and one that is undone do not share a module.
"""

import os
import time

import pytest

from pehra.intake import api as intake
from pehra.intake.models import Mail, Report
from pehra.kernel.actors import system
from pehra.kernel.clock import SystemClock
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from tests.intake.mail.letters import bounce, letter

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("committed_country")]
MACHINE = system("intake")
STORM = int(os.environ.get("PEHRA_MAIL_STORM", "150"))


@pytest.fixture
def clock():
    """The machine's own clock: here it is measured how long things take."""
    return SystemClock()


@pytest.fixture
def our_letters(at):
    """So many letters of ours, and their Message-IDs."""

    def write(count: int) -> list[tuple[str, str]]:
        drafts = [
            outbox.Draft(
                kind="findings.notice",
                recipient=outbox.Recipient(
                    name="Desk", email=f"d{number}@works.example", language="en", circle=Circle.ORGANISATION
                ),
                subject="Notice",
                body="Please look.",
                tlp=Tlp.AMBER,
                about=f"PKN-2026-{number:06d}",
                lead_team="pkcert",
                dedupe_key=f"storm-{number}",
            )
            for number in range(count)
        ]
        ids = outbox.queue_many(drafts=drafts, by=MACHINE, at=at)
        rows = Message.objects.filter(id__in=ids)
        return list(rows.order_by("dedupe_key").values_list("message_id", "recipient_email"))

    return write


def test_a_storm_of_bounces_is_told_to_its_letters_and_delays_nobody(mail_servers, live_mailbox, our_letters, clock):
    account = live_mailbox()
    storm = [bounce(one, recipient=to, number=n) for n, (one, to) in enumerate(our_letters(STORM))]
    mail_servers.send_many(storm, to=account)
    mail_servers.send(letter("Help!"), to=account)
    mail_servers.wait_for(STORM + 1, to=account, seconds=300)
    began = time.monotonic()
    intake.fetch_mail(by=MACHINE, clock=clock)
    intake.sort_mail(by=MACHINE, clock=clock, limit=20)
    helped = time.monotonic() - began
    assert Report.objects.get().title == "Spam from our server"
    while any(one.left for one in intake.fetch_mail(by=MACHINE, clock=clock)):
        pass
    fetched = time.monotonic() - began
    while intake.sort_mail(by=MACHINE, clock=clock).count:
        pass
    sorted_all = time.monotonic() - began
    assert Mail.objects.filter(sort="bounce", facts__ours=True).count() == STORM
    assert not Message.objects.filter(kind="findings.notice", bounced_at=None).exists()
    assert Report.objects.count() == 1
    assert not Mail.objects.exclude(sort="report").exclude(receipt_id="").exists()
    print(f"\n{STORM} bounces: help {helped:.1f} s, fetched {fetched:.1f} s, sorted {sorted_all:.1f} s")
