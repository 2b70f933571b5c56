"""Periodic work of the desk: who looked where is forgotten."""

from procrastinate.contrib.django import app

from pehra.kernel import clock


@app.periodic(cron="*/10 * * * *", periodic_id="desk.forget")
@app.task(name="desk.forget", queueing_lock="desk.forget")
def forget(timestamp: int) -> None:
    """Forget the glances of more than a minute ago."""
    from pehra.desk import api  # inside: this module is read at every start of every command

    api.forget_presence(at=clock.now())
