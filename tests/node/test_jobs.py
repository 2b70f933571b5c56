"""Jobs live and die with the act that queues them, and outlive the worker that was killed over them."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from pehra.node import jobs


class _Regret(Exception):
    pass


@pytest.fixture(autouse=True)
def _no_jobs(transactional_db):
    """The queue's tables are not Django's to empty."""
    with connection.cursor() as cursor:
        cursor.execute("truncate procrastinate_jobs, procrastinate_workers restart identity cascade")


def _regretted_act() -> None:
    with transaction.atomic():
        app.configure_task("node.forget_old").defer(timestamp=0)
        raise _Regret


def test_a_rolled_back_act_leaves_no_job_and_a_committed_one_its_job():
    with pytest.raises(_Regret):
        _regretted_act()
    assert ProcrastinateJob.objects.count() == 0
    with transaction.atomic():
        app.configure_task("node.forget_old").defer(timestamp=0)
    assert ProcrastinateJob.objects.count() == 1


@pytest.mark.parametrize(("silent_seconds", "state"), [(120, "todo"), (1, "doing")])
def test_the_job_of_a_silent_worker_runs_again_and_of_a_living_one_does_not(silent_seconds, state):
    from asgiref.sync import async_to_sync

    number = app.configure_task("node.forget_old").defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s)) "
            "returning id",
            [silent_seconds],
        )
        worker = cursor.fetchone()[0]
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', worker_id = %s, attempts = 1 where id = %s",
            [worker, number],
        )
    async_to_sync(jobs.retry_stalled.func)(SimpleNamespace(app=app), timestamp=int(datetime.now(UTC).timestamp()))
    assert ProcrastinateJob.objects.get(id=number).status == state


def test_every_periodic_job_is_known_once():
    tasks = app.periodic_registry.periodic_tasks
    names = [name for name, _identity in tasks]
    assert {"node.retry_stalled", "node.forget_old", "ledger.place_entries", "outbox.send"} <= set(names)
    assert len(names) == len(set(names))
