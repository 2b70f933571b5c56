"""Writes a synthetic nation and its feeds to disk."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pehra.drill.rules.nation import AssetRow, ContactRow, Nation, OrganisationRow
from pehra.kernel.refusals import Fault

_KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("organisations", OrganisationRow),
    ("assets", AssetRow),
    ("contacts", ContactRow),
)


def write_nation(nation: Nation, *, folder: Path, teams: Sequence[dict[str, str]]) -> dict[str, Path]:
    """Write the registry files of a nation; return the path of each kind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = {"teams": folder / "teams.csv"}
        with written["teams"].open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, fieldnames=list(teams[0]))
            writer.writeheader()
            writer.writerows(teams)
        for kind, row_type in _KINDS:
            written[kind] = folder / f"{kind}.csv"
            with written[kind].open("w", newline="", encoding="utf-8") as out:
                writer = csv.DictWriter(out, fieldnames=[field.name for field in fields(row_type)])
                writer.writeheader()
                writer.writerows(asdict(row) for row in getattr(nation, kind))
    except OSError as error:
        raise Fault(f"cannot write the nation to {folder}: {error.strerror}") from error
    return written


def write_feed(content: bytes, *, path: Path) -> None:
    """Write a feed, compressed when the name says so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
    except OSError as error:
        raise Fault(f"cannot write the feed to {path}: {error.strerror}") from error
