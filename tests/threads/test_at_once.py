"""Two who answer one letter at the same moment, in two transactions: one answer stands, the other is told of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from time import sleep

import pytest
from django.db import connection, transaction

from pehra.kernel.actors import system
from pehra.kernel.refusals import Invalid
from pehra.outbox import api as outbox
from pehra.threads import api
from pehra.threads.models import Answer, Letter, Reply, Thread
from tests.threads.conftest import Sent, Writer, token_of

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MANY = 6


def at_once(act: Callable[[int], object]) -> list[str]:
    """What each of several got who did something at the same moment."""
    start = Barrier(MANY)

    def one(number: int) -> str:
        start.wait()
        try:
            act(number)
        except Invalid as refusal:
            return refusal.field
        finally:
            connection.close()
        return "taken"

    with ThreadPoolExecutor(MANY) as people:
        return sorted(people.map(one, range(MANY)))


def test_one_answer_stands_and_the_others_are_told(write: Writer) -> None:
    token = token_of(write().id)
    said = at_once(lambda n: api.answer(token=token, choice="acknowledged", note=f"{n}", seen=0, at=AT))
    assert said == ["seen"] * (MANY - 1) + ["taken"]
    assert (Answer.objects.count(), Letter.objects.count(), Thread.objects.count()) == (1, 1, 1)


def test_the_same_answer_at_once_is_one_for_everybody(write: Writer) -> None:
    token = token_of(write().id)
    assert at_once(lambda n: api.answer(token=token, choice="fixed", note="", seen=0, at=AT)) == ["taken"] * MANY
    assert Answer.objects.count() == 1


def test_replies_to_two_letters_of_one_matter_meet_in_one_thread(write: Writer) -> None:
    letters = [write() for _number in range(MANY)]

    def reply(number: int) -> None:
        api.take_reply(
            message_ids=[letters[number].message_id],
            sender="abuse@operator.example",
            subject="Re",
            text="Yes",
            raw_sha256=f"{number:064d}",
            by=system("intake"),
            at=AT,
        )

    assert at_once(reply) == ["taken"] * MANY
    assert (Thread.objects.count(), Letter.objects.count(), Reply.objects.count()) == (1, MANY, MANY)


def answered(sent: Sent) -> object:
    return api.answer(token=token_of(sent.id), choice="need-help", note="", seen=0, at=AT)


def came_back(sent: Sent) -> object:
    said = {"recipient": "", "status": "5.1.1", "permanent": True, "diagnostic": "gone", "raw_sha256": "b" * 64}
    return api.take_bounce(message_ids=[sent.message_id], **said, by=system("intake"), at=AT)


def followed(_sent: Sent) -> object:
    return api.follow_letters(by=system("threads"), at=AT)


@pytest.mark.parametrize("act", [answered, came_back, followed])
def test_whoever_waits_for_a_thread_holds_none_of_its_letters(write: Writer, act: Callable[[Sent], object]) -> None:
    sent = write()
    followed(sent)
    outbox.send_due(at=AT)
    Letter.objects.update(silent_at=AT)
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Thread.objects.select_for_update().get()
            waiting = other.submit(lambda: (act(sent), connection.close()))
            while not waiting.done() and not somebody_waits():
                sleep(0.01)
            # It would wait for us, and we for it.
            assert Letter.objects.select_for_update(nowait=True).get().message == sent.id
        waiting.result(timeout=30)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_two_workers_pass_a_letter_on_once(write: Writer) -> None:
    sent = write()
    api.follow_letters(by=system("threads"), at=AT)
    outbox.send_due(at=AT)
    Letter.objects.filter(message=sent.id).update(silent_at=AT)
    counted: list[int] = []
    at_once(lambda n: counted.append(api.follow_letters(by=system("threads"), at=AT).nobody_left))
    # The registry of this test is empty: whoever took it found nobody left to ask, once.
    assert sum(counted) == 1
    assert Letter.objects.get(message=sent.id).ended == "nobody left"
