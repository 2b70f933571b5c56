"""The door of `telemetry`: an input becomes events in the lake, once and whole, and the lake is asked in SQL.

`stage` reads, attributes, matches and writes an input beside the lake; `publish`, in the engine's own transaction,
makes it part of the lake. Refused: what is no input at all, with what to do about it. A row that is no event is a
reject with its text; no row is lost, stored twice, or stored without its origin.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import Error as DatabaseError

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.canonical import canonical
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Fault
from pehra.ledger import api as ledger
from pehra.registry.api import parse_v4, parse_v6
from pehra.telemetry import queries
from pehra.telemetry.gateways import lake_sql, parquet, recognition, seeds
from pehra.telemetry.gateways.folders import Lake, Run, leavings
from pehra.telemetry.gateways.locks import the_writer
from pehra.telemetry.gateways.staging import Outcome, Tools, stage_file
from pehra.telemetry.models import LakeFile, LakeInput, LakeText
from pehra.telemetry.queries import InputView, recent_inputs
from pehra.telemetry.rules.addresses import AddressReader
from pehra.telemetry.rules.attribution import Book
from pehra.telemetry.rules.matching import Sets
from pehra.telemetry.rules.runs import merged
from pehra.telemetry.rules.schema import Column, shown

__all__ = [
    "FORMS",
    "Column",
    "InputView",
    "Staged",
    "columns",
    "compact",
    "lake",
    "publish",
    "query",
    "recent_inputs",
    "stage",
    "sweep",
]

FORMS = recognition.FORMS
FILES_PER_DAY_MAX = 8
FILES_NAMED_MAX = 200  # in a ledger entry
MERGED_ROWS_MAX = 50_000_000  # their keys are sorted in memory, 16 bytes a row
QUERY_TRIES = 3


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
    files = [{"name": one.name, "sha256": one.sha256} for one in outcome.files]
    return {
        "name": staged.path.name,
        "source": staged.source,
        "rows_read": outcome.rows_read,
        "rows_stored": outcome.rows_stored,
        "rows_duplicate": outcome.rows_duplicate,
        "rows_rejected": outcome.rows_rejected,
        "files": files[:FILES_NAMED_MAX],
        "files_count": len(files),
        # An input may touch thousands of days, and an entry has a bound: the digest proves the names left out.
        "files_sha256": sha256(canonical(files)).hexdigest(),
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
        # As the writer once more: on a connection that was lost and opened again, this waits until the server is done
        # with the old one, whose COMMIT may still be under way.
        with the_writer():
            keep = queries.named(names) if names else set()
            run.undo(keep=keep)
    except DatabaseError:
        # The manifest cannot be asked now: the next sweep does.
        return


def compact(*, by: Actor, at: datetime) -> int:
    """Merge the files of days that have many, one transaction a day; return how many files are gone.

    The same events, in one file with one run of keys: fewer files to open for SQL, fewer runs to probe for an ingest.
    """
    access.require(by, Permission.TELEMETRY_INGEST)
    gone = 0
    with the_writer():
        house = lake()
        _swept(house)
        for day in queries.crowded_days(files_max=FILES_PER_DAY_MAX, rows_max=MERGED_ROWS_MAX):
            run = Run(house, str(new_id(at)))
            run.begin()
            try:
                gone += _compacted(house, run, day, by=by, at=at)
            finally:
                _ended(run)
    return gone


def _compacted(house: Lake, run: Run, day: date, *, by: Actor, at: datetime) -> int:
    files = list(LakeFile.objects.filter(day=day).order_by("name"))
    events, keys = run.folder / f"{run.name}-0.parquet", run.folder / f"{run.name}-0.keys"
    digest, size = parquet.merge_events([house.path(file.name) for file in files], events)
    merged_keys = merged([parquet.read_keys(house.path(file.keys_name)) for file in files])
    parquet.write_keys(merged_keys, keys)
    final = f"day={day.isoformat()}/{run.name}-0"
    run.plan(events, final + ".parquet")
    run.plan(keys, final + ".keys")
    run.replaced = [name for file in files for name in (file.name, file.keys_name)]
    # Durable: rolled back by somebody outside after the old files are gone, the day would be lost.
    with transaction.atomic(durable=True):
        run.move()
        LakeFile.objects.filter(name__in=[file.name for file in files]).delete()
        LakeFile.objects.create(
            name=final + ".parquet",
            keys_name=final + ".keys",
            day=day,
            rows=sum(file.rows for file in files),
            bytes=size,
            sha256=digest,
            at=at,
        )
        facts = {"file": final + ".parquet", "sha256": digest, "replaced": [file.name for file in files]}
        ledger.record("telemetry.day.compacted", subject=day.isoformat(), by=by, at=at, facts=facts)
    return len(files) - 1


def query(sql: str, *, by: Actor) -> list[dict[str, Any]]:
    """Answer a query that only reads, over the events that the actor may see."""
    visible = "true"
    if not by.is_system:
        seer = access.narrowed(by, Permission.TELEMETRY_READ)
        visible = lake_sql.visible_condition(seer.teams, seer.organisations)
    house = lake()
    for _ in range(QUERY_TRIES):
        try:
            return lake_sql.select(sql, [house.path(name) for name in queries.files()], visible=visible)
        except lake_sql.Gone:
            continue
    raise Fault("files of the lake are missing; run `pehra doctor`")
