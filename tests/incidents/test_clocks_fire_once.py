"""Four workers, two thousand clocks, workers killed at random: each clock is due soon once and overdue once.

The workers are processes with connections of their own. They read the time from a file that the test moves on, and
they die by SIGKILL in whatever they are doing. What counts are the ledger's entries and the outbox's rows, not what
workers say.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections

from pehra.findings.api import FindingView, FoldOutcome
from pehra.incidents import api
from pehra.incidents.models import Clock
from pehra.incidents.rules.clocks import TICKING, ClockState
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time, parse_time
from pehra.kernel.identifiers import new_id
from pehra.ledger.models import LedgerEntry
from pehra.outbox.models import Message

WORKERS = 4
INCIDENTS = 20
CLOCKS = 2_000
KILLS_A_STEP_MAX = 12
KILLS_MIN = 4
CLOCKS_A_TRANSACTION = 40
PATIENCE_SECONDS = 60


class Workers:
    """Processes that advance clocks until they are killed, and are replaced when they are."""

    def __init__(self, time_file: Path) -> None:
        self.time_file = time_file
        self.running: list[int] = []
        self.killed = 0

    def show(self, moment: datetime) -> None:
        """Move the virtual clock that the workers read; whole, since a half-written time is no time."""
        beside = self.time_file.with_suffix(".next")
        beside.write_text(format_time(moment))
        beside.replace(self.time_file)

    def fill_up(self) -> None:
        while len(self.running) < WORKERS:
            connections.close_all()  # a child must not share its parent's socket
            child = os.fork()
            if child == 0:
                self._work()
            self.running.append(child)

    def kill_one(self, chance: random.Random) -> None:
        victim = self.running.pop(chance.randrange(len(self.running)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.killed += 1

    def end(self) -> None:
        while self.running:
            child = self.running.pop()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _work(self) -> None:
        """The child: nothing of pytest may run in it again."""
        try:
            while True:
                at = parse_time(self.time_file.read_text())
                if not api.advance_clocks(at=at, limit=CLOCKS_A_TRANSACTION):
                    time.sleep(0.01)
        except BaseException as error:
            os.write(2, f"a worker failed: {error!r}\n".encode())
        finally:
            os._exit(1)


@pytest.fixture
def workers(data_folder: Path) -> Iterator[Workers]:
    workers = Workers(data_folder / "time")
    yield workers
    workers.end()


@pytest.mark.django_db(transaction=True)
def test_each_clock_fires_each_warning_once(
    workers: Workers, at: datetime, machine: Actor, finding: Callable[..., FindingView], committed_country: None
) -> None:
    chance = random.Random(4)
    findings = [finding(malware=f"m{number}") for number in range(INCIDENTS)]
    api.open_from_findings(outcome=FoldOutcome(new=findings, reopened=[]), by=machine, at=at)
    _multiply_clocks(CLOCKS)
    assert Clock.objects.filter(state=ClockState.RUNNING).count() == CLOCKS

    workers.show(at)
    workers.fill_up()
    dues = sorted(Clock.objects.filter(due_at__isnull=False).values_list("due_at", flat=True).distinct())
    warns = sorted(Clock.objects.filter(warn_at__isnull=False).values_list("warn_at", flat=True).distinct())
    for moment in sorted({*dues, *warns, dues[-1] + timedelta(days=1)}):
        workers.show(moment)
        _kill_while_they_work(workers, moment, chance)
        _wait_until_nothing_fires(moment)

    assert workers.killed >= KILLS_MIN
    assert not Clock.objects.filter(state__in=TICKING).exists()
    assert Clock.objects.filter(state=ClockState.OVERDUE, due_soon_at__isnull=False).count() == CLOCKS
    for event in ("incidents.clock.due_soon", "incidents.clock.overdue"):
        _require_once_a_clock(event)
    _require_each_message_once()


def _multiply_clocks(number: int) -> None:
    """Copy the running clocks that the law gave, as stages of further duties, until there are so many."""
    given = list(Clock.objects.filter(state=ClockState.RUNNING).select_related("incident"))
    copies = []
    for copy in range(number - len(given)):
        clock = deepcopy(given[copy % len(given)])
        clock.pk, clock.duty = new_id(clock.started_at), f"{clock.duty}-{copy}"
        copies.append(clock)
    Clock.objects.bulk_create(copies, batch_size=200)


def _kill_while_they_work(workers: Workers, moment: datetime, chance: random.Random) -> None:
    """Kill in the middle of the work, not in its pauses, and not so often that nobody ever finishes."""
    for _ in range(KILLS_A_STEP_MAX):
        time.sleep(chance.uniform(0.02, 0.2))
        if not Clock.objects.filter(fires_at__lte=moment).exists():
            return
        workers.kill_one(chance)
        workers.fill_up()


def _wait_until_nothing_fires(moment: datetime) -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while Clock.objects.filter(fires_at__lte=moment).exists():
        assert time.monotonic() < patience, "the workers stopped advancing"
        time.sleep(0.05)


def _require_once_a_clock(event: str) -> None:
    told = Counter(
        json.loads(bytes(canonical))["facts"]["clock"]
        for canonical in LedgerEntry.objects.filter(event=event).values_list("canonical", flat=True)
    )
    expected = {str(pk) for pk in Clock.objects.filter(due_at__isnull=False).values_list("pk", flat=True)}
    assert set(told) == expected
    assert set(told.values()) == {1}


def _require_each_message_once() -> None:
    for kind in ("clock-due-soon", "clock-overdue"):
        messages = Message.objects.filter(kind=kind)
        assert messages.exists()
        entries = LedgerEntry.objects.filter(event__in=["outbox.queued", "outbox.held"])
        queued = Counter(entries.values_list("subject", flat=True))
        assert {queued[f"message:{pk}"] for pk in messages.values_list("pk", flat=True)} == {1}
