"""Periodic work of intake: one call a tick. Idempotent: a team that was told is not told again."""

from procrastinate.contrib.django import app

from pehra.kernel import actors, clock


@app.periodic(cron="* * * * *", periodic_id="intake.tell_teams")
@app.task(name="intake.tell_teams", queueing_lock="intake.tell_teams", pass_context=False)
def tell_teams(timestamp: int) -> None:
    """Tell teams of the reports that came while they were left in peace."""
    from pehra.intake import api  # inside: this module is read at every start of every command

    api.tell_teams(by=actors.system("intake"), at=clock.now())
