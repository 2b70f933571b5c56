"""Periodic work of the outbox: one call a tick. Idempotent; two at once share the queue by locks that are skipped."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from pehra.kernel import clock

ROUNDS_MAX = 50
ROUND_MAX = 10  # messages between two looks at whether the worker is asked to end


@app.periodic(cron="* * * * * */5", periodic_id="outbox.send")
@app.task(name="outbox.send", queueing_lock="outbox.send", pass_context=True)
def send(context: JobContext, timestamp: int) -> None:
    """Send what is due, a few at a time: whoever stops the worker does not wait for a day's notices."""
    from pehra.outbox import api  # inside: this module is read at every start of every command

    for _round in range(ROUNDS_MAX):
        if context.should_abort():
            break
        summary = api.send_due(at=clock.now(), limit=ROUND_MAX, clock=clock.SystemClock())
        if summary.sent + summary.delayed + summary.failed < ROUND_MAX:
            break
