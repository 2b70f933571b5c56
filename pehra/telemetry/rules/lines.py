"""Records of a CSV text of which something is wrong, sorted into good ones and ones with a reason.

The plain reader takes or leaves a whole file. When it leaves one, or counts other rows than the file has lines, the
text comes here block by block. Quotes and commas are counted for all lines at once; only lines with an odd number of
quotes are looked at one by one, because each of them either opens a field of several lines or forgot its closing
quote.
"""

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

Places = np.ndarray[Any, np.dtype[np.int64]]

LINE_BYTES_MAX = 1 << 20  # a longer line is no event of any known report
LINES_PER_RECORD_MAX = 64
_NEWLINE, _QUOTE, _COMMA, _NUL = 10, 34, 44, 0

TOO_LONG = f"the line is longer than {LINE_BYTES_MAX} bytes"
OPEN_QUOTE = "a quote is opened and not closed"
NUL_BYTE = "the line holds a NUL byte"
TOO_MANY = "more fields than the header has"
UNREADABLE = "its quotes do not fit its fields"
CUT_SHORT = "the file ends within this row"


@dataclass(frozen=True)
class Reject:
    """A line that is no event: its number, why, and what it said."""

    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True)
class Records:
    """Good records as one text with the line on which each begins.

    Rejects; lines read as Latin-1 because they are no UTF-8.
    """

    good: bytes
    lines: Places
    rejects: list[Reject]
    recoded: int = 0


def sorted_out(block: bytes, *, fields: int, first_line: int, ends_cut: bool = False) -> Records:
    """Sort whole lines into good records and rejects.

    `ends_cut` says that the last line has no end, and may be cut.
    """
    content = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(content == _NEWLINE)
    if not len(ends) or ends[-1] != len(content) - 1:
        ends = np.append(ends, len(content))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    quotes = np.flatnonzero(content == _QUOTE)
    before = np.searchsorted(quotes, starts)
    odd = (np.searchsorted(quotes, ends) - before) % 2 == 1
    counts = _fields(content, quotes, starts, before)
    reasons: dict[int, str] = {}
    for reason, wrong in (
        (TOO_MANY, ~odd & (counts > fields)),
        (NUL_BYTE, _with_nul(content, starts)),
        (TOO_LONG, ends - starts > LINE_BYTES_MAX),
    ):
        reasons |= dict.fromkeys(np.flatnonzero(wrong).tolist(), reason)
    mended = _mended(block, starts, ends, np.flatnonzero(odd), fields, reasons)
    odd[list(mended)] = False
    joined = _joined(block, starts, ends, np.flatnonzero(odd), counts, fields, reasons)
    last = len(starts) - 1
    if ends_cut and last not in reasons and not odd[last] and ends[last] - starts[last] > 0 and counts[last] < fields:
        reasons[last] = CUT_SHORT
    return _assembled(block, starts, ends, reasons, joined, mended, first_line)


def _fields(content: np.ndarray, quotes: Places, starts: Places, before: Places) -> Places:
    """Return how many fields each line has, if its quotes are even: one more than its commas outside of quotes."""
    commas = np.flatnonzero(content == _COMMA)
    line = np.searchsorted(starts, commas, side="right") - 1
    outside = (np.searchsorted(quotes, commas) - before[line]) % 2 == 0
    return np.bincount(line[outside], minlength=len(starts)) + 1


def _with_nul(content: np.ndarray, starts: Places) -> np.ndarray:
    found = np.zeros(len(starts), np.bool_)
    found[np.searchsorted(starts, np.flatnonzero(content == _NUL), side="right") - 1] = True
    return found


def _mended(
    block: bytes, starts: Places, ends: Places, odd: Places, fields: int, reasons: dict[int, str]
) -> dict[int, bytes]:
    """Return rows in which a quote stands where it opens nothing, in the middle of a field, with that quote doubled."""
    mended: dict[int, bytes] = {}
    for line in odd.tolist():
        text = block[starts[line] : ends[line]]
        row = None if line in reasons else _row(text, fields)
        if row is not None:
            out = io.StringIO()
            csv.writer(out, lineterminator="").writerow(row)
            mended[line] = out.getvalue().encode("utf-8", "surrogateescape")
    return mended


def _row(text: bytes, fields: int) -> list[str] | None:
    """Return the one full row that a text is; None if it is none, or is open at its end."""
    try:
        rows = list(csv.reader(io.StringIO(text.decode("utf-8", "surrogateescape"), newline=""), strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == fields else None


def _joined(
    block: bytes, starts: Places, ends: Places, odd: Places, counts: Places, fields: int, reasons: dict[int, str]
) -> dict[int, int]:
    """Return the records of several lines, first to last line; the other odd lines go to `reasons`."""
    joined: dict[int, int] = {}
    at = 0
    while at < len(odd):
        first = int(odd[at])
        last = int(odd[at + 1]) if at + 1 < len(odd) else -1
        whole = last > 0 and not any(line in reasons for line in range(first, last + 1))
        if (
            whole
            and last - first < LINES_PER_RECORD_MAX
            and _row(block[starts[first] : ends[last]], fields) is not None
        ):
            # A line between that is a row by itself says that the first one forgot its quote.
            whole = fields < 2 or not (counts[first + 1 : last] == fields).any()
        else:
            whole = False
        if whole:
            joined[first] = last
            at += 2
        else:
            reasons.setdefault(first, OPEN_QUOTE)
            at += 1
    return joined


def _assembled(
    block: bytes,
    starts: Places,
    ends: Places,
    reasons: dict[int, str],
    joined: dict[int, int],
    mended: dict[int, bytes],
    first_line: int,
) -> Records:
    good: list[bytes] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    recoded = 0
    inside = -1
    text = memoryview(block)
    for line, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if line <= inside:
            continue
        if line in reasons:
            rejects.append(Reject(first_line + line, reasons[line], bytes(text[start:end])))
            continue
        inside = joined.get(line, line)
        record = mended.get(line, bytes(text[start : ends[inside]])).removesuffix(b"\r")
        if not record:
            continue
        if not record.isascii():
            record, changed = _as_utf8(record)
            recoded += changed
        good.append(record)
        lines.append(first_line + line)
    return Records(b"\n".join(good) + b"\n" if good else b"", np.array(lines, np.int64), rejects, recoded)


def _as_utf8(record: bytes) -> tuple[bytes, bool]:
    """Return a record as UTF-8.

    What is none is read as Latin-1, in which every byte is a letter, so nothing is lost.
    """
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        return record.decode("latin-1").encode("utf-8"), True
    return record, False
