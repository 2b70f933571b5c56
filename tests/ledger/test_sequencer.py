"""The sequencer under load: writers never queue, and every entry gets exactly one place."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app

from pehra.kernel.actors import Actor
from pehra.ledger import api, jobs
from pehra.ledger.models import LedgerEntry, LedgerLeaf

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 8
ACTS_PER_WRITER = 60
PATIENCE_SECONDS = 20


def on_its_own_connection(work: Callable[[int], int]) -> Callable[[int], int]:
    def run(number: int) -> int:
        try:
            return work(number)
        finally:
            connections.close_all()

    return run


def test_eight_writers_and_three_sequencers_give_each_entry_one_place(machine: Actor, at: datetime) -> None:
    finished = threading.Event()

    @on_its_own_connection
    def write(writer: int) -> int:
        for number in range(ACTS_PER_WRITER):
            with transaction.atomic():
                api.record("findings.opened", subject=f"{writer}-{number}", by=machine, at=at)
                api.record_many([api.Entry(event="outbox.queued", subject=f"{writer}-{number}", by=machine, at=at)])
                transaction.set_rollback(number % 10 == 9)
        return ACTS_PER_WRITER

    @on_its_own_connection
    def place(_: int) -> int:
        rounds = 0
        while not finished.is_set():
            rounds += api.place_entries(at=at) is not None
        return rounds

    with ThreadPoolExecutor(WRITERS + 3) as pool:
        sequencers = [pool.submit(place, number) for number in range(3)]
        list(pool.map(write, range(WRITERS)))
        finished.set()
        rounds = sum(sequencer.result() for sequencer in sequencers)
    api.place_entries(at=at)
    expected = WRITERS * ACTS_PER_WRITER * 9 // 10 * 2
    found = api.verify()
    assert found.ok, found.first_bad
    assert (found.entries, found.waiting) == (expected, 0)
    assert rounds >= 2
    assert LedgerEntry.objects.count() == LedgerLeaf.objects.values("entry").distinct().count() == expected
    assert list(LedgerLeaf.objects.order_by("position").values_list("position", flat=True)) == list(range(expected))
    check_random_proofs(machine, expected)


def check_random_proofs(machine: Actor, size: int) -> None:
    entries = api.recent(by=machine, before=None, limit=size)
    assert {entry.position for entry in entries} == set(range(size))
    for entry in entries[:: size // 20]:
        assert api.prove(entry.id, by=machine)["position"] == entry.position


def test_an_act_that_commits_late_is_placed_when_it_does(machine: Actor, at: datetime) -> None:
    recorded, may_commit = threading.Event(), threading.Event()

    @on_its_own_connection
    def slow(_: int) -> int:
        with transaction.atomic():
            api.record("incidents.opened", subject="slow", by=machine, at=at)
            recorded.set()
            assert may_commit.wait(PATIENCE_SECONDS)
        return 0

    with ThreadPoolExecutor(1) as pool:
        slow_act = pool.submit(slow, 0)
        assert recorded.wait(PATIENCE_SECONDS)
        with transaction.atomic():
            api.record("incidents.opened", subject="quick", by=machine, at=at)
        made = api.place_entries(at=at)
        assert made is not None
        assert made.size == 1
        may_commit.set()
        slow_act.result()
    made = api.place_entries(at=at)
    assert made is not None
    assert made.size == 2
    assert [entry.position for entry in api.history(subject="slow", by=machine)] == [1]
    assert api.verify().ok


def test_an_act_does_not_wait_for_the_sequencer_nor_for_another_act(machine: Actor, at: datetime) -> None:
    """Neither an open act nor a sequencer at work makes another act wait: it would run into this timeout."""

    @on_its_own_connection
    def act(number: int) -> int:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            api.record("incidents.closed", subject="same", by=machine, at=at)
        return number

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        api.record("incidents.opened", subject="same", by=machine, at=at)
        assert pool.submit(act, 1).result(PATIENCE_SECONDS) == 1
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert api.place_entries(at=at) is not None  # its transaction stays open around it
        assert pool.submit(act, 2).result(PATIENCE_SECONDS) == 2


def test_a_second_sequencer_stands_aside(machine: Actor, at: datetime) -> None:
    with transaction.atomic():
        api.record("incidents.opened", subject="s", by=machine, at=at)

    @on_its_own_connection
    def place(_: int) -> int:
        return 0 if api.place_entries(at=at) is None else 1

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert api.place_entries(at=at) is not None
        assert pool.submit(place, 0).result(PATIENCE_SECONDS) == 0


def test_more_than_one_checkpoint_holds_is_placed_in_one_call(
    machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PLACED_AT_ONCE_MAX", 300)
    with transaction.atomic():
        api.record_many(
            [api.Entry(event="findings.opened", subject=f"f-{number}", by=machine, at=at) for number in range(700)]
        )
    made = api.place_entries(at=at)
    assert made is not None
    assert made.size == 700
    assert [checkpoint.size for checkpoint in api.recent_checkpoints(limit=9)] == [700, 600, 300]
    assert api.verify().ok


def test_verification_sees_one_moment_while_the_ledger_grows(machine: Actor, at: datetime) -> None:
    finished = threading.Event()

    @on_its_own_connection
    def grow(_: int) -> int:
        number = 0
        while not finished.is_set():
            number += 1
            with transaction.atomic():
                api.record("findings.opened", subject=f"f-{number}", by=machine, at=at)
            api.place_entries(at=at)
        return number

    with ThreadPoolExecutor(1) as pool:
        growing = pool.submit(grow, 0)
        found: list[api.Verification] = []
        until = time.monotonic() + PATIENCE_SECONDS
        try:
            while len({verification.entries for verification in found}) < 5 and time.monotonic() < until:
                found.append(api.verify())
                list(api.export())
        finally:
            finished.set()
        assert growing.result() > 0
    assert all(verification.ok for verification in found)
    assert len({verification.entries for verification in found}) >= 5


def test_the_periodic_job_seals_what_waits(machine: Actor, at: datetime) -> None:
    with transaction.atomic():
        api.record("incidents.opened", subject="s", by=machine, at=at)
    jobs.place_entries(0)
    assert api.waiting_count() == 0
    assert jobs.place_entries.queueing_lock == "ledger.place_entries"
    (periodic,) = [task for task in app.periodic_registry.periodic_tasks.values() if task.task is jobs.place_entries]
    ticks = periodic.croniter
    ticks.set_current(at.timestamp())
    assert [ticks.get_next(float) - at.timestamp() for _ in range(4)] == [3, 6, 9, 12]
