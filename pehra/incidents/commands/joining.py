"""`pehra incidents`: merge, undo a merge, link, and what was seen in one."""

import json
import sys

import click

from pehra.incidents.commands.group import commands

REASON = click.option("--reason", required=True, help="Why; kept with the decision.")


@commands.command("merge")
@click.argument("reference")
@click.argument("into")
@REASON
def merge(reference: str, into: str, reason: str) -> None:
    """Make REFERENCE part of INTO; nothing moves, and it can be undone at any time."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.merge(ref=reference, into=into, reason=reason, by=system("cli"), at=clock.now())
    click.echo(f"{view.reference} now holds {', '.join(view.parts)}")


@commands.command("unmerge")
@click.argument("reference")
@REASON
def unmerge(reference: str, reason: str) -> None:
    """Make a merged incident one of its own again."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.unmerge(ref=reference, reason=reason, by=system("cli"), at=clock.now())
    click.echo(f"{view.reference} is {view.state}, with {sum(one.is_owed for one in view.clocks)} stages owed")


@commands.command("link")
@click.argument("reference")
@click.argument("kind")
@click.argument("other")
@click.option("--note", default="", help="What ties them.")
def link(reference: str, kind: str, other: str, note: str) -> None:
    """Say what REFERENCE is to OTHER: related, duplicate-of, caused-by, part-of."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    api.link(ref=reference, other=other, kind=kind, note=note, by=system("cli"), at=clock.now())
    for seen in api.links(ref=reference, by=system("cli")):
        click.echo(f"{seen.reads} {seen.other} {seen.title}")


@commands.command("observe")
@click.argument("reference")
@click.argument("text", required=False)
def observe(reference: str, text: str | None) -> None:
    """Add what TEXT (or standard input) shows, defanged or not."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    said = sys.stdin.read() if text is None else text
    added = api.add_observables(ref=reference, text=said, by=system("cli"), at=clock.now())
    click.echo(f"{added} added")


@commands.command("observables")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def observables(reference: str, as_json: bool) -> None:
    """List what was seen in an incident, the worst first."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    rows = api.observables(ref=reference, by=system("cli"), at=clock.now())
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    for row in rows:
        known = f"  indicator {row.known.value}" if row.known else ""
        click.echo(f"{row.verdict.value:<11} {row.kind:<7} {row.value}{known}")
    if not rows:
        click.echo("Nothing was seen.")
