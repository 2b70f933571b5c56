"""`pehra incidents evidence`: take a file of any size in, list, give out sealed, and check a custody log."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from pehra.incidents.commands.group import commands

CHUNK_BYTES = 1 << 20


@commands.group("evidence")
def evidence() -> None:
    """Evidence of incidents: kept as it came, given out only as an encrypted zip."""


@evidence.command("add")
@click.argument("reference")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="From whom or from where it came.")
@click.option("--about", default="", help="What it shows.")
def add(reference: str, file: Path, source: str, about: str) -> None:
    """Take a file in as evidence of an incident, piece by piece: it may be as large as 512 MiB."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    piece = api.add_evidence(
        ref=reference,
        name=file.name,
        content=_chunks(file),
        source=source,
        about=about,
        by=system("cli"),
        at=clock.now(),
    )
    click.echo(f"{piece.label}  {piece.sha256}  {piece.size}  {piece.name}")


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            yield chunk


@evidence.command("list")
@click.argument("reference")
def list_evidence(reference: str) -> None:
    """List the evidence of an incident."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    pieces = api.evidence(reference, by=system("cli"))
    for piece in pieces:
        marks = " quarantine" if piece.quarantined else ""
        stamps = "".join(f" {stamp.state}" for stamp in piece.stamps)
        click.echo(
            f"{piece.label:<5} {piece.sha256} {piece.size:>12} {piece.media_type:<28} {piece.name}{marks}{stamps}"
        )
    if not pieces:
        click.echo("No evidence.")


@evidence.command("overdue")
def overdue() -> None:
    """List evidence whose day of keeping is past: a person decides what becomes of it."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    pieces = api.evidence_past_keeping(by=system("cli"), on=clock.now().date())
    for piece in pieces:
        click.echo(f"{piece.incident} {piece.label:<5} until {piece.keep_until} {piece.size:>12} {piece.name}")
    if not pieces:
        click.echo("None.")


@evidence.command("disposals")
def disposals() -> None:
    """List evidence that waits for a second person to agree that it be destroyed. People do that, on its page."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    pieces = api.disposals_waiting(by=system("cli"), at=clock.now())
    for piece in pieces:
        if piece.disposal is not None:
            asked = f"asked by {piece.disposal.asked_by_name}, until {piece.disposal.ends_at:%Y-%m-%d}"
            click.echo(f"{piece.incident} {piece.label:<5} {piece.size:>12} {asked}: {piece.disposal.reason}")
    if not pieces:
        click.echo("None.")


@evidence.command("get")
@click.argument("reference")
@click.argument("number", type=click.IntRange(1))
@click.argument("zip_file", type=click.Path(exists=False, path_type=Path))
@click.option("--reason", required=True, help="What it is needed for; it stands in the custody log.")
@click.option("--hostile", is_flag=True, help="Say that you know that a file in quarantine may do harm.")
@click.password_option("--password", help="Of the zip; asked for when it is not given.")
def get(reference: str, number: int, zip_file: Path, reason: str, hostile: bool, password: str) -> None:
    """Give a piece out as an encrypted zip, the only form in which one leaves."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    given = api.give_out_evidence(
        ref=reference,
        number=number,
        password=password,
        reason=reason,
        knows_hostile=hostile,
        by=system("cli"),
        at=clock.now(),
    )
    with zip_file.open("xb") as opened:
        opened.write(given.content)
    click.echo(f"{zip_file}: {given.name}")


@evidence.command("custody")
@click.argument("reference")
@click.argument("number", type=click.IntRange(1))
def custody(reference: str, number: int) -> None:
    """Print the custody log of a piece as one JSON document."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    click.echo(json.dumps(api.custody_export(reference, number, by=system("cli")), ensure_ascii=False, indent=1))
