"""Import files line by line: what can be read is kept, what cannot is named with its line and field.

A record is one physical line of UTF-8. A quoted field may hold commas and quotes, never a line break: an open quote
then costs its own line and not the rest of the file. Refused as a whole is a file without a header, with an unknown or
doubled column, without a key column, or in UTF-16.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pehra.kernel.refusals import Invalid

LINE_BYTES_MAX = 65_536
FIELD_LENGTH_MAX = 4_096
# Controls, ends of lines, and the marks that make text read in another order than it is written. Urdu's joiners are
# none of these.
_REFUSED_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A line that was set aside; `field` is empty when the line as a whole is at fault."""

    line: int
    field: str
    message: str


@dataclass(frozen=True)
class Record:
    """One line's values, in the order of the columns that were asked for; absent columns are empty."""

    line: int
    values: tuple[str, ...]


def records(lines: Iterable[bytes], *, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Record | Reject]:
    """Yield each record or reject of a file whose first line names its columns."""
    numbered = enumerate(lines, start=1)
    header = _header(next(numbered, (0, b""))[1], columns=columns, needed=needed)
    places = [header.index(column) if column in header else -1 for column in columns]
    for number, raw in numbered:
        stripped = raw.rstrip(b"\r\n")
        if stripped:
            yield _record(number, stripped, header, places)


def _header(raw: bytes, *, columns: Sequence[str], needed: Sequence[str]) -> list[str]:
    if raw.startswith(_OTHER_ENCODINGS):
        raise Invalid("the file is UTF-16 or UTF-32; save it as UTF-8", field="file")
    if not raw.strip():
        raise Invalid(f"the file is empty or lacks its header; its columns are {', '.join(columns)}", field="file")
    try:
        text = raw.rstrip(b"\r\n").decode("utf-8-sig")
        names = [name.strip() for name in next(csv.reader([text], strict=True))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"the header is not UTF-8 CSV: {error}", field="file") from error
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise Invalid(
            f"unknown column {unknown[0][:80]!r}; the columns are {', '.join(columns)}", field=unknown[0][:80]
        )
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise Invalid(f"the column {doubled[0]!r} is there twice", field=doubled[0])
    missing = [name for name in needed if name not in names]
    if missing:
        raise Invalid(f"the column {missing[0]!r} is missing", field=missing[0])
    return names


def _record(number: int, raw: bytes, header: Sequence[str], places: Sequence[int]) -> Record | Reject:
    if len(raw) > LINE_BYTES_MAX:
        return Reject(line=number, field="", message=f"the line is longer than {LINE_BYTES_MAX} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        field = _field_at(raw[: error.start].decode(), header)
        return Reject(
            line=number, field=field, message=f"not UTF-8: byte 0x{raw[error.start]:02x} at {error.start + 1}"
        )
    try:
        values = text.split(",") if '"' not in text else next(csv.reader([text], strict=True))
    except csv.Error as error:
        return Reject(line=number, field="", message=f"not a CSV line: {error}")
    if len(values) != len(header):
        message = f"{len(values)} fields where the header has {len(header)}"
        return Reject(line=number, field="", message=message)
    if len(text) > FIELD_LENGTH_MAX or _REFUSED_CHARACTER.search(text):
        for name, value in zip(header, values, strict=True):
            if len(value) > FIELD_LENGTH_MAX:
                return Reject(line=number, field=name, message=f"longer than {FIELD_LENGTH_MAX} characters")
            if refused := _REFUSED_CHARACTER.search(value):
                return Reject(line=number, field=name, message=f"holds a control character: {_named(refused[0])}")
    return Record(number, tuple(values[place].strip() if place >= 0 else "" for place in places))


def _field_at(before: str, header: Sequence[str]) -> str:
    """Return the column in which a line breaks off after this text, if that is plain to see."""
    place = before.count(",")
    return header[place] if '"' not in before and place < len(header) else ""


def _named(character: str) -> str:
    return "NUL" if character == "\0" else f"U+{ord(character):04X}"
