"""CSV that people open in a spreadsheet: text stays text.

A cell that begins like a formula would be run by the program that opens it (OWASP, CSV injection). What comes from the
network is shown to people in such files, so every cell is made harmless here.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What spreadsheets take for the start of a formula, full-width forms included, and what they drop before looking.
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")


def cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet will run; numbers and plain text are unchanged."""
    text = "" if value is None else str(value)
    if isinstance(value, int | float) or not _FORMULA.match(text):
        return text
    return f"'{text}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a CSV table with a byte order mark, so that spreadsheets read other scripts than Latin rightly."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return "\ufeff" + out.getvalue()
