"""Periodic work of threads: one call a tick. Idempotent; two at once skip each other's rows."""

from procrastinate.contrib.django import app

from pehra.kernel import actors, clock


@app.periodic(cron="* * * * *", periodic_id="threads.follow")
@app.task(name="threads.follow", queueing_lock="threads.follow", pass_context=False)
def follow(timestamp: int) -> None:
    """Follow new letters, and pass on those that came back or brought no answer."""
    from pehra.threads import api  # inside: this module is read at every start of every command

    api.follow_letters(by=actors.system("threads"), at=clock.now())
