"""`pehra intel`: indicators in, and a look at what is held."""

import contextlib
import json
from pathlib import Path

import click

NEEDS_DATABASE = True


@click.group(name="intel")
def commands() -> None:
    """Indicators of compromise."""


@commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="Who the indicators are from; the file's name otherwise.")
@click.option("--tlp", default="amber", show_default=True, help="Marking of what carries none of its own.")
@click.option("--confidence", type=click.IntRange(0, 100), help="How far a plain list is trusted, 0 to 100.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_(file: Path, source: str, tlp: str, confidence: int | None, as_json: bool) -> None:
    """Take in a STIX 2.1 bundle or a list of observables, one a line."""
    from pehra.intel import api
    from pehra.kernel import actors, clock
    from pehra.kernel.markings import parse_tlp

    summary = api.import_indicators(
        path=file,
        source=source or file.stem,
        tlp=parse_tlp(tlp),
        confidence=confidence,
        by=actors.system("cli"),
        at=clock.now(),
    )
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False))
        return
    click.echo(
        f"{summary.read} read: {summary.created} new, {summary.updated} changed, {summary.unchanged} as before; "
        f"{summary.not_matchable} kept that no event can be matched with; {len(summary.rejected)} rejected."
    )
    for reject in summary.rejected[:20]:
        click.echo(f"line {reject.line}: {reject.message}", err=True)


@commands.command("list")
@click.option("--source", default="", help="Only of one source.")
@click.option("--value", default="", help="Only of one value, defanged or not.")
@click.option("--all", "every", is_flag=True, help="Also those that are not in force.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(source: str, value: str, every: bool, limit: int, as_json: bool) -> None:
    """List indicators in force, the latest import first."""
    from pehra.intel import api
    from pehra.kernel import actors, clock
    from pehra.kernel.observables import defang, parse
    from pehra.kernel.refusals import Invalid

    # A digest or a pattern that cannot be matched is kept as it stands and looked for as it stands.
    with contextlib.suppress(Invalid):
        value = parse(value).value if value else ""
    found = api.indicators(
        by=actors.system("cli"), at=clock.now(), source=source, value=value, every=every, limit=limit
    )
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    for one in found:
        shown = defang(one.value) if one.matchable else one.value
        click.echo(f"{one.type}\t{shown}\t{one.source}\t{one.tlp}\tseen {one.times} times")
    if not found:
        asked = source or value
        click.echo("No indicator fits." if asked else "No indicators. Import some with: pehra intel import FILE")
