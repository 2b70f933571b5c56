"""The worker alone: runs the parts' jobs, queued in the acts' own transactions, and their periodic ticks.

procrastinate through its Django integration. Every job is idempotent: one that a killed worker left half done is run
again by `pehra.node.jobs`.
"""

CONCURRENCY = 4
GRACE_SECONDS = 1  # then a long job is asked to end, and does so at its next pause


def work(*, once: bool = False) -> None:
    """Run jobs until SIGTERM or Ctrl-C; with `once` only those that wait now."""
    from procrastinate.contrib.django import app

    _stand_as_pehra()
    connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with app.replace_connector(connector) as worker:
        worker.run_worker(
            name="pehra",
            concurrency=CONCURRENCY,
            wait=not once,
            delete_jobs="successful",
            shutdown_graceful_timeout=GRACE_SECONDS,
        )


def _stand_as_pehra() -> None:
    """Open the database as the role that sees every row and owns none: a job does what Pehra itself may do."""
    from django.db import connections

    from pehra.node import settings

    if settings.PEHRA_WALL:
        connections.settings["default"].update(settings.walled_database(role="pehra_system"))
