"""Periodic work of findings: one call a tick. Idempotent: what was told is not told again."""

from procrastinate.contrib.django import app

from pehra.kernel import actors, clock


@app.periodic(cron="* * * * *")
@app.task(name="findings.count", queueing_lock="findings.count", pass_context=False)
def count(timestamp: int) -> None:
    """Count findings anew for the pages with numbers, where anything has changed."""
    from pehra.findings import api

    api.renew_counts(by=actors.system("findings"), at=clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="findings.notify", queueing_lock="findings.notify", pass_context=False)
def notify(timestamp: int) -> None:
    """Queue the notices that waited until their organisation may be written to again."""
    from pehra.findings import api  # inside: this module is read at every start of every command

    api.queue_notices(by=actors.system("findings"), at=clock.now())
