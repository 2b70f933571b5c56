"""The same leak handed in twice at once counts once; an act that breaks leaves nothing; other sources do not wait."""

import threading
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from pehra.findings.models import Finding
from pehra.signals.gateways.leak_turns import take_turn
from pehra.signals.models import Leak, LeakedAccount
from tests.signals.leaked import lay_out, take

LEAK = "clerk@deeds.example:One-secret-1\nengineer@river.example:One-secret-1\n"


@pytest.mark.django_db(transaction=True)
def test_the_same_leak_twice_at_once_counts_once(at: datetime, tmp_path: Path) -> None:
    lay_out(tmp_path, at)
    raised: list[BaseException] = []
    start = threading.Barrier(3)

    def run() -> None:
        try:
            start.wait(timeout=60)
            take(LEAK, at=at)
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert raised == []
    assert sorted(Leak.objects.values_list("kept", "known")) == [(0, 2), (0, 2), (2, 0)]
    assert LeakedAccount.objects.count() == 2
    assert set(Finding.objects.values_list("times", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_another_source_does_not_wait(at: datetime) -> None:
    done = threading.Event()

    def elsewhere() -> None:
        try:
            with transaction.atomic():
                take_turn("Another")
            done.set()
        finally:
            connection.close()

    with transaction.atomic():
        take_turn("One")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(timeout=60)
        assert done.is_set()


@pytest.mark.django_db
def test_an_intake_that_breaks_leaves_nothing(at: datetime, tmp_path: Path, settings) -> None:
    lay_out(tmp_path, at)
    settings.PEHRA_LEAKS_GO_ON_TO = ("pehra.signals.no_such_thing",)
    with pytest.raises(ImportError):
        take(LEAK, at=at)
    assert (Leak.objects.count(), LeakedAccount.objects.count(), Finding.objects.count()) == (0, 0, 0)
    settings.PEHRA_LEAKS_GO_ON_TO = ()
    assert take(LEAK, at=at).kept == 2
