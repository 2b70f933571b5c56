"""What comes back by mail: a reply finds its thread, a bounce its letter, and nothing is taken twice."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden
from pehra.outbox import api as outbox
from pehra.threads import api
from pehra.threads.models import Letter, Reply, Thread
from tests.threads.conftest import Sent

pytestmark = pytest.mark.django_db


def reply(sent: Sent, *, by: Actor, at: datetime, **differently: Any) -> UUID | None:
    said: dict[str, Any] = {
        "message_ids": ["<unknown@elsewhere.example>", sent.message_id],
        "sender": "Dania <Abuse@operator.example>",
        "subject": "Re: two findings",
        "text": "We are looking.\x00\r\nThanks",
        "raw_sha256": "a" * 64,
        "files": (),
        "signed": "",
    }
    return api.take_reply(**(said | differently), by=by, at=at)


def bounce(sent: Sent, *, by: Actor, at: datetime, **differently: Any) -> bool:
    said: dict[str, Any] = {
        "message_ids": [sent.message_id],
        "recipient": "abuse@operator.example",
        "status": "5.1.1",
        "permanent": True,
        "diagnostic": "550 no such user",
        "raw_sha256": "b" * 64,
    }
    return api.take_bounce(**(said | differently), by=by, at=at)


def test_a_reply_stands_in_the_thread_of_the_letter_it_answers(sent: Sent, machine: Actor, at: datetime) -> None:
    thread_id = reply(sent, by=machine, at=at)
    thread = Thread.objects.get()
    assert thread_id == thread.id
    assert (thread.about, thread.organisation, thread.turn) == ("PKN-2026-000001", "org-0001", "us")
    kept = thread.replies.get()
    assert kept.text == "We are looking.\nThanks"
    assert kept.expected is True
    assert (thread.letters.get().silent_at, thread.letters.get().ended) == (None, "replied")


def test_the_same_mail_twice_is_one_reply(sent: Sent, machine: Actor, at: datetime) -> None:
    assert reply(sent, by=machine, at=at) == reply(sent, by=machine, at=at + timedelta(minutes=1))
    assert Reply.objects.count() == 1


def test_a_reply_from_elsewhere_is_kept_and_does_not_end_the_wait(sent: Sent, machine: Actor, at: datetime) -> None:
    reply(sent, by=machine, at=at, sender="somebody@elsewhere.example")
    assert Reply.objects.get().expected is False
    assert Letter.objects.get().silent_at is not None


def test_a_mail_that_answers_nothing_of_ours_is_left_to_people(sent: Sent, machine: Actor, at: datetime) -> None:
    assert reply(sent, by=machine, at=at, message_ids=["<other@elsewhere.example>"]) is None
    assert reply(sent, by=machine, at=at, message_ids=[]) is None
    assert not Thread.objects.exists()


def test_two_letters_about_one_matter_have_one_thread(write: Any, machine: Actor, at: datetime) -> None:
    first, second = write(), write()
    reply(first, by=machine, at=at)
    reply(second, by=machine, at=at, raw_sha256="c" * 64)
    assert Thread.objects.get().replies.count() == 2


def test_another_organisations_letter_about_the_same_matter_has_its_own(
    write: Any, machine: Actor, at: datetime
) -> None:
    reply(write(), by=machine, at=at)
    reply(write(organisation="org-0002", email="noc@river.example"), by=machine, at=at)
    assert Thread.objects.count() == 2


def test_a_bounce_says_why_at_the_message_and_sends_its_letter_on(sent: Sent, machine: Actor, at: datetime) -> None:
    assert bounce(sent, by=machine, at=at) is True
    message = outbox.message(message_id=sent.id, by=machine)
    assert message.bounced_at == at
    assert message.bounce is not None
    assert (message.bounce["status"], message.bounce["permanent"]) == ("5.1.1", True)
    assert Letter.objects.get().silent_at == at
    assert Thread.objects.get().turn == "us"


def test_a_delay_is_written_down_and_sends_nothing_on(sent: Sent, machine: Actor, at: datetime) -> None:
    bounce(sent, by=machine, at=at, status="4.4.1", permanent=False)
    silent = Letter.objects.get().silent_at
    assert silent is not None
    assert silent > at
    # And what was said for good is not softened by a later delay.
    bounce(sent, by=machine, at=at, raw_sha256="d" * 64)
    bounce(sent, by=machine, at=at, status="4.4.1", permanent=False, raw_sha256="e" * 64)
    message = outbox.message(message_id=sent.id, by=machine)
    assert message.bounce is not None
    assert message.bounce["permanent"] is True


def test_a_bounce_for_somebody_else_moves_nothing(sent: Sent, machine: Actor, at: datetime) -> None:
    assert bounce(sent, by=machine, at=at, recipient="victim@elsewhere.example") is True
    silent = Letter.objects.get().silent_at
    assert silent is not None
    assert silent > at


def test_a_bounce_of_a_strangers_mail_is_none_of_ours(sent: Sent, machine: Actor, at: datetime) -> None:
    assert bounce(sent, by=machine, at=at, message_ids=["<other@elsewhere.example>"]) is False


def test_only_pehra_itself_says_what_came_by_mail(sent: Sent, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Forbidden):
        reply(sent, by=analyst, at=at)
    with pytest.raises(Forbidden):
        bounce(sent, by=analyst, at=at)
