"""`pehra incidents import-history`: incidents of the past, as others recorded them."""

import json
from pathlib import Path

import click

from pehra.incidents.commands.group import commands


@commands.command("import-history")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--team", default="", help="Whose history it is; by default the team that coordinates where no other leads."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_history(file: Path, team: str, as_json: bool) -> None:
    """Take in past incidents (VERIS, one JSON record a line, gzip or not) as closed ones; again changes nothing."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    summary = api.import_history(path=file, team=team, by=system("cli"), at=clock.now())
    if as_json:
        said = {name: getattr(summary, name) for name in ("read", "added", "known", "set_aside")}
        unread = [{"line": each.line, "reason": each.reason} for each in summary.unread]
        click.echo(json.dumps(said | {"unread": unread}, ensure_ascii=False))
        return
    click.echo(f"{summary.read} lines: {summary.added} added, {summary.known} known, {summary.set_aside} set aside")
    for each in summary.unread:
        click.echo(f"  line {each.line}: {each.reason}")
