"""Four workers, two thousand clocks, workers killed at random: each clock is due soon once and overdue once."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pehra.findings.api import FindingView, FoldOutcome
from pehra.incidents import api
from pehra.incidents.models import Clock
from pehra.incidents.rules.clocks import TICKING, ClockState
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.ledger.models import LedgerEntry
from pehra.outbox.models import Message
from tests.incidents.workers import Workers

INCIDENTS = 20
CLOCKS = 2_000
KILLS_A_STEP_MAX = 12
KILLS_MIN = 4
CLOCKS_A_TRANSACTION = 40
PATIENCE_SECONDS = 60


@pytest.fixture
def workers(data_folder: Path) -> Iterator[Workers]:
    workers = Workers(data_folder / "time", lambda at: api.advance_clocks(at=at, limit=CLOCKS_A_TRANSACTION))
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
