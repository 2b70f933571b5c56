"""Bulk writers of findings take turns: two that lock the same rows in different orders never meet."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import OperationalError, connection, transaction

from pehra.findings import api
from pehra.kernel.actors import Actor

from .conftest import frame


def elsewhere(act: Callable[[], object]) -> list[BaseException]:
    """Run an act on another connection that waits for a lock no longer than a moment; return what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            act()
        except OperationalError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    return raised


@pytest.mark.django_db(transaction=True)
def test_a_fold_and_a_round_of_notices_take_turns(fold, sighting, machine: Actor, at: datetime) -> None:
    acts: list[Callable[[], object]] = [
        lambda: api.queue_notices(by=machine, at=at),
        lambda: api.fold(sightings=frame([sighting(port=7)]), by=machine, at=at),
    ]
    for act in acts:
        with transaction.atomic():
            fold(sighting())
            assert len(elsewhere(act)) == 1, "it waits while the other has not committed"
        assert elsewhere(act) == []


@pytest.mark.django_db(transaction=True)
def test_acts_on_many_take_turns_too(fold, sighting, machine: Actor, at: datetime) -> None:
    (view,) = fold(sighting()).new
    ids, said = [view.id], {"reason": "mended", "by": machine, "at": at}
    done = api.change_many(act="fixed", ids=ids, expected=1, **said)
    letter = {"organisation": "org-0001", **said}
    acts: list[Callable[[], object]] = [
        lambda: api.undo_many(change_id=done.id, by=machine, at=at),
        lambda: api.change_many(act="fixed", ids=ids, expected=1, **said),
        lambda: api.take_back_fixed(changes=[], **letter),
        lambda: api.say_fixed(finding_ids=ids, **letter),
    ]
    for act in acts:
        with transaction.atomic():
            fold(sighting(port=9))
            assert len(elsewhere(act)) == 1, "it waits while the other has not committed"
        assert elsewhere(act) == []


@pytest.mark.django_db(transaction=True)
def test_a_person_waits_for_nobody_elses_finding(fold, sighting, machine: Actor, at: datetime) -> None:
    (view,) = fold(sighting()).new
    with transaction.atomic():
        fold(sighting(port=9))
        assert elsewhere(lambda: api.mark_fixed(finding_id=view.id, reason="mended", by=machine, at=at)) == []
