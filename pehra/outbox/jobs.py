"""Periodic work of the outbox: one call a tick. Idempotent; two at once share the queue by locks that are skipped."""

from procrastinate.contrib.django import app

from pehra.kernel import clock


@app.periodic(cron="* * * * * */5")
@app.task(name="outbox.send", queueing_lock="outbox.send", pass_context=False)
def send(timestamp: int) -> None:
    """Send what is due."""
    from pehra.outbox import api  # inside: this module is read at every start of every command

    api.send_due(at=clock.now(), clock=clock.SystemClock())
