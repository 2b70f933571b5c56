"""Rows of a CSV text, a batch at a time, as columns of text.

Polars reads the text. It takes a short row without a word, and gives up a whole file for a long one or an open quote,
so two things stand around it: the rows are counted against the lines that the first pass saw, and when the counts
differ or polars gives up, the file is read anew through `rules.lines`, which keeps the good rows and gives a reason
for the rest.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pehra.kernel.refusals import Invalid
from pehra.telemetry.gateways.inputs import Text
from pehra.telemetry.rules.lines import LINE_BYTES_MAX, TOO_LONG, UNREADABLE, Reject, sorted_out

BATCH_ROWS = 200_000
BATCH_CELLS = 8_000_000  # a header of a thousand columns, or rows of a megabyte, must not fill the memory
BATCH_BYTES = 256 << 20
BLOCK_BYTES = 16 << 20
COLUMNS_MAX = 2_000

Places = np.ndarray[Any, np.dtype[np.int64]]


class Miscounted(Exception):
    """The plain reader saw other rows than the text has lines: it has to be read with care."""


@dataclass
class Batch:
    """Rows as received, the line on which each begins, what was no row, and how many were read as Latin-1."""

    raw: pl.DataFrame
    lines: Places
    rejects: list[Reject] = field(default_factory=list)
    recoded: int = 0


@dataclass(frozen=True)
class Header:
    """A CSV header: its names, each once, and how many bytes it takes."""

    names: tuple[str, ...]
    size: int

    @property
    def line(self) -> bytes:
        """The names as a line of CSV."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(self.names)
        return out.getvalue().encode()


def header_of(text: Text) -> Header:
    """Return the header; refuse a text whose first line is none."""
    line = text.look.first.split(b"\n", 1)[0]
    if len(line) > LINE_BYTES_MAX or not line.strip():
        raise Invalid(f"{text.name} does not begin with a header line", field="path")
    said = line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").rstrip("\r")
    try:
        fields = next(csv.reader([said], strict=True))
    except csv.Error as error:
        raise Invalid(f"{text.name}: its header line cannot be read: {error}", field="path") from error
    if len(fields) > COLUMNS_MAX:
        raise Invalid(f"{text.name}: its header has more than {COLUMNS_MAX} columns", field="path")
    names: list[str] = []
    for place, one in enumerate(fields):
        name = one.strip().lower() or f"column_{place + 1}"
        if name == "*" or name.startswith("^"):
            # Polars takes these for patterns over all columns.
            name = f"column_{place + 1} {name}"
        while name in names:
            name = f"{name}_{place + 1}"
        names.append(name)
    return Header(tuple(names), len(line) + 1)


def batch_rows(text: Text, header: Header) -> int:
    """Return how many rows of a text are read at once."""
    by_bytes = BATCH_BYTES * max(1, text.look.lines) // max(1, text.look.size)
    return max(1, min(BATCH_ROWS, BATCH_CELLS // len(header.names), by_bytes))


def quick(text: Text, header: Header) -> Iterator[Batch]:
    """Yield batches by the plain reader; raise `Miscounted` where it cannot be trusted."""
    look = text.look
    if (
        look.has_nul
        or not look.is_utf8
        or look.has_long_line
        or text.cut
        or (look.last != b"\n" and _ends_short(text, header))
    ):
        raise Miscounted
    rows = 0
    scan = pl.scan_csv(text.path, schema=dict.fromkeys(header.names, pl.String), glob=False)
    try:
        for raw in scan.collect_batches(chunk_size=batch_rows(text, header), maintain_order=True):
            yield Batch(raw, np.arange(rows + 2, rows + len(raw) + 2))
            rows += len(raw)
    except pl.exceptions.PolarsError as error:
        raise Miscounted from error
    if rows != look.lines - 1:
        raise Miscounted


def careful(text: Text, header: Header) -> Iterator[Batch]:
    """Yield batches by sorting records first; what is no row comes as a reject."""
    line, waiting = 2, []
    for block, lines, ends_cut, too_long in _blocks(text.path, skip=header.size):
        if too_long:
            yield _only([Reject(line, TOO_LONG, block)], header)
            line += 1
            continue
        sorted_records = sorted_out(block, fields=len(header.names), first_line=line, ends_cut=ends_cut)
        line += lines
        batch = _only(sorted_records.rejects, header)
        if sorted_records.good:
            raw, kept, more = _read(sorted_records.good, sorted_records.lines, header)
            batch = Batch(raw, kept, [*sorted_records.rejects, *more], sorted_records.recoded)
        waiting.append(batch)
        if sum(len(one.lines) + len(one.rejects) for one in waiting) >= batch_rows(text, header):
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _only(rejects: list[Reject], header: Header) -> Batch:
    return Batch(pl.DataFrame(schema=dict.fromkeys(header.names, pl.String)), np.zeros(0, np.int64), rejects)


def _together(batches: list[Batch]) -> Batch:
    return Batch(
        pl.concat([batch.raw for batch in batches]),
        np.concatenate([batch.lines for batch in batches]),
        [reject for batch in batches for reject in batch.rejects],
        sum(batch.recoded for batch in batches),
    )


def _ends_short(text: Text, header: Header) -> bool:
    """Whether the last line, which has no end, has fewer fields than the header: then the file was cut there."""
    with text.path.open("rb") as source:
        source.seek(max(0, text.look.size - LINE_BYTES_MAX))
        last = source.read().rsplit(b"\n", 1)[-1]
    return bool(sorted_out(last, fields=len(header.names), first_line=1, ends_cut=True).rejects)


def _blocks(path: Path, *, skip: int) -> Iterator[tuple[bytes, int, bool, bool]]:
    """Yield whole lines, how many they are, whether the last has no end, and whether it is one line that is too long.

    Of a line that is too long only the beginning is yielded; the archive has it whole.
    """
    with path.open("rb") as source:
        source.seek(skip)
        rest = b""
        while chunk := source.read(BLOCK_BYTES):
            block = rest + chunk
            cut = block.rfind(b"\n") + 1
            # Records of several lines must not be torn: a block ends where its quotes are even, if it can.
            cut = _even(block, cut)
            if cut:
                yield block[:cut], block.count(b"\n", 0, cut), False, False
                rest = block[cut:]
            elif len(block) > LINE_BYTES_MAX and b"\n" not in block:
                yield block[:LINE_BYTES_MAX], 1, False, True
                rest = after_line(source)
            else:
                rest = block
        if rest:
            yield rest, rest.count(b"\n") + (not rest.endswith(b"\n")), not rest.endswith(b"\n"), False


def _even(block: bytes, cut: int) -> int:
    """Return the last end of a line up to which the quotes are even, within a record's length; else where it was."""
    if block.count(b'"', 0, cut) % 2 == 0:
        return cut
    earlier = cut
    for _ in range(64):
        earlier = block.rfind(b"\n", 0, earlier - 1) + 1
        if earlier <= 0:
            break
        if block.count(b'"', 0, earlier) % 2 == 0:
            return earlier
    return cut


def after_line(source: Any) -> bytes:
    """Skip to the end of a line and return what was read of the next ones."""
    while chunk := source.read(BLOCK_BYTES):
        end = chunk.find(b"\n")
        if end >= 0:
            return bytes(chunk[end + 1 :])
    return b""


def _read(good: bytes, lines: Places, header: Header) -> tuple[pl.DataFrame, Places, list[Reject]]:
    """Read good records; when polars still gives up, halve them until the record that it cannot read stands alone."""
    # Without a header of its own polars would take the first row's length for the table's, and that may be a short one.
    try:
        raw = pl.read_csv(header.line + good, schema=dict.fromkeys(header.names, pl.String))
        if len(raw) == len(lines):
            return raw, lines, []
    except pl.exceptions.PolarsError:
        pass
    if len(lines) == 1:
        return _only([], header).raw, lines[:0], [Reject(int(lines[0]), UNREADABLE, good.removesuffix(b"\n"))]
    middle = len(lines) // 2
    starts = _starts(good)
    if len(starts) != len(lines):
        # Records of several lines among them: their starts are not the lines' starts, so ask the parser of the
        # language.
        starts = _record_starts(good, len(lines))
    cut = starts[middle]
    first = _read(good[:cut], lines[:middle], header)
    second = _read(good[cut:], lines[middle:], header)
    return pl.concat([first[0], second[0]]), np.concatenate([first[1], second[1]]), first[2] + second[2]


def _starts(good: bytes) -> list[int]:
    ends = np.flatnonzero(np.frombuffer(good, np.uint8) == 10)
    return [0, *(ends[:-1] + 1).tolist()]


def _record_starts(good: bytes, records: int) -> list[int]:
    starts, at, quotes = [0], 0, 0
    for line in good.split(b"\n"):
        at += len(line) + 1
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            starts.append(at)
    return starts[:records]
