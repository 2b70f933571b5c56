"""The door of `telemetry`: an input becomes events in the lake, once and whole, and the lake is asked in SQL.

`stage` reads, attributes, matches and writes an input beside the lake; `publish`, in the engine's own transaction,
makes it part of the lake. Refused: what is no input at all, with what to do about it. A row that is no event is a
reject with its text; no row is lost, stored twice, or stored without its origin.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger
from pehra.registry.api import parse_v4, parse_v6
from pehra.telemetry import queries
from pehra.telemetry.gateways import lake_sql, recognition, seeds
from pehra.telemetry.gateways.folders import Lake, Run, leavings
from pehra.telemetry.gateways.locks import the_writer
from pehra.telemetry.gateways.staging import Outcome, Tools, stage_file
from pehra.telemetry.models import LakeFile, LakeInput, LakeText
from pehra.telemetry.queries import InputView, recent_inputs
from pehra.telemetry.rules.addresses import AddressReader
from pehra.telemetry.rules.attribution import Book
from pehra.telemetry.rules.matching import Sets
from pehra.telemetry.rules.schema import Column, shown

__all__ = [
    "FORMS",
    "Column",
    "InputView",
    "Staged",
    "columns",
    "lake",
    "publish",
    "query",
    "recent_inputs",
    "stage",
    "sweep",
]

FORMS = recognition.FORMS


@dataclass
class Staged:
    """An input beside the lake, waiting for `publish`: what was counted, and what findings and intel are to know."""

    outcome: Outcome
    path: Path
    source: str
    run: Run = field(repr=False)

    @property
    def sha256(self) -> str:
        """The digest of the input as received."""
        return self.outcome.sha256

    @property
    def already_ingested(self) -> bool:
        """Whether these very bytes are in the lake.

        Then all their rows are duplicates, and nothing is to be published.
        """
        return self.outcome.already_ingested

    @property
    def rows_read(self) -> int:
        """How many rows the input holds, good or bad."""
        return self.outcome.rows_read

    @property
    def rows_stored(self) -> int:
        """How many rows become events."""
        return self.outcome.rows_stored

    @property
    def rows_duplicate(self) -> int:
        """How many rows are events already."""
        return self.outcome.rows_duplicate

    @property
    def rows_rejected(self) -> int:
        """How many rows are no events; each is in the rejects."""
        return self.outcome.rows_rejected

    @property
    def attributed(self) -> int:
        """How many events concern a registered side."""
        return self.outcome.attributed

    @property
    def matched(self) -> int:
        """How many events match an indicator."""
        return self.outcome.matched

    @property
    def alarms(self) -> list[str]:
        """What a person should look at."""
        return self.outcome.alarms

    @property
    def rejects_file(self) -> str | None:
        """Where the rejects will lie after publication."""
        name = self.outcome.rejects_name
        return str(self.run.lake.path(name)) if name else None

    @property
    def sightings(self) -> pl.DataFrame:
        """What was seen, one row a problem: for `findings`."""
        return self.outcome.sightings

    @property
    def indicator_sightings(self) -> pl.DataFrame:
        """How often each indicator was seen: for `intel`."""
        return self.outcome.indicator_sightings


def lake() -> Lake:
    """Return the lake of this node."""
    return Lake(Path(settings.PEHRA_LAKE))


def columns() -> Sequence[Column]:
    """Return the columns of the `events` view."""
    return shown()


@contextmanager
def stage(
    *,
    path: str | Path,
    source: str = "",
    format: str | None = None,
    attribution: Book,
    match_sets: Sets,
    at: datetime,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Staged]:
    """Read an input beside the lake, as its only writer; what is not published by the end is gone."""
    house = lake()
    with the_writer():
        _swept(house)
        run = Run(house, str(new_id(at)))
        run.begin()
        tools = Tools(
            book=attribution,
            sets=match_sets,
            reader=AddressReader(v4=parse_v4, v6=parse_v6),
            known=queries.Manifest(house),
            node=seeds.of(house),
        )
        try:
            outcome = stage_file(
                Path(path), lake=house, run=run, tools=tools, at=at, source=source, form=format or "", progress=progress
            )
            yield Staged(outcome, Path(path), source, run)
        finally:
            _ended(run)


def publish(staged: Staged, *, by: Actor, at: datetime) -> None:
    """Make a staged input part of the lake, in the caller's transaction: its COMMIT is the commit point."""
    access.require(by, Permission.TELEMETRY_INGEST)
    if not connection.in_atomic_block:
        raise RuntimeError("publish belongs in the transaction of the act")
    outcome = staged.outcome
    if outcome.already_ingested:
        return
    staged.run.move()
    row = LakeInput.objects.create(
        sha256=outcome.sha256,
        name=staged.path.name,
        source=staged.source,
        raw_name=staged.run.lake.raw_name(outcome.sha256),
        rejects_name=outcome.rejects_name or "",
        bytes=outcome.size,
        rows_read=outcome.rows_read,
        rows_stored=outcome.rows_stored,
        rows_duplicate=outcome.rows_duplicate,
        rows_rejected=outcome.rows_rejected,
        attributed=outcome.attributed,
        matched=outcome.matched,
        alarms=outcome.alarms,
        by=by.id,
        at=at,
    )
    LakeText.objects.bulk_create(
        LakeText(input=row, name=one.name, feed=one.feed, report=one.report, header=one.header, rows=one.rows)
        for one in outcome.texts
    )
    LakeFile.objects.bulk_create(
        LakeFile(
            name=one.name,
            keys_name=one.keys_name,
            day=one.day,
            rows=one.rows,
            bytes=one.bytes,
            sha256=one.sha256,
            at=at,
        )
        for one in outcome.files
    )
    ledger.record("telemetry.input.ingested", subject=outcome.sha256, by=by, at=at, facts=_facts(staged))


def _facts(staged: Staged) -> dict[str, Any]:
    outcome = staged.outcome
    return {
        "name": staged.path.name,
        "source": staged.source,
        "rows_read": outcome.rows_read,
        "rows_stored": outcome.rows_stored,
        "rows_duplicate": outcome.rows_duplicate,
        "rows_rejected": outcome.rows_rejected,
        "files": [{"name": one.name, "sha256": one.sha256} for one in outcome.files],
        "alarms": outcome.alarms,
    }


def sweep() -> list[str]:
    """Remove what dead ingests left; return what was removed from the lake."""
    with the_writer():
        return _swept(lake())


def _swept(house: Lake) -> list[str]:
    removed: list[str] = []
    for run in leavings(house):
        removed += run.undo(keep=queries.named(run.names()))
    return removed


def _ended(run: Run) -> None:
    """Clear up after a run. Whether it was committed is asked of the manifest, never remembered."""
    names = run.names()
    try:
        keep = queries.named(names) if names else set()
    except DatabaseError:
        # The manifest cannot be asked now: the next sweep does.
        return
    run.undo(keep=keep)


def query(sql: str, *, by: Actor) -> list[dict[str, Any]]:
    """Answer a query that only reads, over the events that the actor may see."""
    visible = "true"
    if not by.is_system:
        seer = access.narrowed(by, Permission.TELEMETRY_READ)
        visible = lake_sql.visible_condition(seer.teams, seer.organisations)
    house = lake()
    return lake_sql.select(sql, [house.path(name) for name in queries.files()], visible=visible)
