"""Periodic work of signals: one call a tick. Idempotent: an entry of the ledger is told once, a token has one id."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from pehra.kernel import clock

ROUNDS_MAX = 50


@app.periodic(cron="* * * * * */3", periodic_id="signals.tell")
@app.task(name="signals.tell", queueing_lock="signals.tell", lock="signals.tell", pass_context=True)
def tell(context: JobContext, timestamp: int) -> None:
    """Read the ledger on and call the receivers; one at a time, so that no number of hanging ones takes all places."""
    from pehra.signals import api  # inside: this module is read at every start of every command

    for _round in range(ROUNDS_MAX):
        if context.should_abort() or not api.follow(at=clock.now()).places:
            break
    if not context.should_abort():
        api.push_due(clock=clock.SystemClock(), ending=context.should_abort)


@app.periodic(cron="17 * * * *", periodic_id="signals.sweep")
@app.task(name="signals.sweep", queueing_lock="signals.sweep", pass_context=False)
def sweep(timestamp: int) -> None:
    """Pause who took nothing for days, stop closed services, let go and forget what is too old."""
    from pehra.signals import api  # inside: this module is read at every start of every command

    api.sweep_signals(at=clock.now())


@app.periodic(cron="23 3 * * *", periodic_id="signals.forget_leaked_secrets")
@app.task(name="signals.forget_leaked_secrets", queueing_lock="signals.forget_leaked_secrets", pass_context=False)
def forget_leaked_secrets(timestamp: int) -> None:
    """Forget the checks of secrets that leaked long ago."""
    from pehra.kernel import actors
    from pehra.signals import api  # inside: this module is read at every start of every command

    api.forget_leaked_secrets(by=actors.system("signals"), at=clock.now())
