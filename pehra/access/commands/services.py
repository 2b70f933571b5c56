"""`pehra access services`: the services that trust this node's sign-in."""

import json
from typing import Any

import click

from pehra.access.commands.group import commands


@commands.group()
def services() -> None:
    """Services that let people in by this node's sign-in (OpenID Connect)."""


@services.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_services(as_json: bool) -> None:
    """List the services, with how many sign-ins are open and how many ends they have not heard of."""
    from dataclasses import asdict

    from pehra.access.api import services as api
    from pehra.kernel.canonical import plain

    rows = api.relying_services(by=_now()["by"])
    if as_json:
        click.echo(json.dumps([plain(asdict(row)) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        standing = "closed" if row.closed_at else f"{row.signed_in} signed in, {row.untold} ends untold"
        kind = "public" if row.public else "confidential"
        click.echo(f"{row.client_id}\t{row.name}\t{kind}\t{' '.join(row.grants)}\t{standing}")
    if not rows:
        click.echo("No service yet. Add one with: pehra access services add NAME --redirect-uri URI")


@services.command()
@click.argument("name")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, help="Where browsers are sent back to; letter by letter."
)
@click.option("--after-logout-uri", "after_logout_uris", multiple=True, help="Where browsers may go after signing out.")
@click.option("--team", "teams", multiple=True, help="Only for people of this team; none: for everybody.")
@click.option(
    "--grant", "grants", multiple=True, default=["code", "refresh"], show_default=True, help="Road to a token."
)
@click.option("--logout-uri", default="", help="Where the service hears that a session ended.")
@click.option("--public", is_flag=True, help="It keeps no secret: a program on people's own machines.")
def add(name: str, **named: Any) -> None:
    """Add a service. Its id and its secret are printed; the secret is told this once."""
    from pehra.access.api import services as api

    made = api.add_service(name=name, **named, **_now())
    click.echo(f"client_id\t{made.client_id}")
    if made.secret:
        click.echo(f"client_secret\t{made.secret}")


@services.command("rotate-secret")
@click.argument("client_id")
def rotate_secret(client_id: str) -> None:
    """Print a new secret for a service; the former is no good from now on."""
    from pehra.access.api import services as api

    click.echo(api.rotate_service_secret(client_id=client_id, **_now()))


@services.command()
@click.argument("client_id")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
def close(client_id: str, reason: str) -> None:
    """Let nobody in there any more, and tell it that its sign-ins are over."""
    from pehra.access.api import services as api

    api.close_service(client_id=client_id, reason=reason, **_now())
    click.echo("closed")


def _now() -> dict[str, Any]:
    from pehra.kernel import actors, clock

    return {"by": actors.system("cli"), "at": clock.now()}
