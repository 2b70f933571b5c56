"""`pehra intake list`, `show`, `receive` and `add`: the queue, one report whole, and what is handed in here."""

from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import click

from pehra.intake.commands.group import as_text, commands

if TYPE_CHECKING:
    from pehra.intake.api import Filters, Receipt, ReportPage, ReportView

ROWS_DEFAULT, ROWS_MAX = 50, 100_000
PAGE_ROWS = 500
FILE_BYTES_MAX = 64 * 1024 * 1024
MEDIA_TYPE = "application/json"
YES_NO = click.Choice(["yes", "no"])
CONTENT = click.File("rb")


@commands.command("list")
@click.option("--state", default="received", show_default=True, help="A state, or `any`.")
@click.option("--team", default="", help="Only reports that this team leads.")
@click.option("--channel", default="", help="Only what came by this road, such as form, mail or rest.")
@click.option("--assignee", default="", help="`nobody`, or a person's e-mail address.")
@click.option("--organisation", default="", help="Only what is said to concern this organisation.")
@click.option("--sector", default="", help="Only this sector.")
@click.option("--territory", default="", help="Only this place.")
@click.option("--taxonomy", default="", help="Only this RSIT class.")
@click.option("--language", default="", help="Only reports in this language.")
@click.option("--complete", type=YES_NO, help="Whether everything is said.")
@click.option("--problem", type=YES_NO, help="Whether the content could not be read.")
@click.option("--news", type=YES_NO, help="Whether something was added since it was decided.")
@click.option("--exercise", is_flag=True, help="Exercises, which are in no other list.")
@click.option("--group", type=click.UUID, help="Only reports of this group.")
@click.option("--incident", default="", help="Only reports of this incident.")
@click.option("--observable", default="", help="Only what shows this address, name or hash.")
@click.option("--search", default="", help="A reference, or words.")
@click.option("--since", default="", help="Received from this moment on, such as 2026-11-24T09:30:00Z.")
@click.option("--until", default="", help="Received before this moment.")
@click.option("--limit", type=click.IntRange(1, ROWS_MAX), default=ROWS_DEFAULT, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: all of them, unless --limit is given.")
@click.pass_context
def list_reports(context: click.Context, /, limit: int, as_json: bool, exercise: bool, **narrowing: Any) -> None:
    """List reports, newest first. Without --state: those that wait to be decided."""
    from pehra.intake import api

    if as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT:
        limit = ROWS_MAX
    narrowing["assignee"] = _person(narrowing["assignee"])
    said = {name: str(value) for name, value in narrowing.items() if value}
    filters = api.parse_filters(said | ({"exercise": "yes"} if exercise else {}))
    rows = _rows(filters, limit)
    if as_json:
        click.echo(as_text([asdict(row) for row in rows]))
        return
    row = None
    for row in rows:
        click.echo(_line(row))
    if row is None:
        click.echo("No reports.")


def _person(named: str) -> str:
    """Return a person's id by their address; a word that names nobody is refused, not taken for an empty list."""
    from pehra.access import api as access
    from pehra.kernel.actors import system

    return named if named in ("", "nobody") else str(access.person_by_email(email=named, by=system("cli")))


def _rows(filters: "Filters", limit: int) -> Iterator["ReportView"]:
    """Yield reports page by page, up to a number."""
    from pehra.intake import api
    from pehra.kernel.actors import system

    before: UUID | None = None
    while limit > 0:
        page = api.reports(by=system("cli"), filters=filters, before=before, limit=min(limit, PAGE_ROWS))
        yield from page.rows
        limit, before = limit - len(page.rows), page.following
        if before is None:
            return


@commands.command("show")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(reference: str, as_json: bool) -> None:
    """Show one report whole. Whose it is and why, what it says, what came in, and what was decided."""
    from pehra.intake import api
    from pehra.kernel.actors import system

    page = api.report(reference, by=system("cli"))
    if as_json:
        click.echo(as_text(asdict(page)))
        return
    for line in (*_about(page), *_came_in(page), *_decided(page)):
        click.echo(line)


@commands.command("receive")
@click.argument("content", metavar="FILE", type=CONTENT)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def receive(content: IO[bytes], as_json: bool) -> None:
    """Take a report in from a file.

    FILE (`-`: the standard input) is JSON as REST takes it, or IODEF 2 or STIX 2.1. The same file again is the same
    receipt. The receipt's secret opens the report to whoever reported it.
    """
    from pehra.incidents import api as incidents
    from pehra.intake import api
    from pehra.intake.rules import bodies
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    raw, by = _bytes(content), system("cli")
    if incidents.document_format(raw):
        receipts = list(api.receive_documents(raw=raw, by=by, at=clock.now()))
        _print(receipts, as_json=as_json)
        return
    said = bodies.read(raw, bodies.ReportIn)
    api.require_something(said.said(), files := [file.handed() for file in said.files])
    who = said.reporter
    reporter = api.Reporter(
        name=who.name, email=who.email, phone=who.phone, organisation=who.organisation,
        anonymous=who.anonymous or not (who.name or who.email or who.phone or who.organisation),
    )  # fmt: skip
    receipt = api.receive(
        reporter=reporter,
        language=said.language,
        source=f"{by.id}:{said.source}" if said.source_ref else "",
        source_ref=said.source_ref,
        **_same(raw, said.said(), files),
    )
    _print([receipt], as_json=as_json)


@commands.command("add")
@click.argument("reference")
@click.argument("content", metavar="FILE", type=CONTENT)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(reference: str, content: IO[bytes], as_json: bool) -> None:
    """Add to a report what a file says.

    FILE (`-`: the standard input) is JSON as REST takes it. The same file again adds nothing.
    """
    from pehra.intake import api
    from pehra.intake.rules import bodies

    raw = _bytes(content)
    said = bodies.read(raw, bodies.SaidIn)
    api.require_something(said.said(), files := [file.handed() for file in said.files])
    _print([api.add(reference=reference, **_same(raw, said.said(), files, to=reference))], as_json=as_json)


def _same(raw: bytes, said: Any, files: list[Any], *, to: str = "") -> dict[str, Any]:
    """Return what a new report and more of one are taken in with."""
    from pehra.intake import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    once = f"{to.strip().upper()}:{sha256(raw).hexdigest()}"
    return {
        "channel": api.Channel.REST, "raw": raw, "media_type": MEDIA_TYPE, "said": said, "files": files, "once": once,
        "by": system("cli"), "at": clock.now(),
    }  # fmt: skip


def _bytes(content: IO[bytes]) -> bytes:
    raw = content.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise click.BadParameter(f"it has more than {FILE_BYTES_MAX} bytes", param_hint="FILE")
    return raw


def _print(receipts: list["Receipt"], *, as_json: bool) -> None:
    if as_json:
        click.echo(as_text([asdict(receipt) for receipt in receipts]))
        return
    for receipt in receipts:
        known = "" if receipt.is_new else "  (it was here already)"
        click.echo(f"{receipt.reference}  submission {receipt.number}  {receipt.at:%Y-%m-%d %H:%M:%S}Z{known}")
        click.echo(f"  sha256: {receipt.sha256}")
        if receipt.token:
            click.echo(f"  secret for whoever reported: {receipt.token}")


def _line(row: "ReportView") -> str:
    words = " ".join(row.title.split()) or row.beginning or "-"
    marks = "".join(
        f" [{mark}]"
        for mark, holds in (("partial", not row.is_complete), ("problem", row.problem), ("news", row.has_news))
        if holds
    )
    received = f"{row.received_at:%Y-%m-%d %H:%M}"
    return f"{row.reference}  {received}  {row.state:<9} {row.channel:<12} {row.lead_team or '-':<18} {words}{marks}"


def _about(page: "ReportPage") -> Iterator[str]:
    row = page.report
    yield _line(row)
    because = page.routed_because
    why = "; ".join(str(because[name]) for name in ("basis", "rule", "citation", "status") if because.get(name))
    said = {
        "why there": why,
        "read by": ", ".join(row.teams),
        "assigned to": row.assignee_name or row.assignee,
        "incident": row.incident,
        "merged into": row.merged_into,
        "reason": row.state_reason,
        "problem": row.problem,
        "kind": "/".join(filter(None, (row.taxonomy, row.type))),
        "concerns": ", ".join(filter(None, (row.about_organisation, row.about_name, row.sector, row.territory))),
        "TLP": row.tlp,
        "reported by": "anonymous" if row.anonymous else _reporter(page),
        **{f"moment {name}": moment for name, moment in page.moments.items()},
        **{f"impact {name}": f"{measured:g}" for name, measured in page.impact.items()},
        "attributes": ", ".join(page.attributes),
        **{f"answer {name}": " ".join(answer.split()) for name, answer in page.answers.items()},
    }
    for name, value in said.items():
        if value:
            yield f"  {name}: {value}"
    for line in page.description.splitlines():
        yield f"  | {line}"


def _reporter(page: "ReportPage") -> str:
    row = page.report
    named = (row.reporter_name, row.reporter_organisation, page.reporter_email, page.reporter_phone)
    return ", ".join(filter(None, (*named, "" if row.reporter_verified else "by their own word")))


def _came_in(page: "ReportPage") -> Iterator[str]:
    for seen in page.observables:
        words = " ".join(filter(None, (seen.owner, "known to intelligence" if seen.known else "")))
        yield f"  seen: {seen.type} {seen.value}{f'  ({words})' if words else ''}"
    for came in page.submissions:
        yield (
            f"  submission {came.number}: {came.received_at:%Y-%m-%d %H:%M:%S}Z {came.channel} {came.media_type} "
            f"{came.raw_size} bytes"
        )
        yield f"    sha256: {came.raw_sha256}"
        if came.source_ref:
            yield f"    at its source: {came.source} {came.source_ref}"
        for file in page.files:
            if file.number == came.number:
                yield f"    file {file.id}: {file.name} {file.media_type} {file.size} bytes {file.sha256}"


def _decided(page: "ReportPage") -> Iterator[str]:
    for other in page.group:
        if other.reference != page.report.reference:
            yield f"  like it: {other.reference} {other.state} {other.title}"
    for reference in page.merged:
        yield f"  merged into it: {reference}"
    for act in page.acts:
        undone = f", taken back {act.undone_at:%Y-%m-%d %H:%M}Z" if act.undone_at else ""
        many = f", with {act.count - 1} more" if act.count > 1 else ""
        yield f"  {act.acted_at:%Y-%m-%d %H:%M}Z {act.act} by {act.acted_by}{many}{undone}: {act.reason or '-'}"
        if act.is_undoable:
            yield f"    take it back: pehra intake undo {act.id}"
