"""The lake's periodic work: once a night, the many small files of a day become one."""

from procrastinate.contrib.django import app

from pehra.kernel import actors, clock


@app.periodic(cron="20 2 * * *", periodic_id="telemetry.compact")
@app.task(name="telemetry.compact", queueing_lock="telemetry.compact")
def compact(timestamp: int) -> None:
    """Merge the files of days that have many. Killed at any moment, it leaves the lake as it was."""
    from pehra.telemetry import api  # inside: this module is read at every start of every command

    api.compact(by=actors.system("telemetry"), at=clock.now())
