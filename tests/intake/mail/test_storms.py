"""What floods a mailbox, through real servers: contained, visible, and nobody else's mail waits for it.

`PEHRA_MAIL_LARGE` sets how many megabytes the large mail has (200 for the figures in docs/use/mail.md).
"""

import os
import time

import pytest

from pehra.intake import api as intake
from pehra.intake.models import Mail, MailboxStand, Report
from pehra.kernel.actors import system
from pehra.kernel.clock import SystemClock
from pehra.outbox.models import Message
from tests.intake.mail.letters import letter

pytestmark = [pytest.mark.enable_socket]
MACHINE = system("intake")
LARGE_BYTES = int(os.environ.get("PEHRA_MAIL_LARGE", "45")) * 1024 * 1024


@pytest.fixture
def clock():
    """The machine's own clock: here it is measured how long things take."""
    return SystemClock()


@pytest.mark.usefixtures("country")
def test_a_large_mail_stays_on_its_server_and_is_seen(mail_servers, live_mailbox, clock):
    account = live_mailbox()
    content = os.urandom(LARGE_BYTES * 3 // 4)
    proof = (("proof.bin", "application/octet-stream", content),)
    mail_servers.send(letter("My proof is attached.", files=proof), to=account)
    mail_servers.send(letter("Help!", subject="Help", message_id="<help@works.example>"), to=account)
    mail_servers.wait_for(2, to=account, seconds=120)
    began = time.monotonic()
    intake.fetch_mail(by=MACHINE, clock=clock)
    intake.sort_mail(by=MACHINE, clock=clock)
    took = time.monotonic() - began
    large = Mail.objects.get(is_whole=False)
    assert (large.sort, large.size > LARGE_BYTES // 2) == ("too-large", True)
    report = Report.objects.get(reference=large.report)
    assert "only its beginning" in report.problem
    assert "My proof is attached." in report.description
    assert Report.objects.filter(title="Help").exists()
    assert mail_servers.lying(account, "Pehra/Aside") == 1
    assert mail_servers.lying(account, "Pehra/Taken") == 1
    print(f"\n{large.size // 2**20} MB: {took:.1f} s")


@pytest.mark.usefixtures("country")
def test_two_machines_that_answer_each_other_fall_silent(mail_servers, live_mailbox, clock):
    account = live_mailbox()
    last = "<m0@robot.example>"
    for turn in range(12):
        robot = letter(
            f"Your mail was received. {turn}", sender="desk@robot.example", message_id=f"<m{turn + 1}@robot.example>",
            in_reply_to=last,
        )  # fmt: skip
        mail_servers.send(robot, to=account)
        mail_servers.wait_for(1, to=account)
        intake.fetch_mail(by=MACHINE, clock=clock)
        intake.sort_mail(by=MACHINE, clock=clock)
        row = Mail.objects.order_by("-received_at").first()
        last = row.receipt_id or last
    assert Message.objects.filter(kind="intake.receipt").count() <= 5
    assert Report.objects.count() == 1


@pytest.mark.usefixtures("country")
def test_a_mailbox_that_cannot_be_read_is_seen_and_the_next_one_is_read(mail_servers, live_mailbox, data_folder, clock):
    account = live_mailbox()
    file = data_folder / "mailboxes.toml"
    good = file.read_text()
    broken = good.replace('"reports"', '"broken"', 1).replace(f"port = {mail_servers.imap_port}", "port = 1")
    file.write_text(broken + good)
    mail_servers.send(letter(), to=account)
    mail_servers.wait_for(1, to=account)
    told = {one.mailbox: one for one in intake.fetch_mail(by=MACHINE, clock=clock)}
    assert "cannot be reached" in told["broken"].problem
    assert (told["reports"].fetched, told["reports"].problem) == (1, "")
    stands = {one.name: one for one in intake.mailboxes(by=MACHINE)}
    assert stands["broken"].problem
    assert stands["broken"].succeeded_at is None
    assert stands["reports"].succeeded_at is not None
    file.write_text(good + "nonsense = 1\n")
    assert "nonsense" in intake.fetch_mail(by=MACHINE, clock=clock)[0].problem
    assert all("nonsense" in one.problem for one in MailboxStand.objects.all())


@pytest.mark.usefixtures("country")
def test_a_fetch_that_died_before_it_moved_the_mail_takes_it_once(mail_servers, live_mailbox, clock, monkeypatch):
    account = live_mailbox()
    mail_servers.send(letter(), to=account)
    mail_servers.wait_for(1, to=account)
    with monkeypatch.context() as patch:
        patch.setattr("pehra.intake.gateways.imap.ImapServer.move", _dies)
        with pytest.raises(MemoryError):
            intake.fetch_mail(by=MACHINE, clock=clock)
    assert mail_servers.lying(account) == 1
    assert Mail.objects.count() == 1
    (told,) = intake.fetch_mail(by=MACHINE, clock=clock)
    assert (told.fetched, told.known) == (0, 1)
    assert (mail_servers.lying(account), Mail.objects.count()) == (0, 1)


def _dies(*_words: object) -> None:
    raise MemoryError


@pytest.mark.usefixtures("country")
def test_a_full_disk_leaves_the_mail_where_it_lay(mail_servers, live_mailbox, data_folder, clock):
    account = live_mailbox()
    mail_servers.send(letter(), to=account)
    mail_servers.wait_for(1, to=account)
    (data_folder / "vault").write_text("a file where the folder of files should be")
    (told,) = intake.fetch_mail(by=MACHINE, clock=clock)
    assert "could not be kept" in told.problem
    assert (mail_servers.lying(account), Mail.objects.count()) == (1, 0)
    (data_folder / "vault").unlink()
    assert intake.fetch_mail(by=MACHINE, clock=clock)[0].fetched == 1
