"""What was no event, in a file of its own beside the lake: a JSON object a line, with line number, reason and text.

The text is what was received. It is cut when it is very long, and says so; the archive has it whole.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from pehra.telemetry.rules.lines import Reject

RAW_BYTES_MAX = 64 << 10
_CHUNK = 1 << 18
_NEWLINE = 10

Places = np.ndarray[Any, np.dtype[np.int64]]


class Rejects:
    """The rejects of one input, written as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.open("wb")
        self._reader: _Reader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()

    def place(self) -> int:
        """Return where the file ends now."""
        return self._out.tell()

    def back_to(self, place: int) -> None:
        """Forget what was written after a place: its text is read anew."""
        self._out.flush()
        self._out.truncate(place)
        self._out.seek(place)
        self._reader = None

    def write(self, rejects: Iterable[Reject]) -> int:
        """Write rejects; return how many."""
        count = 0
        for reject in rejects:
            self._out.write(_line(reject))
            count += 1
        return count

    def of_lines(self, text: Path, lines: Places, reasons: Sequence[str]) -> Iterator[Reject]:
        """Yield the rejects of some lines, given in ascending order, with what each of them says."""
        if not len(lines):
            return
        if self._reader is None or self._reader.path != text or self._reader.line > int(lines[0]):
            self._reader = _Reader(text)
        for line, raw, reason in zip(lines.tolist(), self._reader.read(lines), reasons, strict=True):
            yield Reject(line, reason, raw)


class _Reader:
    """Reads forward to wanted lines. Batches come in order, so a text is read once, and only if it has rejects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 1  # the line that begins at `offset`
        self.offset = 0

    def read(self, lines: Places) -> list[bytes]:
        """Return what some lines say, as much of each as is kept."""
        found: list[bytes] = []
        with self.path.open("rb") as source:
            for line in lines.tolist():
                self._go_to(source, line)
                source.seek(self.offset)
                found.append(source.readline(RAW_BYTES_MAX + 1).rstrip(b"\r\n"))
        return found

    def _go_to(self, source: IO[bytes], line: int) -> None:
        """Pass over whole chunks by counting their ends of lines, and look into the last one only."""
        source.seek(self.offset)
        while self.line < line and (chunk := source.read(_CHUNK)):
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE)
            wanted = line - self.line
            if len(ends) >= wanted:
                self.line, self.offset = line, self.offset + int(ends[wanted - 1]) + 1
                return
            # A line that goes on in the next chunk is still the one that began in this.
            self.line, self.offset = self.line + len(ends), self.offset + len(chunk)


def _line(reject: Reject) -> bytes:
    said: dict[str, Any] = {"line": reject.line, "reason": reject.reason}
    raw = reject.raw[:RAW_BYTES_MAX]
    try:
        said["raw"] = raw.decode("utf-8")
    except UnicodeDecodeError:
        said["raw_base64"] = base64.b64encode(raw).decode()
    if len(raw) < len(reject.raw):
        said["cut"] = True
    return json.dumps(said, ensure_ascii=False).encode("utf-8") + b"\n"
