"""How far the machine road has come, on stderr, for a person who waits.

Where stderr is no terminal one line a file is enough; stdout stays for the answer.
"""

import sys
from pathlib import Path
from typing import Any

import click


class Shown:
    """A counter of rows on a terminal, a line a file elsewhere."""

    def __init__(self) -> None:
        self._console: Any = None
        self._status: Any = None
        self._label = ""
        self._rows = 0
        if sys.stderr.isatty():
            from rich.console import Console

            self._console = Console(file=sys.__stderr__)

    def begin(self, path: Path, *, number: int, of: int) -> None:
        """Name the input that is begun."""
        name = "".join(letter if letter.isprintable() else "\ufffd" for letter in path.name)
        self._label, self._rows = f"{number}/{of} {name}", 0
        if self._console is not None:
            from rich.markup import escape

            self._status = self._console.status(escape(self._label))
            self._status.start()

    def rows(self, count: int) -> None:
        """Show how many rows were read by now."""
        self._rows = count
        if self._status is not None:
            from rich.markup import escape

            self._status.update(escape(f"{self._label}: {self._rows:,} rows"))

    def end(self) -> None:
        """Leave one line about the input."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        click.echo(f"{self._label}: {self._rows:,} rows read", err=True)
