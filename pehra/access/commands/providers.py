"""`pehra access providers`: which other organisations' sign-in is taken, and whether they answer."""

import json

import click

from pehra.access.commands.group import commands


@commands.command()
@click.option("--check", is_flag=True, help="Ask each provider to describe itself. Exit code 1 when one is not right.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def providers(context: click.Context, check: bool, as_json: bool) -> None:
    """List the providers of providers.toml: for which mail domains, and which second factors, they are believed."""
    from dataclasses import asdict

    from pehra.access import api

    rows = api.providers()
    flaws = {row.id: api.provider_flaws(row.id) for row in rows} if check else {}
    if as_json:
        shown = [{**asdict(row), "flaws": flaws.get(row.id, [])} for row in rows]
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for row in rows:
            domains = ", ".join(row.trusted_domains) or "linked accounts only"
            factors = ", ".join(row.second_factor) or "no second factor"
            click.echo(f"{row.id}\t{row.name}\t{row.issuer}\t{domains}\t{factors}")
            for flaw in flaws.get(row.id, []):
                click.echo(f"  {flaw}")
        if not rows:
            click.echo("No provider. Write providers.toml into the data folder: docs/use/providers.md")
    if any(flaws.values()):
        context.exit(1)
