"""`pehra registry`: import files, ask who answers for something, list teams, organisations and how these stand."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from pehra.registry.api import Answer, ImportSummary, OverviewPage, OverviewRow

NEEDS_DATABASE = True
REJECTS_SHOWN_MAX = 20
LINES_AT_ONCE = 500
ROWS_A_PAGE, PAGES_MAX = 200, 1_000
VIEWS = ("all", "waiting", "lowest", "overdue", "never")
KEY_FILE_CHARACTERS_MAX = 200_000
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


@commands.command("set-key")
@click.argument("holder")
@click.argument("email")
@click.argument("file", type=click.File("r", errors="replace"))
@click.option("--role", default="", help="Only the contact in this role.")
def set_key(holder: str, email: str, file: TextIO, role: str) -> None:
    """Set the key of a contact of an organisation or a team: OpenPGP, or a certificate in PEM; empty takes it away."""
    from pehra.kernel import actors, clock
    from pehra.registry import api

    text = file.read(KEY_FILE_CHARACTERS_MAX)
    found = api.set_contact_key(
        holder=holder, email=email, key=text, role=role, by=actors.system("cli"), at=clock.now()
    )
    for key in found:
        named = "" if key.names_address else "  (it does not name this address)"
        click.echo(f"{key.kind}  {key.fingerprint}{named}")
    if not found:
        click.echo("taken away")


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


@commands.group("controls")
def controls() -> None:
    """How organisations stand against the identity controls of the country's profile."""


@controls.command("list")
@click.option(
    "--view", type=click.Choice(VIEWS), default="all", show_default=True, help="Which of them, in which order."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def controls_list(view: str, as_json: bool) -> None:
    """List where organisations stand: score, critical controls missing, last review, next due."""
    from pehra.kernel import actors, clock
    from pehra.registry import api

    rows = _every(
        lambda page: api.assessed_organisations(
            by=actors.system("cli"), at=clock.now(), view=view, page=page, limit=ROWS_A_PAGE
        )
    )
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
        return
    lines = []
    for row in rows:
        said = row.as_json()
        percent = "-" if said["percent"] is None else f"{said['percent']}%"
        gaps = f", {said['gaps']} critical missing" if said["gaps"] else ""
        lines.append("\t".join((row.organisation, row.name, percent + gaps, said["reviewed_at"] or "-", row.due.value)))
    click.echo("\n".join(lines or ["No organisation stands there."]))


def _every(page_of: "Callable[[int], OverviewPage]") -> "list[OverviewRow]":
    rows: list[OverviewRow] = []
    for page in range(1, PAGES_MAX):
        found = page_of(page)
        rows += found.rows
        if not found.more:
            break
    return rows


@controls.command("show")
@click.argument("organisation")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def controls_show(organisation: str, as_json: bool) -> None:
    """Show one organisation's assessments, newest first, and the trend of the reviewed ones."""
    from pehra.kernel import actors, clock
    from pehra.registry import api

    standing = api.controls_standing(organisation, by=actors.system("cli"), at=clock.now())
    if as_json:
        trend = [{"day": p.day.isoformat(), "percent": p.percent, "gaps": p.gaps} for p in standing.trend.points]
        document = {
            "organisation": standing.organisation,
            "due": standing.due.value,
            "next_due": standing.next_due.isoformat() if standing.next_due else None,
            "trend": trend,
            "assessments": [row.as_json() for row in standing.assessments],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    due = f"next due {standing.next_due}" if standing.next_due else "due now"
    click.echo(f"{standing.organisation}: {standing.due.value}, {due}")
    for row in standing.assessments:
        percent = "-" if row.percent is None else f"{row.percent}%"
        click.echo(
            f"{row.id}  {row.opened_at:%Y-%m-%d}  {row.state.value:<9}  {percent:>4}  {row.gaps} critical missing  "
            f"{row.answered}/{row.total} answered  {row.tlp}"
        )
    if not standing.assessments:
        click.echo("No assessment yet.")


@controls.command("export")
@click.argument("assessment", type=click.UUID)
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="json", show_default=True)
def controls_export(assessment: "UUID", form: str) -> None:
    """Write one assessment with its answers to the standard output; evidence by name and hash."""
    from pehra.kernel import actors
    from pehra.kernel.spreadsheets import table
    from pehra.registry import api
    from pehra.registry.rules.assessment_views import EXPORTED

    view = api.assessment(assessment, by=actors.system("cli"))
    if form == "csv":
        click.echo(table(EXPORTED, view.cells()), nl=False)
    else:
        click.echo(json.dumps(view.as_json(), ensure_ascii=False, indent=1))
