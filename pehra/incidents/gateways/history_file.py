"""Files of past incidents: one JSON record a line, packed by gzip or not, within limits."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pehra.kernel.refusals import Invalid

LINE_BYTES_MAX = 1024 * 1024
LINES_MAX = 200_000
FILE_BYTES_MAX = 1024 * 1024 * 1024  # unpacked
_GZIP = b"\x1f\x8b"


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each line that says something, with its number. Refuse a file beyond the limits, or broken."""
    try:
        with _opened(path) as file:
            yield from _lines(file)
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid(f"{path.name} cannot be read to its end: {error}", field="file") from error


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")


def _lines(file: IO[bytes] | gzip.GzipFile) -> Iterator[tuple[int, bytes]]:
    size = number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        size += len(line)
        if size > FILE_BYTES_MAX or number > LINES_MAX or len(line) > LINE_BYTES_MAX:
            limits = f"{LINES_MAX} lines of {LINE_BYTES_MAX} bytes, {FILE_BYTES_MAX} bytes in all"
            raise Invalid(f"a file has at most {limits}", field="file")
        if line.strip():
            yield number, line
