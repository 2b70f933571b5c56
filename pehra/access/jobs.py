"""Periodic work of access: one call a tick. Idempotent: an end is written down once, a silence ends a role once."""

from procrastinate.contrib.django import app

from pehra.kernel import actors, clock

ROUNDS_MAX = 50


@app.periodic(cron="*/5 * * * *")
@app.task(name="access.sweep", queueing_lock="access.sweep", pass_context=False)
def sweep(timestamp: int) -> None:
    """Write down roles that ended, end those nobody spoke for, and close questions nobody answered."""
    from pehra.access import api  # inside: this module is read at every start of every command

    for _round in range(ROUNDS_MAX):
        done = api.sweep(by=actors.system("access"), at=clock.now())
        if not done.expired + done.silent + done.unanswered:
            break
    api.forget_answers(at=clock.now())
