"""Four workers killed at random: each silent organisation is asked once more once, each task is told of twice."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pehra.findings.api import FindingView, FoldOutcome
from pehra.incidents import api
from pehra.incidents.models import Consent, Task
from pehra.incidents.rules.consents import REMINDED_AFTER
from pehra.kernel.actors import Actor
from pehra.ledger.models import LedgerEntry
from pehra.outbox.models import Message
from tests.incidents.workers import Workers

INCIDENTS = 6
EACH = 25  # questions, and as many tasks, of an incident
AT_ONCE = 7
KILLS_A_STEP_MAX = 12
KILLS_MIN = 4
PATIENCE_SECONDS = 60
DUE_AFTER = timedelta(days=4)  # nearly due a day after the silent are reminded, and overdue another day later


@pytest.fixture
def workers(data_folder: Path) -> Iterator[Workers]:
    workers = Workers(data_folder / "time", lambda at: api.remind(at=at, limit=AT_ONCE))
    yield workers
    workers.end()


@pytest.mark.django_db(transaction=True)
def test_each_reminder_is_written_once(
    workers: Workers, at: datetime, machine: Actor, finding: Callable[..., FindingView], committed_country: None
) -> None:
    chance = random.Random(7)
    findings = [finding(malware=f"m{number}") for number in range(INCIDENTS)]
    for view in api.open_from_findings(outcome=FoldOutcome(new=findings, reopened=[]), by=machine, at=at):
        for number in range(EACH):
            api.add_task(ref=view.reference, title=f"task {number}", due_at=at + DUE_AFTER, by=machine, at=at)
            api.ask_consent(ref=view.reference, act=f"act {number}", by=machine, at=at)

    workers.show(at)
    workers.fill_up()
    for moment in (at + REMINDED_AFTER, at + DUE_AFTER * 3 / 4, at + DUE_AFTER):
        workers.show(moment)
        _kill_while_they_work(workers, moment, chance)
        _wait_until_nothing_is_left(moment)

    assert workers.killed >= KILLS_MIN
    number = INCIDENTS * EACH
    for kind, event in (
        ("consent-reminded", "incidents.consent.reminded"),
        ("task-due-soon", "incidents.task.due_soon"),
        ("task-overdue", "incidents.task.overdue"),
    ):
        assert LedgerEntry.objects.filter(event=event).count() == number
        messages = {str(pk) for pk in Message.objects.filter(kind=kind).values_list("id", flat=True)}
        assert len(messages) == number
        entries = LedgerEntry.objects.filter(subject__in=[f"message:{pk}" for pk in messages])
        assert set(Counter(entries.values_list("subject", flat=True)).values()) == {1}
    assert Consent.objects.filter(reminded_at__isnull=False, reminds_at__isnull=True).count() == number


def _left(moment: datetime) -> bool:
    waiting = Consent.objects.filter(reminds_at__lte=moment).exists()
    return waiting or Task.objects.filter(fires_at__lte=moment).exists()


def _kill_while_they_work(workers: Workers, moment: datetime, chance: random.Random) -> None:
    """Kill in the middle of the work, and not so often that nobody ever finishes."""
    for _ in range(KILLS_A_STEP_MAX):
        time.sleep(chance.uniform(0.02, 0.15))
        if not _left(moment):
            return
        workers.kill_one(chance)
        workers.fill_up()


def _wait_until_nothing_is_left(moment: datetime) -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while _left(moment):
        assert time.monotonic() < patience, "the workers stopped reminding"
        time.sleep(0.05)
