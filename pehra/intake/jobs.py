"""Periodic work of intake: one call a tick. Idempotent: a team that was told is not told again."""

from datetime import timedelta

from procrastinate import JobContext
from procrastinate.contrib.django import app

from pehra.kernel import actors, clock

LEFT_FOR_DEAD = timedelta(days=1)  # no writer takes so long over one file


@app.periodic(cron="* * * * *", periodic_id="intake.tell_teams")
@app.task(name="intake.tell_teams", queueing_lock="intake.tell_teams", pass_context=False)
def tell_teams(timestamp: int) -> None:
    """Tell teams of the reports that came while they were left in peace."""
    from pehra.intake import api  # inside: this module is read at every start of every command

    api.tell_teams(by=actors.system("intake"), at=clock.now())


@app.periodic(cron="* * * * * */15", periodic_id="intake.fetch_mail")
@app.task(name="intake.fetch_mail", queueing_lock="intake.fetch_mail", lock="intake.fetch_mail", pass_context=True)
def fetch_mail(context: JobContext, timestamp: int) -> None:
    """Fetch what waits in the mailboxes; nothing of it is read here."""
    from pehra.intake import api  # inside: this module is read at every start of every command

    api.fetch_mail(by=actors.system("intake"), clock=clock.SystemClock(), ending=context.should_abort)


@app.periodic(cron="* * * * * */5", periodic_id="intake.sort_mail")
@app.task(name="intake.sort_mail", queueing_lock="intake.sort_mail", lock="intake.sort_mail", pass_context=True)
def sort_mail(context: JobContext, timestamp: int) -> None:
    """Sort what was fetched, the first mail of every sender before the second of any."""
    from pehra.intake import api  # inside: this module is read at every start of every command

    api.sort_mail(by=actors.system("intake"), clock=clock.SystemClock(), ending=context.should_abort)


@app.periodic(cron="* * * * * */10", periodic_id="intake.feed_from_mail")
@app.task(
    name="intake.feed_from_mail", queueing_lock="intake.feed_from_mail", lock="intake.feed_from_mail", pass_context=True
)
def feed_from_mail(context: JobContext, timestamp: int) -> None:
    """Hand what came by mail for the machine road over to it."""
    from pehra.intake import api  # inside: this module is read at every start of every command

    api.feed_from_mail(by=actors.system("intake"), clock=clock.SystemClock(), ending=context.should_abort)


@app.periodic(cron="17 * * * *", periodic_id="intake.forget_drafts")
@app.task(name="intake.forget_drafts", queueing_lock="intake.forget_drafts", pass_context=False)
def forget_drafts(timestamp: int) -> None:
    """Delete forms that were begun and not handed in, when their time is over."""
    from pehra.intake.api.forms import open as forms  # inside: this module is read at every start of every command
    from pehra.intake.api.forms import organisation

    forms.forget_old_drafts(at=clock.now())
    organisation.forget_old_reports(at=clock.now())


@app.periodic(cron="43 * * * *", periodic_id="intake.sweep_vault")
@app.task(name="intake.sweep_vault", queueing_lock="intake.sweep_vault", pass_context=False)
def sweep_vault(timestamp: int) -> None:
    """Remove halves of files whose writers died."""
    from pehra.vault import api as vault  # inside: this module is read at every start of every command

    vault.remove_leftovers(older_than=(clock.now() - LEFT_FOR_DEAD).timestamp())
