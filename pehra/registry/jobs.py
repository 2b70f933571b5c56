"""Periodic work of the registry: rules start and end at midnight, and the wall must follow."""

from procrastinate.contrib.django import app

from pehra.kernel import clock


@app.periodic(cron="5 * * * *")
@app.task(name="registry.refresh", queueing_lock="registry.refresh", pass_context=False)
def refresh(timestamp: int) -> None:
    """Ask law again who answers for each organisation; an hour with nothing new writes nothing."""
    from pehra.kernel import actors
    from pehra.registry import api  # inside: this module is read at every start of every command

    api.refresh_responsibility(by=actors.system("registry"), at=clock.now())
