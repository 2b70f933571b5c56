"""`pehra threads`: what was said to whom, whether it arrived, and what they answered."""

import json

import click

NEEDS_DATABASE = True
LIST_DEFAULT = 100
LIST_MAX = 500


@click.group(name="threads")
def commands() -> None:
    """Threads: what a team and another side said to each other."""


@commands.command("list")
@click.option("--turn", type=click.Choice(["us", "them", "nobody"]), help="Only where it is this side's turn.")
@click.option("--organisation", default="", help="Only with this organisation.")
@click.option("--about", default="", help="Only about this incident, notice or report.")
@click.option("--limit", default=LIST_DEFAULT, show_default=True, type=click.IntRange(1, LIST_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_threads(turn: str | None, organisation: str, about: str, limit: int, as_json: bool) -> None:
    """List threads, where something happened last first."""
    from pehra.kernel import actors
    from pehra.threads import api

    wanted = api.Turn(turn) if turn else None
    by = actors.system("cli")
    rows, _following = api.threads(by=by, turn=wanted, organisation=organisation, about=about, limit=limit)
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    for row in rows:
        turn_of = "asks for help" if row.urgent else row.turn.value
        click.echo(f"{row.reference}\t{row.about or '-'}\t{row.other_name}\t{turn_of}\t{row.subject}")
    if not rows:
        click.echo("No threads.")


@commands.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(reference: str, as_json: bool) -> None:
    """Show one thread: what went out, whether it arrived, and what came back."""
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time
    from pehra.threads import api

    page = api.thread(reference=reference, by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps(page.as_json(), ensure_ascii=False))
        return
    click.echo(f"{page.thread.reference}: {page.thread.subject} ({page.thread.other_name}), turn: {page.thread.turn}")
    for event in page.events:
        moment = format_time(event.at)
        if event.letter:
            click.echo(f"{moment}  letter to {event.letter.message.recipient_email}: {event.letter.state}")
        elif event.reply:
            click.echo(f"{moment}  reply from {event.reply.sender}:\n{event.reply.text}")
        elif event.answer:
            click.echo(f"{moment}  answered by link: {event.answer.choice}  {event.answer.note}")


@commands.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def ticket(number: str, as_json: bool) -> None:
    """Say what exactly was sent under a ticket number, when, whether it arrived, and what they answered."""
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time
    from pehra.threads import api

    found = api.look_up(ticket=number, by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    for line in found.deliveries:
        message = line.message
        answer = line.answer.choice.value if line.answer else line.ended or "-"
        sent = format_time(message.sent_at) if message.sent_at else "not sent"
        click.echo(f"{message.id}\t{message.recipient_email or '(no address)'}\t{line.state}\t{sent}\t{answer}")
    if not found.deliveries:
        click.echo("Nothing was sent under this number.")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def follow(as_json: bool) -> None:
    """Follow new letters and pass on those that came back or brought no answer; the worker does this every minute."""
    from pehra.kernel import actors, clock
    from pehra.threads import api

    outcome = api.follow_letters(by=actors.system("cli"), at=clock.now())
    if as_json:
        click.echo(json.dumps(outcome.as_json()))
        return
    click.echo(f"{outcome.followed} followed, {outcome.passed_on} passed on, {outcome.nobody_left} with nobody left")
