"""`pehra outbox`: what was said to whom, whether it arrived, and the proof."""

import json
from uuid import UUID

import click

NEEDS_DATABASE = True
LIST_DEFAULT = 100
LIST_MAX = 100_000


@click.group(name="outbox")
def commands() -> None:
    """Messages to people and systems: queued, sent, proven."""


@commands.command("list")
@click.option("--state", type=click.Choice(["queued", "sending", "sent", "failed", "held"]), help="Only in this state.")
@click.option("--about", default="", help="Only about this, such as an incident's or a notice's reference.")
@click.option("--organisation", default="", help="Only to this organisation.")
@click.option("--limit", default=LIST_DEFAULT, show_default=True, type=click.IntRange(1, LIST_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: all of them, unless --limit is given.")
@click.pass_context
def list_messages(
    context: click.Context, state: str | None, about: str, organisation: str, limit: int, as_json: bool
) -> None:
    """List messages, newest first."""
    from pehra.kernel import actors
    from pehra.outbox import api

    if as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT:
        limit = LIST_MAX
    wanted = api.State(state) if state else None
    by = actors.system("cli")
    rows: list[api.MessageView] = []
    while len(rows) < limit:
        before = rows[-1].id if rows else None
        page = api.messages(
            by=by, state=wanted, about=about, organisation=organisation, before=before, limit=limit - len(rows)
        )
        rows += page
        if not page:
            break
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    for row in rows:
        place = row.proof.get("path") or row.proof.get("answer") if row.proof else row.problem
        click.echo(f"{row.id}\t{row.state}\t{row.recipient_email or '(no address)'}\t{row.subject}\t{place or ''}")
    if not rows:
        click.echo("No messages.")


@commands.command()
@click.argument("message_id", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(message_id: UUID, as_json: bool) -> None:
    """Show one message with its body, attachments and proof."""
    from pehra.kernel import actors
    from pehra.outbox import api

    row = api.message(message_id=message_id, by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps(row.as_json(), ensure_ascii=False))
        return
    click.echo(f"To: {row.recipient_name} <{row.recipient_email or 'no address'}>\nSubject: {row.subject}")
    click.echo(f"State: {row.state}, attempts: {row.attempts}" + (f"\nProblem: {row.problem}" if row.problem else ""))
    for file in row.attachments:
        click.echo(f"Attachment: {file.name}, {file.size} bytes, SHA-256 {file.sha256}")
    if row.proof:
        click.echo(f"Proof: {json.dumps(row.proof, ensure_ascii=False)}")
    click.echo(f"\n{row.text}")


@commands.command()
@click.option("--limit", default=LIST_DEFAULT, show_default=True, type=click.IntRange(1, 500))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def send(limit: int, as_json: bool) -> None:
    """Send what is due now, instead of waiting for the worker."""
    from pehra.kernel import actors, clock
    from pehra.outbox import api

    outcome = api.send_due(by=actors.system("cli"), at=clock.now(), limit=limit, clock=clock.SystemClock())
    if as_json:
        click.echo(json.dumps(outcome.as_json()))
        return
    click.echo(f"{outcome.sent} sent, {outcome.delayed} to be tried again, {outcome.failed} failed")


@commands.command()
@click.argument("message_id", type=click.UUID)
@click.option("--reason", required=True, help="Why it is sent after all; kept in the ledger.")
@click.option("--email", default="", help="Another address of the same recipient.")
def again(message_id: UUID, reason: str, email: str) -> None:
    """Queue a held or failed message again."""
    from pehra.kernel import actors, clock
    from pehra.outbox import api

    api.queue_again(message_id=message_id, reason=reason, email=email, by=actors.system("cli"), at=clock.now())
    click.echo("queued")


@commands.group()
def key() -> None:
    """The keys with which this node signs its mail and reads what is encrypted for it."""


@key.command("make")
@click.option("--team", default="node", show_default=True, help="Whose: a team's code, or the node's own.")
@click.option("--name", required=True, help="What the key calls its holder, such as the team's name.")
def make_key(team: str, name: str) -> None:
    """Make an OpenPGP key in the data folder's `keys`, and print its public part, to be given to others."""
    from pehra.outbox import api

    try:
        click.echo(api.make_signing_key(team=team, name=name), nl=False)
    except FileExistsError as error:
        raise click.ClickException(f"there is one already: {error.filename}; move it away first") from error


@key.command("show")
@click.option("--team", default="node", show_default=True, help="Whose: a team's code, or the node's own.")
def show_key(team: str) -> None:
    """Print the public part of the OpenPGP key that signs for a team."""
    from pehra.outbox import api

    found = api.public_signing_key(team=team)
    if not found:
        raise click.ClickException("there is no key; make one with: pehra outbox key make")
    click.echo(found, nl=False)
