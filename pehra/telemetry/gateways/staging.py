"""The engine of an ingest: moves batches from an input to the lake's folder, and knows no field of an event.

Examine, key, deduplicate, normalise, attribute, match, write: each step is a rule over columns. Deduplication comes
as early as the key is known, so that what was seen before costs no more. Nothing here touches the database: what is
known of earlier inputs is asked through `Known`, and what was staged becomes part of the lake only when the caller
commits its manifest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from pehra.kernel.refusals import Invalid
from pehra.telemetry.gateways import csv_rows, intelmq_lines, parquet, recognition
from pehra.telemetry.gateways.csv_rows import Batch
from pehra.telemetry.gateways.folders import Lake, Run
from pehra.telemetry.gateways.inputs import Received, Text, receive
from pehra.telemetry.gateways.rejects import Rejects
from pehra.telemetry.rules import keys, matching, runs, sightings
from pehra.telemetry.rules.addresses import AddressReader
from pehra.telemetry.rules.attribution import Book, Owners, attribute, owner_columns, ready
from pehra.telemetry.rules.feeds import Examined, Parser
from pehra.telemetry.rules.schema import MOMENT, WORD, complete

DAYS_PER_INPUT_MAX = 4_000
_EPOCH = date(1970, 1, 1)
_DAY_MICROSECONDS = 86_400_000_000


class Known(Protocol):
    """What the manifest knows of earlier inputs."""

    def rows_of(self, sha256: str) -> int | None:
        """Return how many rows these very bytes held when they were ingested before; None if they were not."""
        ...

    def runs(self, day: date) -> Sequence[runs.Run]:
        """Return the keys of a day."""
        ...

    def reports(self, feed: str, header: str) -> Sequence[str]:
        """Return the report types that came with this header before."""
        ...


@dataclass(frozen=True)
class Tools:
    """All that an ingest asks of other parts."""

    book: Book
    sets: matching.Sets
    reader: AddressReader
    known: Known
    node: bytes


@dataclass(frozen=True)
class StagedFile:
    """A Parquet file of the run, with its keys beside it."""

    name: str
    keys_name: str
    day: date
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class StagedText:
    """A text of the input: its report, and the header by which the report is known again."""

    name: str
    feed: str
    report: str
    header: str
    rows: int


@dataclass
class Outcome:
    """What an ingest found and wrote."""

    sha256: str
    size: int = 0
    already_ingested: bool = False
    rows_read: int = 0
    rows_stored: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    attributed: int = 0
    matched: int = 0
    rejects_name: str | None = None
    alarms: list[str] = field(default_factory=list)
    files: list[StagedFile] = field(default_factory=list)
    texts: list[StagedText] = field(default_factory=list)
    sightings: pl.DataFrame = field(default_factory=lambda: sightings.merged([]))
    indicator_sightings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INDICATOR_SIGHTINGS))


INDICATOR_SIGHTINGS: dict[str, Any] = {
    "indicator": pl.String(),
    "input": pl.String(),
    "times": pl.Int64(),
    "first_seen": MOMENT,
    "last_seen": MOMENT,
}


def stage_file(
    path: Path,
    *,
    lake: Lake,
    run: Run,
    tools: Tools,
    at: datetime,
    source: str = "",
    form: str = "",
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Read an input into the run's folder; return what is to be committed."""
    received = receive(path, run.folder, known=lambda sha256: tools.known.rows_of(sha256) is not None)
    if isinstance(received, str):
        rows = tools.known.rows_of(received) or 0
        return Outcome(received, already_ingested=True, size=path.stat().st_size, rows_read=rows, rows_duplicate=rows)
    with Rejects(run.folder / "rejects.jsonl") as rejects:
        ingest = _Ingest(received, run, tools, at, rejects, progress)
        ingest.every(source=source, form=form)
    return ingest.finished(lake)


@dataclass
class _Tally:
    """What was counted so far; put back when a text has to be read anew."""

    rows_read: int = 0
    rows_stored: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    attributed: int = 0
    matched: int = 0
    files: list[StagedFile] = field(default_factory=list)
    seen: list[runs.Run] = field(default_factory=list)
    sightings: list[pl.DataFrame] = field(default_factory=list)
    indicators: list[pl.DataFrame] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def copy(self) -> "_Tally":
        """Return a tally that goes on without changing this one."""
        copied: dict[str, Any] = {
            name: list(value) if isinstance(value, list) else value for name, value in vars(self).items()
        }
        return _Tally(**copied)


class _Ingest:
    """One input on its way."""

    def __init__(
        self,
        received: Received,
        run: Run,
        tools: Tools,
        at: datetime,
        rejects: Rejects,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.received, self.run, self.tools, self.at = received, run, tools, at
        self.rejects, self.progress = rejects, progress
        self.owners: Owners = ready(tools.book)
        self.tally = _Tally(alarms=list(received.alarms))
        self.texts: list[StagedText] = []
        self.written = 0
        self.days: dict[int, Sequence[runs.Run]] = {}

    def every(self, *, source: str, form: str) -> None:
        """Take in all texts. A note beside the reports of a zip is an alarm; nothing but notes is refused whole."""
        refused: list[Invalid] = []
        for text in self.received.texts:
            before = self.written
            try:
                self.text(text, source=source, form=form)
            except Invalid as refusal:
                if self.written > before:
                    raise
                refused.append(refusal)
        if len(refused) == len(self.received.texts):
            raise refused[0]
        self.tally.alarms += [refusal.message for refusal in refused]

    def text(self, text: Text, *, source: str, form: str) -> None:
        """Take in one text, with care if the plain way does not do."""
        if text.look.size == 0:
            self.tally.alarms.append(f"{text.name} is empty")
            return
        if recognition.form_of(text, form) == intelmq_lines.FORM:
            self._read(text, recognition.intelmq(), intelmq_lines.batches(text), header="")
            return
        header = csv_rows.header_of(text)
        mark = keys.fingerprint(header.names)
        parser = recognition.shadowserver(
            text, header.names, source=source, form=form, seen=self._seen(text, header, mark)
        )
        before, place = self.tally.copy(), self.rejects.place()
        try:
            self._read(text, parser, csv_rows.quick(text, header), header=mark)
        except csv_rows.Miscounted:
            self.tally = before
            self.rejects.back_to(place)
            self._read(text, parser, csv_rows.careful(text, header), header=mark)

    def _seen(self, text: Text, header: csv_rows.Header, mark: str) -> Callable[[], str | None]:
        """Return a question.

        Of which report are these rows already in the lake? For a file whose name does not say.
        """

        def ask() -> str | None:
            reports = self.tools.known.reports("shadowserver", mark)
            if len(reports) < 2:
                return reports[0] if reports else None
            batch = next(csv_rows.careful(text, header), None)
            hits = {report: self._hits(batch, header, report) for report in reports} if batch else {}
            best = max(hits, key=lambda report: hits[report], default=None)
            return best if best is not None and hits[best] else None

        return ask

    def _hits(self, batch: Batch, header: csv_rows.Header, report: str) -> int:
        parser = recognition.parser_of(report, header.names)
        rows = parser.examine(batch.raw.head(1_000), at=self.at, reader=self.tools.reader)
        rows = rows.kept(rows.reasons.is_null().to_numpy() & ~rows.blank)
        high, low = self._keys(rows, parser, marked=True)
        return int(self._in_lake(high, low, _days(rows)).sum())

    def _read(self, text: Text, parser: Parser, batches: Any, *, header: str) -> None:
        before, recoded = self.tally.rows_read, 0
        for batch in batches:
            self._batch(batch, parser, text)
            recoded += batch.recoded
            if self.progress:
                self.progress(self.tally.rows_read)
        self.tally.alarms += [f"{text.name}: {alarm}" for alarm in parser.alarms]
        if recoded:
            self.tally.alarms.append(f"{text.name}: {recoded} rows are no UTF-8 and were read as Latin-1")
        self.texts.append(StagedText(text.name, parser.feed, parser.report, header, self.tally.rows_read - before))

    def _batch(self, batch: Batch, parser: Parser, text: Text) -> None:
        self.tally.rows_read += len(batch.rejects)
        self._reject(batch.rejects)
        if not len(batch.lines):
            return
        rows = parser.examine(batch.raw, at=self.at, reader=self.tools.reader)
        good = rows.reasons.is_null().to_numpy() & ~rows.blank
        if not good.all():
            bad = np.flatnonzero(~good & ~rows.blank)
            self._reject(self.rejects.of_lines(text.path, batch.lines[bad], rows.reasons.gather(bad).to_list()))
            self.tally.rows_read += len(bad)
            rows = rows.kept(good)
        lines = batch.lines[good]
        self.tally.rows_read += len(lines)
        if len(lines):
            self._events(rows, lines, parser, marked=text.look.has_separator)

    def _reject(self, rejected: Any) -> None:
        self.tally.rows_rejected += self.rejects.write(rejected)

    def _events(self, rows: Examined, lines: np.ndarray, parser: Parser, *, marked: bool) -> None:
        high, low = self._keys(rows, parser, marked=marked)
        order, fresh = runs.first_of_each(high, low)
        days = _days(rows)
        # Sorted keys are looked up several times faster than keys in the order of rows.
        known = runs.seen(self.tally.seen, high[order], low[order])
        known |= self._in_lake(high[order], low[order], days[order])
        fresh[order[known]] = False
        self.tally.rows_duplicate += len(fresh) - int(fresh.sum())
        if not fresh.any():
            return
        order = order[fresh[order]]
        self.tally.seen.append(runs.Run(high[order], low[order]))
        if len(self.tally.seen) > runs.RUNS_MAX:
            self.tally.seen = [runs.merged(self.tally.seen)]
        rows = rows.kept(fresh)
        frame = self._enriched(parser.normalise(rows), rows, lines[fresh], high[fresh], low[fresh])
        place = np.cumsum(fresh) - 1
        self._write(frame, days[fresh], place[order], high[fresh], low[fresh])

    def _keys(self, rows: Examined, parser: Parser, *, marked: bool) -> tuple[keys.Halves, keys.Halves]:
        names = parser.key_columns
        seed = keys.seed(node=self.tools.node, feed=parser.feed, report=parser.report, names=names)
        return keys.content_keys(rows.raw.select(names), seed=seed, marked=marked)

    def _in_lake(self, high: keys.Halves, low: keys.Halves, days: np.ndarray) -> np.ndarray:
        found = np.zeros(len(high), np.bool_)
        for day in np.unique(days).tolist():
            known = self.days.get(day)
            if known is None:
                known = self.days[day] = self.tools.known.runs(_EPOCH + timedelta(days=day))
            if known:
                of_day = np.flatnonzero(days == day)
                found[of_day] = runs.seen(known, high[of_day], low[of_day])
        return found

    def _enriched(
        self, events: pl.DataFrame, rows: Examined, lines: np.ndarray, high: keys.Halves, low: keys.Halves
    ) -> pl.DataFrame:
        attributed = attribute(events, rows.source, rows.destination, self.owners)
        matches = matching.match(events, rows.source, rows.destination, self.tools.sets)
        self.tally.attributed += int((attributed.rows >= 0).sum())
        side = pl.Series("concerns", attributed.destination).replace_strict(
            {True: "destination", False: "source"}, return_dtype=pl.String
        )
        indicator: pl.Series | pl.Expr = pl.lit(None, dtype=pl.String)
        if len(matches.events):
            first = pl.Series(matches.first(len(events)))
            self.tally.matched += int((first >= 0).sum())
            self.tally.indicators.append(matching.sightings(matches, rows.moments))
            indicator = self.tools.sets.ids.list.first().gather(first.set(first < 0, None))
        service = events["service"]
        whole = complete(
            events.drop("service", "otherwise").with_columns(
                *owner_columns(attributed, self.owners),
                side.cast(WORD) if attributed.destination.any() else pl.lit("source", dtype=WORD).alias("concerns"),
                indicator.alias("indicator"),
                pl.Series("event_key_high", high),
                pl.Series("event_key_low", low),
                pl.lit(self.received.sha256, dtype=WORD).alias("raw_file"),
                pl.Series("raw_line", lines, dtype=pl.UInt64),
                pl.lit(self.at, dtype=MOMENT).alias("ingested_at"),
            )
        )
        self.tally.sightings.append(sightings.of_batch(whole, attributed, service))
        return whole

    def _write(
        self, events: pl.DataFrame, days: np.ndarray, order: np.ndarray, high: keys.Halves, low: keys.Halves
    ) -> None:
        self.tally.rows_stored += len(events)
        present = np.unique(days)
        for day in present.tolist():
            of_day = days == day
            sorted_rows = order if len(present) == 1 else order[of_day[order]]
            keys_of_day = runs.Run(high[sorted_rows], low[sorted_rows])
            self._file(
                events if len(present) == 1 else events.filter(of_day), _EPOCH + timedelta(days=day), keys_of_day
            )

    def _file(self, events: pl.DataFrame, day: date, keys_of_day: runs.Run) -> None:
        name = f"{self.run.name}-{self.written}"
        self.written += 1
        path, keys_path = self.run.folder / f"{name}.parquet", self.run.folder / f"{name}.keys"
        if len({file.day for file in self.tally.files} | {day}) > DAYS_PER_INPUT_MAX:
            raise Invalid(f"it holds events of more than {DAYS_PER_INPUT_MAX} days; split it", field="path")
        sha256, size = parquet.write_events(events, path)
        parquet.write_keys(keys_of_day, keys_path)
        final = f"day={day.isoformat()}/{name}"
        self.tally.files.append(StagedFile(final + ".parquet", final + ".keys", day, len(events), size, sha256))

    def finished(self, lake: Lake) -> Outcome:
        """Plan the final names and return the outcome."""
        tally, sha256 = self.tally, self.received.sha256
        for file in tally.files:
            for name in (file.name, file.keys_name):
                self.run.plan(self.run.folder / Path(name).name, name)
        self.run.plan(self.received.archive, lake.raw_name(sha256))
        rejects_name = None
        if tally.rows_rejected:
            rejects_name = lake.rejects_name(sha256)
            self.run.plan(self.rejects.path, rejects_name)
        return Outcome(
            sha256,
            size=self.received.size,
            rows_read=tally.rows_read,
            rows_stored=tally.rows_stored,
            rows_duplicate=tally.rows_duplicate,
            rows_rejected=tally.rows_rejected,
            attributed=tally.attributed,
            matched=tally.matched,
            rejects_name=rejects_name,
            alarms=tally.alarms,
            files=tally.files,
            texts=self.texts,
            sightings=sightings.merged(tally.sightings),
            indicator_sightings=self._indicators(),
        )

    def _indicators(self) -> pl.DataFrame:
        if not self.tally.indicators:
            return pl.DataFrame(schema=INDICATOR_SIGHTINGS)
        found = matching.merged(self.tally.indicators)
        named = found.with_columns(self.tools.sets.ids.gather(found["row"]).alias("indicator")).explode("indicator")
        return (
            named.group_by("indicator")
            .agg(pl.col("times").sum(), pl.col("first_seen").min(), pl.col("last_seen").max())
            .with_columns(input=pl.lit(self.received.sha256))
            .sort("indicator")
            .select(*INDICATOR_SIGHTINGS)
        )


def _days(rows: Examined) -> np.ndarray:
    """Return the day of each row, counted from 1970."""
    return rows.moments.to_physical().to_numpy() // _DAY_MICROSECONDS
