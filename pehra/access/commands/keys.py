"""`pehra access keys`: the keys by which this node signs for services outside."""

import json
from typing import Any

import click

from pehra.access.commands.group import commands


@commands.group()
def keys() -> None:
    """Keys that sign what other services verify: ID tokens, logout tokens, security events."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_keys(as_json: bool) -> None:
    """List the keys: which signs, which comes next, which are still verified by."""
    from pehra.access import api
    from pehra.kernel.clock import format_time

    rows = api.signing_keys(**_now())
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "kid": row.key.kid,
                        "standing": row.standing,
                        "signs_from": format_time(row.key.signs_from),
                        "until": format_time(row.until) if row.until else None,
                    }
                    for row in rows
                ]
            )
        )
        return
    for row in rows:
        until = f"\tuntil {format_time(row.until)}" if row.until else ""
        click.echo(f"{row.key.kid}\t{row.standing}\tsigns from {format_time(row.key.signs_from)}{until}")


@keys.command()
@click.option("--at-once", is_flag=True, help="Sign with it now, not after it was published for a day.")
@click.option("--withdraw", is_flag=True, help="Take every other key away: one of them is known to others.")
def rotate(at_once: bool, withdraw: bool) -> None:
    """Make the next signing key and print its name."""
    from pehra.access import api

    click.echo(api.rotate_keys(at_once=at_once, withdraw=withdraw, **_now()))


def _now() -> dict[str, Any]:
    from pehra.kernel import actors, clock

    return {"by": actors.system("cli"), "at": clock.now()}
