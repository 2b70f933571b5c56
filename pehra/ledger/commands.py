"""`pehra ledger`: verify, prove, show and export the ledger.

Parse, one call, print. For operators of the node: they see every entry.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

NEEDS_DATABASE = True
LIST_MAX = 1_000


@click.group()
def commands() -> None:
    """What happened: append-only, provable, verifiable from nothing."""


@commands.command()
@click.option("--checkpoint", "known", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def verify(ctx: click.Context, known: Path | None, as_json: bool) -> None:
    """Derive everything again from the entries; exit 1 when something does not fit.

    With --checkpoint, a signed checkpoint kept outside, a ledger that was cut short is found out as well.
    """
    from pehra.ledger import api

    found = api.verify(known=_read(known) if known else None)
    if as_json:
        _print_json(found.as_json())
    elif found.first_bad is None:
        click.echo(
            f"The ledger holds: {found.entries} entries, {found.checkpoints} checkpoints, root {found.root};"
            f" {found.waiting} not yet sealed."
        )
    else:
        click.echo(f"The ledger is broken: {found.first_bad.problem}.")
        click.echo(f"Position {_or_dash(found.first_bad.position)}, entry {_or_dash(found.first_bad.entry)}.")
    if not found.ok:
        ctx.exit(1)


@commands.command()
@click.argument("entry")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the proof to a file.")
@click.option("--size", type=click.IntRange(min=1), help="Under the checkpoint of this size, not the newest.")
@click.option("--json", "as_json", is_flag=True, help="The proof is JSON with and without this.")
def prove(entry: str, out: Path | None, size: int | None, as_json: bool) -> None:
    """Prove that ENTRY is in the ledger: a file that tools/verify_ledger.py checks without Pehra."""
    from pehra.kernel.actors import system
    from pehra.kernel.identifiers import parse_id
    from pehra.ledger import api

    _deliver(api.prove(parse_id(entry), by=system("cli"), size=size), out)


@commands.command()
@click.option("--since", type=click.IntRange(min=1), help="Prove that it only adds to the checkpoint of this size.")
@click.option("--size", type=click.IntRange(min=1), help="The checkpoint of this size, not the newest.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def checkpoint(ctx: click.Context, since: int | None, size: int | None, out: Path | None, as_json: bool) -> None:
    """Show the signed checkpoint, to be kept outside; exit 1 when there is none yet."""
    from pehra.ledger import api

    if since is not None:
        _deliver(api.prove_growth(old=since, new=size), out)
        return
    signed = api.latest_checkpoint() if size is None else api.checkpoint_at(size=size)
    if signed is None:
        click.echo("null" if as_json else "The ledger has no checkpoint yet.")
        ctx.exit(1)
    if as_json:
        from pehra.kernel.clock import format_time

        document = {"size": signed.size, "root": signed.root, "signed_at": format_time(signed.signed_at)}
        _deliver({**document, "checkpoint": signed.note, "verifier": api.verifier()}, out)
    elif out is not None:
        _write(out, [signed.note])
    else:
        click.echo(signed.note, nl=False)


@commands.command(name="list")
@click.option("--subject", help="Only what happened to this, oldest first.")
@click.option("--limit", type=click.IntRange(1, LIST_MAX), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_entries(subject: str | None, limit: int, as_json: bool) -> None:
    """List entries, newest first, or the history of one subject."""
    from pehra.kernel.actors import system
    from pehra.kernel.canonical import plain
    from pehra.kernel.clock import format_time
    from pehra.ledger import api

    by = system("cli")
    if subject is not None:
        entries = api.history(subject=subject, by=by)[-limit:]
    else:
        entries = api.recent(by=by, before=None, limit=limit)
    if as_json:
        _print_json([plain(entry.as_json()) for entry in entries])
        return
    for entry in entries:
        place = "not yet sealed" if entry.position is None else f"#{entry.position}"
        click.echo(f"{format_time(entry.at)}  {entry.event}  {entry.subject}  by {entry.by}  {place}  {entry.id}")
    if not entries:
        click.echo("No entries.")


@commands.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file, not to stdout.")
def export(out: Path | None) -> None:
    """Export the whole ledger as JSON lines, from which tools/verify_ledger.py derives everything again."""
    from pehra.ledger import api

    lines = (json.dumps(document, ensure_ascii=False) + "\n" for document in api.export())
    if out is None:
        sys.stdout.writelines(lines)
    else:
        _write(out, lines)


def _deliver(document: dict[str, Any], out: Path | None) -> None:
    """Write a document to the file that was asked for, or print it."""
    if out is None:
        _print_json(document)
    else:
        _write(out, [json.dumps(document, indent=2, ensure_ascii=False) + "\n"])


def _read(path: Path) -> str:
    """Return a checkpoint file's text; refuse what cannot be one."""
    from pehra.kernel.refusals import Invalid

    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is no text, and so no signed checkpoint", field="checkpoint") from error
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", field="checkpoint") from error


def _write(path: Path, texts: Iterable[str]) -> None:
    """Write a file that somebody asked for, and say where it is."""
    from pehra.kernel.refusals import Fault

    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(texts)
    except OSError as error:
        raise Fault(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"Written to {path}.", err=True)


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _or_dash(value: object) -> object:
    return "-" if value is None else value
