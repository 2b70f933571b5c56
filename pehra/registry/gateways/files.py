"""Import files on disk: read once, line by line, with the digest that names them in the ledger.

A line is never held longer than the limit: what follows is skipped up to the line's end, and the reader of lines sees
that it is too long. A folder, an absent and an unreadable file are refused with what to do.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pehra.kernel.refusals import Invalid
from pehra.registry.rules.lines import LINE_BYTES_MAX


class ImportFile:
    """The lines of an open file; `sha256` is known once they are all read."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while line := self._opened.readline(LINE_BYTES_MAX + 3):
            self._digest.update(line)
            if not line.endswith(b"\n"):
                self._skip()
            yield line

    def _skip(self) -> None:
        """Read on to the end of a line that is too long."""
        while rest := self._opened.readline(LINE_BYTES_MAX):
            self._digest.update(rest)
            if rest.endswith(b"\n"):
                return

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        return self._digest.hexdigest()


@contextmanager
def import_file(path: Path) -> Iterator[ImportFile]:
    """Open a file of the registry."""
    try:
        with path.open("rb") as opened:
            yield ImportFile(opened)
    except IsADirectoryError as error:
        raise Invalid(f"{path} is a folder; name one CSV file", field="file") from error
    except FileNotFoundError as error:
        raise Invalid(f"there is no file {path}", field="file") from error
    except OSError as error:
        raise Invalid(f"cannot read {path}: {error.strerror}", field="file") from error
