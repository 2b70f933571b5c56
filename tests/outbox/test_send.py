"""Sending: over a real SMTP server and into a Maildir; refusals, retries, and senders that die at the worst moment."""

import hashlib
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from pehra.kernel.actors import Actor
from pehra.kernel.clock import VirtualClock
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger
from pehra.outbox import api
from pehra.outbox.gateways.addresses import open_transport
from pehra.outbox.gateways.maildir import MaildirTransport
from pehra.outbox.gateways.transport import Parcel
from pehra.outbox.models import Message
from pehra.outbox.rules import letters, retries

pytestmark = pytest.mark.django_db


def maildir(folder: Path) -> list[Path]:
    return sorted((folder / "maildir" / "new").glob("*"))


def test_a_message_reaches_the_server_and_its_answer_is_the_proof(queue, post, machine: Actor, at: datetime) -> None:
    number = queue(name="ڈاکٹر خان، (سربراہ) شعبۂ حفاظت", subject="دو مسائل دیکھے گئے", body="ابھی کیا کرنا ہے\n")

    assert api.send_due(at=at) == api.SendSummary(sent=1)

    (mail,) = post.mails
    message = api.message(message_id=number, by=machine)
    assert message.state is api.State.SENT
    assert message.proof is not None
    assert message.proof["answer"] == "250 2.0.0 kept as number 7"
    assert message.proof["sha256"] == hashlib.sha256(post.received[0][1]).hexdigest()
    assert mail["Message-ID"] == message.message_id == message.proof["message_id"]
    assert mail.get_payload(decode=True).decode() == "ابھی کیا کرنا ہے\r\n"
    assert [entry.event for entry in ledger.history(subject=f"message:{number}", by=machine)] == [
        "outbox.queued",
        "outbox.sent",
    ]


def test_a_sent_message_is_not_sent_again(queue, post, at: datetime) -> None:
    queue()

    api.send_due(at=at)
    api.send_due(at=at + timedelta(days=30))

    assert len(post.received) == 1


def test_a_temporary_refusal_is_tried_again_later(queue, post, machine: Actor, at: datetime) -> None:
    number = queue()
    post.answers["abuse@operator.example"] = "451 4.7.1 come back later"

    assert api.send_due(at=at) == api.SendSummary(delayed=1)
    waiting = api.message(message_id=number, by=machine)
    assert waiting.state is api.State.QUEUED
    assert "451 4.7.1 come back later" in waiting.problem
    assert waiting.next_attempt_at == at + retries.FIRST_WAIT

    post.answers.clear()
    assert api.send_due(at=at + retries.FIRST_WAIT / 2) == api.SendSummary()
    assert api.send_due(at=at + retries.FIRST_WAIT) == api.SendSummary(sent=1)


@pytest.mark.parametrize("where", ["recipient", "data"])
def test_a_permanent_refusal_is_final_and_recorded(queue, post, machine: Actor, at: datetime, where: str) -> None:
    number = queue()
    if where == "recipient":
        post.answers["abuse@operator.example"] = "550 5.1.1 nobody of that name"
    else:
        post.data_answer = "554 5.7.1 not this"

    assert api.send_due(at=at) == api.SendSummary(failed=1)

    message = api.message(message_id=number, by=machine)
    assert message.state is api.State.FAILED
    assert message.problem
    assert api.send_due(at=at + timedelta(days=1)) == api.SendSummary()
    assert ledger.history(subject=f"message:{number}", by=machine)[-1].event == "outbox.failed"


def test_one_refused_recipient_does_not_stop_the_others(queue, post, at: datetime) -> None:
    post.answers["gone@operator.example"] = "550 5.1.1 nobody of that name"
    queue(email="gone@operator.example")
    queue(email="abuse@operator.example")
    queue(email="noc@operator.example")

    assert api.send_due(at=at) == api.SendSummary(sent=2, failed=1)


def test_a_server_that_is_away_delays_and_in_the_end_fails(
    queue, settings: Any, socket_enabled: None, machine: Actor, at: datetime
) -> None:
    settings.PEHRA_OUTBOX_URL = "smtp://127.0.0.1:1"
    number, moment = queue(), at
    for _attempt in range(retries.ATTEMPTS_MAX - 1):
        assert api.send_due(at=moment) == api.SendSummary(delayed=1)
        moment += retries.LONGEST_WAIT

    assert api.send_due(at=moment) == api.SendSummary(failed=1)
    assert f"after {retries.ATTEMPTS_MAX} attempts" in api.message(message_id=number, by=machine).problem


def test_waits_grow_to_their_limit_and_last_about_four_days(at: datetime) -> None:
    moment, waits = at, []
    for attempts in range(1, retries.ATTEMPTS_MAX):
        then = retries.next_attempt(attempts=attempts, at=moment)
        assert then is not None
        waits.append(then - moment)
        moment = then

    assert waits == sorted(waits)
    assert waits[0] == retries.FIRST_WAIT
    assert waits[-1] == retries.LONGEST_WAIT
    assert timedelta(days=3) < moment - at < timedelta(days=5)
    assert retries.next_attempt(attempts=retries.ATTEMPTS_MAX, at=at) is None


def test_a_maildir_holds_the_message_as_a_private_file(queue, data_folder: Path, machine: Actor, at: datetime) -> None:
    number = queue()

    assert api.send_due(at=at) == api.SendSummary(sent=1)

    (file,) = maildir(data_folder)
    proof = api.message(message_id=number, by=machine).proof
    assert proof is not None
    assert proof["path"] == str(file)
    assert proof["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_mode & 0o077 == 0
    assert list((data_folder / "maildir" / "tmp").iterdir()) == []


def test_a_maildir_that_cannot_be_written_delays(queue, data_folder: Path, machine: Actor, at: datetime) -> None:
    number = queue()
    (data_folder / "maildir").write_text("a file where a folder should be")

    assert api.send_due(at=at) == api.SendSummary(delayed=1)
    assert "Maildir" in api.message(message_id=number, by=machine).problem


class Killed(BaseException):
    """What stands for a kill within one process: nothing catches it."""


def test_a_sender_that_dies_before_marking_leaves_one_mail_with_one_name(
    queue, data_folder: Path, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    number = queue()
    deliver = MaildirTransport.deliver

    def dying(self: MaildirTransport, parcel: Parcel) -> Any:
        deliver(self, parcel)
        raise Killed

    monkeypatch.setattr(MaildirTransport, "deliver", dying)
    with pytest.raises(Killed):
        api.send_due(at=at)
    monkeypatch.undo()
    (file,) = maildir(data_folder)
    before = file.read_bytes()

    assert api.send_due(at=at + retries.LEASE / 2) == api.SendSummary(), "its sender may still be alive"
    assert api.send_due(at=at + retries.LEASE) == api.SendSummary(sent=1)
    assert maildir(data_folder) == [file]
    assert file.read_bytes() == before
    assert api.message(message_id=number, by=machine).attempts == 2


def test_a_mail_that_was_read_meanwhile_is_not_doubled(queue, data_folder: Path, machine: Actor, at: datetime) -> None:
    number = queue()
    api.send_due(at=at)
    (file,) = maildir(data_folder)
    (data_folder / "maildir" / "cur").mkdir(exist_ok=True)
    read = file.rename(data_folder / "maildir" / "cur" / f"{file.name}:2,S")
    Message.objects.filter(id=number).update(
        state="sending", next_attempt_at=at, sent_at=None, proof=None
    )  # as a sender leaves it that died before it could mark

    assert api.send_due(at=at) == api.SendSummary(sent=1)
    assert maildir(data_folder) == []
    assert api.message(message_id=number, by=machine).proof["path"] == str(read)


def test_a_sender_that_lost_its_lease_does_not_undo_the_other(
    queue, data_folder: Path, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    number = queue()
    deliver = MaildirTransport.deliver
    late = at + retries.LEASE

    def slow(self: MaildirTransport, parcel: Parcel) -> Any:
        monkeypatch.setattr(MaildirTransport, "deliver", deliver)
        assert api.send_due(at=late) == api.SendSummary(sent=1)  # another sender, while this one still works
        return deliver(self, parcel)

    monkeypatch.setattr(MaildirTransport, "deliver", slow)
    api.send_due(at=at)

    message = api.message(message_id=number, by=machine)
    assert (message.state, message.sent_at, message.attempts) == (api.State.SENT, late, 2)
    events = [entry.event for entry in ledger.history(subject=f"message:{number}", by=machine)]
    assert events.count("outbox.sent") == 1
    assert len(maildir(data_folder)) == 1


def test_a_message_that_outlives_every_sender_fails(queue, machine: Actor, at: datetime) -> None:
    number = queue()
    Message.objects.filter(id=number).update(state="sending", next_attempt_at=at, attempts=retries.ATTEMPTS_MAX)

    assert api.send_due(at=at) == api.SendSummary(failed=1)
    assert "lost" in api.message(message_id=number, by=machine).problem


def test_a_marking_is_looked_at_again_before_sending(queue, data_folder: Path, at: datetime) -> None:
    number = queue()
    Message.objects.filter(id=number).update(tlp="TLP:RED")

    assert api.send_due(at=at) == api.SendSummary(failed=1)
    assert maildir(data_folder) == []


def test_a_clock_is_read_before_each_message(queue, clock: VirtualClock, machine: Actor, at: datetime) -> None:
    numbers = [queue(), queue()]

    class Ticking(VirtualClock):
        def now(self) -> datetime:
            return self.advance(timedelta(minutes=1))

    api.send_due(at=at, clock=Ticking(at))

    # Both are due at the same moment: which goes first is nobody's promise.
    sent = {api.message(message_id=number, by=machine).sent_at for number in numbers}
    assert sorted(moment for moment in sent if moment) == [at + timedelta(minutes=1), at + timedelta(minutes=2)]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "PEHRA_OUTBOX_URL"),
        ("http://post.example", "PEHRA_OUTBOX_URL"),
        ("maildir://folder", "three slashes"),
        ("maildir:///", "three slashes"),
        ("smtp://", "no mail server"),
        ("smtp://post.example:notaport", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(url: str, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        open_transport(url)


def test_a_password_is_not_said_over_an_open_line(
    queue, post, settings: Any, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    number = queue()
    settings.PEHRA_OUTBOX_URL = f"smtp://pehra:secret@127.0.0.1:{post.port}"
    monkeypatch.setattr("pehra.outbox.gateways.smtp._is_this_machine", lambda _host: False)

    assert api.send_due(at=at) == api.SendSummary(delayed=1)
    assert "in the clear" in api.message(message_id=number, by=machine).problem
    assert post.received == []


SENDER = """
import os, sys, django
django.setup()
from django.conf import settings
settings.PEHRA_OUTBOX_URL = sys.argv[1]
from pehra.kernel.clock import parse_time
from pehra.outbox import api
api.send_due(at=parse_time(sys.argv[2]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_sending_and_marking_sends_again_under_the_same_message_id(
    queue, post, machine: Actor, at: datetime
) -> None:
    number = queue()
    children: list[subprocess.Popen[bytes]] = []
    # The server has the mail and has not yet answered: the worst moment there is.
    post.after_data = lambda: os.kill(children[0].pid, signal.SIGKILL)
    parameters = connection.get_connection_params()
    url = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "pehra.node.settings"}
    arguments = [sys.executable, "-c", SENDER, f"smtp://127.0.0.1:{post.port}", at.isoformat()]
    children.append(subprocess.Popen(arguments, env=environment))
    assert children[0].wait(timeout=60) == -signal.SIGKILL
    post.after_data = None

    taken = Message.objects.get(id=number)
    assert (taken.state, taken.attempts) == ("sending", 1)
    assert api.send_due(at=at + retries.LEASE) == api.SendSummary(sent=1)

    first, second = post.received
    assert first == second, "byte for byte"
    assert post.mails[0]["Message-ID"] == letters.message_id(number, sender=taken.sender)


@pytest.mark.django_db(transaction=True)
def test_sending_refuses_to_start_inside_an_act(queue, at: datetime) -> None:
    from django.db import transaction

    queue()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        api.send_due(at=at)
