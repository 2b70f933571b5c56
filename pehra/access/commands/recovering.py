"""`pehra access recover` and `change-email`: what leads do for their people, where there is no lead who could.

The machine's own command acts alone, and the ledger says so.
"""

from datetime import timedelta

import click

from pehra.access.commands.group import commands


@commands.command()
@click.argument("email")
@click.option("--reason", required=True, help="Why, and how you know that it is them; kept in the ledger.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 72), help="How long the link works.")
@click.option("--site", default="http://localhost:8000", show_default=True, help="Address of the web pages.")
def recover(email: str, reason: str, hours: int, site: str) -> None:
    """Print a link by which somebody comes back; using it ends all their old credentials, tokens and sessions."""
    from pehra.access import api
    from pehra.kernel import actors, clock
    from pehra.kernel.refusals import Invalid

    if not site.startswith(("https://", "http://")):
        raise Invalid(f"{site!r} is no address of web pages, such as https://pehra.example", field="site")
    by, at = actors.system("cli"), clock.now()
    person = api.person_by_email(email=email, by=by)
    token = api.recover(person_id=person, reason=reason, by=by, at=at, valid=timedelta(hours=hours))
    click.echo(f"{site.rstrip('/')}/access/link/{token}")


@commands.command("change-email")
@click.argument("email")
@click.argument("new_email")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
def change_email(email: str, new_email: str, reason: str) -> None:
    """Give somebody another e-mail address; the old one is told."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    by = actors.system("cli")
    person = api.person_by_email(email=email, by=by)
    api.change_email(person_id=person, email=new_email, reason=reason, by=by, at=clock.now())
    click.echo("changed")
