"""Periodic work of access: one call a tick. Idempotent: an end is written down once, a silence ends a role once."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from pehra.kernel import actors, clock

ROUNDS_MAX = 50
TOLD_AT_ONCE = 5  # services told between two looks at whether the worker is asked to end


@app.periodic(cron="*/5 * * * *")
@app.task(name="access.sweep", queueing_lock="access.sweep", pass_context=False)
def sweep(timestamp: int) -> None:
    """Write down roles that ended, end those nobody spoke for, and close questions nobody answered."""
    from pehra.access import api  # inside: this module is read at every start of every command
    from pehra.access.api import provider

    for _round in range(ROUNDS_MAX):
        done = api.sweep(by=actors.system("access"), at=clock.now())
        if not done.expired + done.silent + done.unanswered:
            break
    api.forget_answers(at=clock.now())
    api.forget_sessions(at=clock.now())
    api.forget_requests(at=clock.now())
    provider.forget_uses(at=clock.now())


@app.periodic(cron="* * * * * */10", periodic_id="access.tell_services")
@app.task(name="access.tell_services", queueing_lock="access.tell_services", pass_context=True)
def tell_services(context: JobContext, timestamp: int) -> None:
    """Tell relying services of sessions that ended, a few at a time: a service that hangs holds nobody up."""
    from pehra.access.api import provider

    for _round in range(ROUNDS_MAX):
        if context.should_abort():
            break
        done = provider.tell_services(at=clock.now(), limit=TOLD_AT_ONCE)
        if done.told + done.waiting + done.given_up < TOLD_AT_ONCE:
            break


@app.periodic(cron="* * * * *", periodic_id="access.end_lost_uses")
@app.task(name="access.end_lost_uses", queueing_lock="access.end_lost_uses", pass_context=False)
def end_lost_uses(timestamp: int) -> None:
    """End the sign-ins at services whose session is there no more."""
    from pehra.access.api import provider

    provider.end_lost_uses(at=clock.now())
