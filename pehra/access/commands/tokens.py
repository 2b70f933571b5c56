"""`pehra access token`: tokens by which programs act, from the machine's own command line."""

import json
from datetime import timedelta
from uuid import UUID

import click

from pehra.access.commands.group import commands

DAYS_DEFAULT, DAYS_MAX = 90, 3_650


@commands.group()
def token() -> None:
    """API tokens: made for an account, shown once, ended at any time."""


@token.command()
@click.argument("email")
@click.argument("name")
@click.option(
    "--may", "permissions", multiple=True, required=True, help="What it may do, such as findings.read; once each."
)
@click.option(
    "--days", default=DAYS_DEFAULT, show_default=True, type=click.IntRange(1, DAYS_MAX), help="How long it works."
)
def create(email: str, name: str, permissions: tuple[str, ...], days: int) -> None:
    """Make a token for an account and print it: it is shown this once."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    by, at = actors.system("cli"), clock.now()
    holder = api.person_by_email(email=email, by=by)
    valid = timedelta(days=days)
    click.echo(api.issue_token(holder_id=holder, name=name, permissions=permissions, valid=valid, by=by, at=at))


@token.command("list")
@click.option("--email", default="", help="Only those of this account.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_tokens(email: str, as_json: bool) -> None:
    """List tokens, newest first: whose, what they may do, until when, when last used."""
    from dataclasses import asdict

    from pehra.access import api
    from pehra.kernel import actors, clock
    from pehra.kernel.canonical import plain
    from pehra.kernel.clock import format_time

    by, at = actors.system("cli"), clock.now()
    holder = api.person_by_email(email=email, by=by) if email else None
    rows = api.tokens(by=by, at=at, holder_id=holder)
    if as_json:
        click.echo(json.dumps([plain(asdict(row)) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        standing = f"until {format_time(row.expires_at)}" if row.live else "ended"
        used = f"used {format_time(row.last_used_at)}" if row.last_used_at else "never used"
        click.echo(f"{row.id}\t{row.holder_name}\t{row.name}\t{' '.join(row.permissions)}\t{standing}\t{used}")
    if not rows:
        click.echo("No tokens.")


@token.command()
@click.argument("token_id", type=click.UUID)
@click.option("--reason", required=True, help="Why it ends; kept in the ledger.")
def revoke(token_id: UUID, reason: str) -> None:
    """End a token, by the id that `list` shows."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    api.revoke_token(token_id=token_id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo("ended")
