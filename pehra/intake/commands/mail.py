"""`pehra intake mail`: what came by mail, what it was sorted as, and how the mailboxes stand."""

from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from pehra.intake.commands.group import as_text, commands

ROWS_DEFAULT, ROWS_MAX = 50, 200
FAILED = 1
STATES = ("waiting", "done", "set-aside")


@commands.group()
def mail() -> None:
    """Mail that came in."""


@mail.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only mails in this state.")
@click.option("--sort", default="", help="Only mails of this kind, such as report, bounce or feed.")
@click.option("--words", default="", help="Only mails whose sender, subject, report or hash this is.")
@click.option("--before", type=click.UUID, help="Begin after this mail: `next` of the page before.")
@click.option("--limit", default=ROWS_DEFAULT, show_default=True, type=click.IntRange(1, ROWS_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_mail(state: str | None, sort: str, words: str, before: UUID | None, limit: int, as_json: bool) -> None:
    """List mails, newest first, with what each was sorted as and why."""
    from pehra.intake import api
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time

    wanted = api.MailFilter(state=state or "", sort=sort, words=words)
    page = api.mails(by=actors.system("cli"), wanted=wanted, before=before, limit=limit)
    if as_json:
        click.echo(as_text({"rows": [asdict(row) for row in page.rows], "next": page.next}))
        return
    for row in page.rows:
        kind = f"{row.sort} ({row.why})" if row.sort else "-"
        became = row.report or ("thread" if row.thread else row.problem or "-")
        click.echo(f"{row.id}\t{format_time(row.received_at)}\t{row.state}\t{kind}\t{row.sender_address}\t{became}")
    if not page.rows:
        click.echo("No mail.")
    if page.next:
        click.echo(f"more: --before {page.next}")


@mail.command()
@click.argument("mail_id", type=click.UUID)
@click.option("--text", is_flag=True, help="Print what it says as well.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(mail_id: UUID, text: bool, as_json: bool) -> None:
    """Show one mail and what became of it."""
    from pehra.intake import api
    from pehra.kernel import actors

    by = actors.system("cli")
    row = api.one_mail(mail_id=mail_id, by=by)
    said = api.mail_text(mail_id=mail_id, by=by) if text else None
    values: dict[str, Any] = asdict(row) | ({"text": asdict(said)} if said else {})
    if as_json:
        click.echo(as_text(values))
        return
    for name, value in values.items():
        if value not in ("", None, (), {}) and name != "text":
            click.echo(f"{name}: {value}")
    if said:
        click.echo(f"\n{said.text or said.problem}")


@mail.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def fetch(context: click.Context, as_json: bool) -> None:
    """Fetch what waits in the mailboxes now, and sort it. Exits with 1 if a mailbox could not be read."""
    from pehra.intake import api
    from pehra.kernel import actors, clock

    by, watch = actors.system("cli"), clock.SystemClock()
    told = api.fetch_mail(by=by, clock=watch)
    found = api.sort_mail(by=by, clock=watch)
    fed = api.feed_from_mail(by=by, clock=watch)
    if as_json:
        click.echo(as_text({"mailboxes": [asdict(one) for one in told], "sorted": asdict(found), "feeds": asdict(fed)}))
    else:
        for one in told:
            click.echo(f"{one.mailbox}: {one.problem or f'{one.fetched} new, {one.left} left on the server'}")
        for sort, count in sorted(found.sorts.items()):
            click.echo(f"{sort}: {count}")
        click.echo(f"set aside: {found.set_aside}, put off: {found.put_off}, feeds: {fed.done}, failed: {fed.failed}")
    if any(one.problem for one in told):
        context.exit(FAILED)


@mail.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mailbox", required=True, help="The mailbox in mailboxes.toml that they would have come to.")
def take(files: tuple[Path, ...], mailbox: str) -> None:
    """Take in mails that lie in FILES, one mail a file, as if they had come to a mailbox."""
    from pehra.intake import api
    from pehra.kernel import actors, clock

    new = sum(
        api.take_in_mail(content=file.read_bytes(), mailbox=mailbox, by=actors.system("cli"), at=clock.now())
        for file in files
    )
    click.echo(f"{new} new, {len(files) - new} known; they are sorted by the worker, or by: pehra intake mail fetch")


@mail.command()
@click.argument("mail_id", type=click.UUID)
def retry(mail_id: UUID) -> None:
    """Have a mail that was set aside sorted again."""
    from pehra.intake import api
    from pehra.kernel import actors, clock

    api.retry_mail(mail_id=mail_id, by=actors.system("cli"), at=clock.now())
    click.echo("It is sorted by the worker, or by: pehra intake mail fetch")


@mail.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def mailboxes(context: click.Context, as_json: bool) -> None:
    """Say how the mailboxes stand. Exits with 1 if one could not be read when it was last looked into."""
    from pehra.intake import api
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time

    rows = api.mailboxes(by=actors.system("cli"))
    if as_json:
        click.echo(as_text([asdict(row) for row in rows]))
    for row in rows if not as_json else ():
        since = format_time(row.succeeded_at) if row.succeeded_at else "never"
        click.echo(f"{row.name}\t{row.team}\tlast read {since}\t{row.waiting} left\t{row.problem or 'well'}")
    if not rows and not as_json:
        click.echo("No mailbox was looked into. Write mailboxes.toml into the data folder: docs/use/mail.md")
    if any(row.problem for row in rows):
        context.exit(FAILED)
