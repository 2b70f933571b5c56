"""`pehra registry`: import files, ask who answers for something, list teams and organisations."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pehra.registry.api import Answer, ImportSummary

NEEDS_DATABASE = True
REJECTS_SHOWN_MAX = 20
LINES_AT_ONCE = 500
KINDS = ("teams", "organisations", "assets", "contacts")


@click.group(name="registry")
def commands() -> None:
    """Teams, organisations and what they hold; who answers for it."""


@commands.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the file holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_file(file: Path, kind: str, as_json: bool) -> None:
    """Bring the registry up to a CSV file. The same file again changes nothing; bad lines are set aside and named."""
    from pehra.kernel import actors, clock
    from pehra.registry import api

    summary = api.import_csv(path=file, kind=kind, by=actors.system("cli"), at=clock.now())
    click.echo(json.dumps(summary.as_json(), ensure_ascii=False) if as_json else _told(summary))


def _told(summary: "ImportSummary") -> str:
    lines = [
        f"{summary.read} read: {summary.created} created, {summary.updated} updated, {summary.unchanged} unchanged, "
        f"{len(summary.rejected)} rejected"
    ]
    lines += [
        f"  line {reject.line}{f', {reject.field}' if reject.field else ''}: {reject.message}"
        for reject in summary.rejected[:REJECTS_SHOWN_MAX]
    ]
    left_out = len(summary.rejected) - REJECTS_SHOWN_MAX
    return "\n".join([*lines, f"  and {left_out} more; --json lists them all"] if left_out > 0 else lines)


@commands.command()
@click.argument("observables", nargs=-1, required=True, metavar="OBSERVABLE…")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to ask about; today without it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: an array of answers.")
def who(observables: Sequence[str], day: datetime | None, as_json: bool) -> None:
    """Say who answers for an address, prefix, AS number, name, URL or e-mail address; `-` reads them from stdin."""
    from django.conf import settings

    from pehra.kernel import actors, clock
    from pehra.law import api as law
    from pehra.registry import api

    on: date = day.date() if day else law.day_of(law.load(settings.PEHRA_PROFILE), clock.now())
    answers: list[Answer] = []
    for some in _some(_asked(observables)):
        found = api.who(observables=some, on=on, by=actors.system("cli"))
        if as_json:
            answers += found
        else:
            click.echo("\n".join(_said(answer) for answer in found))
    if as_json:
        click.echo(json.dumps([answer.as_json() for answer in answers], ensure_ascii=False, default=str))


def _asked(observables: Sequence[str]) -> Iterator[str]:
    for text in observables:
        if text == "-":
            # Whatever comes: bytes that are no UTF-8 become one more line of garbage, answered as such.
            for line in sys.stdin.buffer:
                decoded = line.decode("utf-8", "replace").rstrip("\r\n")
                if decoded.strip():
                    yield decoded
        else:
            yield text


def _some(texts: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == LINES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _said(answer: "Answer") -> str:
    if answer.error:
        return f"{_one_line(answer.observable)}\n  no answer: {answer.error}"
    lines = [f"{answer.value} ({answer.type})"]
    if answer.organisation:
        place = ", ".join(part for part in (answer.sector, answer.territory) if part)
        lines.append(
            f"  {answer.asset} of {answer.organisation}, {answer.organisation_name}{f' ({place})' * bool(place)}"
        )
    if answer.note:
        lines.append(f"  {answer.note}")
    for role in answer.teams:
        because = role.because
        lines.append(f"  {role.role}: {role.team}, by {because['rule']} ({because['status']}): {because['citation']}")
    lines += [f"  call: {c.role} {c.name} <{c.email}> {c.phone} {c.hours}".rstrip() for c in answer.contacts]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def teams(as_json: bool) -> None:
    """List the country's teams and how many organisations each leads."""
    from pehra.kernel import actors
    from pehra.registry import api

    rows = api.teams(by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    for row in rows:
        acts = "" if row.state == "operating" else f"\t{row.state}" + (f", {row.fallback} acts" if row.fallback else "")
        click.echo(f"{row.code}\t{row.name}\t{', '.join(row.types)}\tleads {row.organisations_led}{acts}")
    if not rows:
        click.echo("No team yet. Load the profile with: pehra init")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def organisations(as_json: bool) -> None:
    """List the organisations with their sector, territory and lead team."""
    from pehra.kernel import actors
    from pehra.registry import api

    rows = api.every_organisation(by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    lines = [
        "\t".join(
            (
                row.code,
                row.name,
                *(named.code if named else "-" for named in (row.sector, row.territory)),
                row.lead_team or "-",
            )
        )
        for row in rows
    ]
    if not lines:
        lines = ["No organisation yet. Import some with: pehra registry import FILE --kind organisations"]
    click.echo("\n".join(lines))
