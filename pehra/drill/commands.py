"""`pehra drill`: a synthetic nation and its feeds, as files."""

import json
from datetime import date, datetime
from pathlib import Path

import click

NEEDS_DATABASE = True


@click.group("drill")
def commands() -> None:
    """A synthetic nation, its feeds and its attacks."""


@commands.command("nation")
@click.option("--seed", type=int, required=True, help="The same seed gives the same nation.")
@click.option("--organisations", type=click.IntRange(1, 60_000), required=True, help="How many organisations.")
@click.option(
    "--assets", type=click.IntRange(1, 5_000_000), help="How many assets; about four an organisation if not given."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def nation(seed: int, organisations: int, assets: int | None, out: Path, as_json: bool) -> None:
    """Write the registry files of a synthetic nation in reserved address space."""
    from pehra.drill import api

    written = api.write_nation(seed=seed, organisations=organisations, assets=assets, folder=out)
    if as_json:
        click.echo(json.dumps({kind: {"path": str(file.path), "rows": file.rows} for kind, file in written.items()}))
        return
    for kind, file in written.items():
        click.echo(f"{file.rows:>9,} {kind:<14} {file.path}")


nation.needs_database = False  # type: ignore[attr-defined]


@commands.command("feed")
@click.option("--seed", type=int, required=True, help="The same seed and registry give the same feed.")
@click.option(
    "--rows", type=click.IntRange(1, 20_000_000), required=True, help="How many rows, repeats and bad ones included."
)
@click.option("--format", "form", type=click.Choice(["shadowserver", "eve", "intelmq"]), required=True)
@click.option("--report", default="event4_sinkhole", show_default=True, help="The kind of report.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the events, UTC; today if not given.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file; .gz compresses.")
def feed(seed: int, rows: int, form: str, report: str, day: datetime | None, out: Path) -> None:
    """Write a feed about the loaded registry and print, as JSON, the counts to expect."""
    from pehra.drill import api
    from pehra.kernel import clock

    when: date = day.date() if day else clock.now().date()
    expected = api.write_feed(seed=seed, rows=rows, form=form, report=report, day=when, path=out)
    click.echo(json.dumps({**expected.as_json(), "format": form, "day": when.isoformat(), "file": str(out)}))
