"""What was no event, in a file of its own beside the lake: a JSON object a line, with line number, reason and text.

The text is what was received. It is cut when it is very long, and says so; the archive has it whole.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

from pehra.telemetry.rules.lines import Reject

RAW_BYTES_MAX = 64 << 10
_CHUNK = 1 << 20


class Rejects:
    """The rejects of one input, written as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.open("wb")
        self._lines: tuple[Path, Iterator[bytes], int] | None = None

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
        self._lines = None

    def write(self, rejects: Iterable[Reject]) -> int:
        """Write rejects; return how many."""
        count = 0
        for reject in rejects:
            self._out.write(_line(reject))
            count += 1
        return count

    def of_lines(self, text: Path, lines: Sequence[int] | Any, reasons: Sequence[str]) -> Iterator[Reject]:
        """Yield the rejects of some lines, given in ascending order, with what each of them says."""
        for line, reason in zip((int(line) for line in lines), reasons, strict=True):
            yield Reject(line, reason, self._line_of(text, line))

    def _line_of(self, text: Path, line: int) -> bytes:
        """Read forward to a line. Batches come in order, so a text is read once, and only if it has rejects."""
        if self._lines is None or self._lines[0] != text or self._lines[2] >= line:
            self._lines = (text, _lines_of(text), 0)
        path, source, at = self._lines
        found = b""
        while at < line:
            found, at = next(source, b""), at + 1
        self._lines = (path, source, at)
        return found


def _lines_of(text: Path) -> Iterator[bytes]:
    with text.open("rb") as source:
        yield from _whole_lines(source)


def _whole_lines(source: IO[bytes]) -> Iterator[bytes]:
    """Yield lines, each at most as long as is kept."""
    while line := source.readline(_CHUNK):
        kept = line
        while not line.endswith(b"\n") and (line := source.readline(_CHUNK)):
            pass
        yield kept.rstrip(b"\r\n")


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
