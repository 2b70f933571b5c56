"""`pehra signals leaks` and `pehra signals leak`: a leak comes in, and what became of it. No secret is ever printed."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID

import click

from pehra.signals.commands.group import commands

if TYPE_CHECKING:
    from pehra.signals.api import LeakView

SET_ASIDE_SHOWN_MAX = 20
ROWS_DEFAULT, ROWS_MAX = 50, 500
NO = 1  # the exit code that means that the answer is "no"


@commands.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--source", required=True, help="Where the leak comes from, by its name: the same leak, the same name.")
@click.option("--tlp", default="TLP:AMBER", show_default=True, help="How its source marks it.")
@click.option("--pap", default="PAP:AMBER", show_default=True, help="What its source lets be done with it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def leaks(file: Path, source: str, tlp: str, pap: str, as_json: bool) -> None:
    """Take in a leak of credentials from FILE, or from standard input when it is `-`.

    CSV with a header, JSON lines, addresses alone, or `address:password` lines. Secrets become salted checks and are
    kept nowhere; delete the file yourself when you are done.
    """
    from pehra.kernel import actors, clock
    from pehra.signals import api

    with click.open_file(str(file), "rb") as content:
        said = api.receive_leak(
            content=cast("BinaryIO", content), source=source, tlp=tlp, pap=pap, by=actors.system("cli"), at=clock.now()
        )
    click.echo(_json(asdict(said)) if as_json else _told(file, said))


def _told(file: Path, said: "LeakView") -> str:
    lines = [
        f"{said.id}: {said.rows_read} rows read: {said.kept} new, {said.known} known, {said.duplicates} repeated, "
        f"{said.strangers} of nobody known, {said.set_aside_count} set aside",
        f"{said.accounts} addresses of {said.organisations} organisations, {said.with_secret} rows with a secret, "
        f"{said.in_use} of them in use here",
    ]
    shown = said.set_aside[:SET_ASIDE_SHOWN_MAX]
    lines += [f"  {file}, line {one.line}, {one.field}: {one.reason}" for one in shown]
    left_out = (said.set_aside_count or 0) - len(shown)
    return "\n".join([*lines, f"  and {left_out} more; --json lists the first thousand"] if left_out > 0 else lines)


@commands.group()
def leak() -> None:
    """Leaks that came in, and the accounts in them."""


@leak.command("list")
@click.option("--organisation", default="", help="Only leaks with accounts of this organisation.")
@click.option("--limit", default=ROWS_DEFAULT, show_default=True, type=click.IntRange(1, ROWS_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_leaks(organisation: str, limit: int, as_json: bool) -> None:
    """List leaks, newest first."""
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time
    from pehra.signals import api

    rows = api.leaks(by=actors.system("cli"), organisation=organisation, limit=limit)
    if as_json:
        click.echo(_json([asdict(row) for row in rows]))
        return
    for row in rows:
        numbers = f"{row.accounts} addresses\t{row.organisations} organisations\t{row.with_secret} with secret"
        click.echo(f"{row.id}\t{format_time(row.received_at)}\t{row.source}\t{row.tlp}\t{numbers}")
    if not rows:
        click.echo("No leaks.")


@leak.command()
@click.argument("leak_id", type=click.UUID)
@click.option("--after", type=click.UUID, help="Begin after this account: `next` of the page before.")
@click.option("--limit", default=ROWS_DEFAULT, show_default=True, type=click.IntRange(1, ROWS_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(leak_id: UUID, after: UUID | None, limit: int, as_json: bool) -> None:
    """Show one leak and the accounts in it."""
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time
    from pehra.signals import api

    page = api.leak(leak_id=leak_id, before=after, limit=limit, by=actors.system("cli"))
    if as_json:
        click.echo(_json(asdict(page)))
        return
    one = page.leak
    click.echo(f"{one.source}, {one.tlp}, {one.pap}, handed in {format_time(one.received_at)}")
    for row in page.accounts:
        words = [row.secret_kind, "repeated" if row.repeated else "", "in use here" if row.in_use else ""]
        owner = row.organisation or "(nobody known)"
        click.echo(f"{row.id}\t{row.address}\t{row.service}\t{owner}\t{', '.join(word for word in words if word)}")
    if page.next:
        click.echo(f"more: --after {page.next}")


@leak.command()
@click.argument("account_id", type=click.UUID)
@click.pass_context
def check(context: click.Context, account_id: UUID) -> None:
    """Say whether the secret on standard input is the one that leaked beside an account. Exits with 1 if it is not."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    given = sys.stdin.readline() if not sys.stdin.isatty() else click.prompt("Secret", hide_input=True)
    candidate = api.Secret(given.rstrip("\r\n"))
    is_it = api.is_leaked_secret(account_id=account_id, candidate=candidate, by=actors.system("cli"), at=clock.now())
    click.echo("It is the one that leaked." if is_it else "It is another one.")
    context.exit(0 if is_it else NO)


def _json(said: object) -> str:
    from pehra.kernel.canonical import plain

    values: Any = plain(said)
    return json.dumps(values, ensure_ascii=False)
