"""A notice's own extract: the findings of one organisation as a CSV file that a person opens in a spreadsheet.

What others wrote stands in the cells, so none may start a formula: a cell that would is given a leading apostrophe. For
people only: a machine would have to take the apostrophes off again, and reads the findings from the API instead.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pehra.kernel.clock import format_time
from pehra.kernel.spreadsheets import table

ZIPPED_FROM_BYTES = 1_000_000
CELL_CHARACTERS_MAX = 1_000
_FACTS_SHOWN_MAX = 12
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]+")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # a fixed time: the same findings give the same bytes

COLUMNS = (
    "finding", "subject", "port", "protocol", "problem", "malware", "first seen (UTC)", "last seen (UTC)", "times seen",
    "asset", "responsible team", "reported by feed", "details",
)  # fmt: skip


def one_line(value: object) -> str:
    """Return a value as one line of bounded length; that it starts no formula is the table's own care."""
    return _CONTROLS.sub(" ", str(value))[:CELL_CHARACTERS_MAX]


def details(facts: Mapping[str, Any]) -> str:
    """Return the sample row of a finding as one cell."""
    pairs = [(name, value) for name, value in facts.items() if value not in (None, "", [], {})]
    return "; ".join(f"{name}={value}" for name, value in pairs[:_FACTS_SHOWN_MAX])


def moment(at: datetime) -> str:
    """Return a moment in UTC as people read it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def written(rows: Iterable[Sequence[object]], *, tlp: str, reference: str, at: datetime) -> bytes:
    """Return the file: a line that says its marking, reference and time, the columns' names, then the rows."""
    title = [f"{tlp} | {reference} | made {format_time(at)} | all times are UTC"]
    lines = [COLUMNS, *([one_line(value) for value in row] for row in rows)]
    return table(title, lines).encode()


def packed(content: bytes, *, name: str) -> tuple[str, str, bytes]:
    """Return file name, media type and bytes of an extract, zipped when it is large."""
    if len(content) < ZIPPED_FROM_BYTES:
        return name, "text/csv", content
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return f"{name}.zip", "application/zip", box.getvalue()
