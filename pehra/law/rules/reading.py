"""Reading a table strictly: every key is asked for by name and type, and a key that nobody asked for is a mistake.

A reader never stops at a mistake: it notes the problem with its line and goes on with a stand-in, so that one run names
them all. A profile with any problem is never used, so no stand-in is ever seen.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pehra.law.rules.basis import Basis, Status
from pehra.law.rules.facts import UNKNOWN
from pehra.law.rules.lines import Entry, Table
from pehra.law.rules.problems import Problem

AnyEnum = TypeVar("AnyEnum", bound=StrEnum)

DEFAULTS = "defaults"
BASIS_KEYS = ("citation", "status", "sources", "valid_from", "valid_to", "used_from", "note")
_CODE = re.compile(r"^[a-z0-9][a-z0-9-]*$")
_NO_DAY = date.min


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something stands in a profile."""

    file: str
    line: int
    field: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """That one record names another; `kind` is what it must be."""

    kind: str
    code: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class Definition:
    """That a record of this kind and code is defined, for the days of its basis (None: for all)."""

    kind: str
    code: str
    basis: Basis | None
    place: Place

    def meets(self, other: "Definition") -> bool:
        """Whether there is a day on which both hold."""
        if self.basis is None or other.basis is None:
            return True
        return self.basis.first <= other.basis.last and other.basis.first <= self.basis.last


@dataclass
class Notes:
    """What reading a profile gathers: problems, and who names whom, for the checks over the whole."""

    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)

    def problem(self, place: Place, message: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(file=place.file, line=place.line, field=place.field, message=message))


class Reader:
    """One table of a file, read key by key."""

    def __init__(self, table: Table, *, file: str, notes: Notes, defaults: Table | None = None) -> None:
        self.table = table
        self.file = file
        self.notes = notes
        self.defaults = defaults
        self._asked: set[str] = set()

    # -- places and problems

    def place(self, key: str = "") -> Place:
        """Return where a key stands, or where the table begins when it has no such key."""
        entry = self.table.entries.get(key)
        name = ".".join(part for part in (self.table.name, key) if part)
        return Place(file=self.file, line=entry.line if entry else self.table.line, field=name)

    def problem(self, key: str, message: str) -> None:
        """Note a mistake at a key."""
        self.notes.problem(self.place(key), message)

    def finish(self) -> None:
        """Name every key that nobody asked for."""
        for key in self.table.entries:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.problem(key, f"unknown key {key!r}; this table knows: {known}")

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        self._asked.add(key)
        return key in self.table.entries

    def _find(self, key: str, *, required: bool) -> Entry | None:
        self._asked.add(key)
        entry = self.table.entries.get(key)
        if entry is None and required:
            self.problem(key, f"{key!r} is missing")
        return entry

    def _wrong(self, key: str, wanted: str, value: Any) -> None:
        self.problem(key, f"{key!r} must be {wanted}, not {_shown(value)}")

    # -- single values

    def text(self, key: str, *, required: bool = True) -> str:
        """Read a text; empty counts as missing when it is required."""
        entry = self._find(key, required=required)
        if entry is None:
            return ""
        if not isinstance(entry.value, str):
            self._wrong(key, "a text in quotes", entry.value)
            return ""
        if required and not entry.value.strip():
            self.problem(key, f"{key!r} is empty")
        return entry.value.strip()

    def known_text(self, key: str) -> str:
        """Read a text that may be `"unknown"`, which is returned as empty."""
        text = self.text(key)
        return "" if text == UNKNOWN else text

    def code(self, key: str, *, required: bool = True, refers_to: str = "") -> str:
        """Read a code: lower case letters, digits and hyphens; note it as a reference when it is one."""
        text = self.text(key, required=required)
        if text and not _CODE.match(text):
            self.problem(key, f"{text!r} is no code; write lower case letters, digits and hyphens")
            return ""
        if text and refers_to:
            self.refer(refers_to, text, key)
        return text

    def known_code(self, key: str, *, refers_to: str) -> str:
        """Read a code that may be `unknown`, which is returned as empty."""
        entry = self.table.entries.get(key)
        if entry is not None and entry.value == UNKNOWN:
            self._asked.add(key)
            return ""
        return self.code(key, refers_to=refers_to)

    def number(self, key: str, *, required: bool = True, least: int = 0) -> int | None:
        """Read a whole number that may be `"unknown"` (None)."""
        entry = self._find(key, required=required)
        if entry is None or entry.value == UNKNOWN:
            return None
        if isinstance(entry.value, bool) or not isinstance(entry.value, int):
            self._wrong(key, f'a whole number or "{UNKNOWN}"', entry.value)
            return None
        if entry.value < least:
            self.problem(key, f"{key!r} must be at least {least}, not {entry.value}")
        return entry.value

    def measure(self, key: str) -> float | None:
        """Read a number with or without a fraction, if given."""
        entry = self._find(key, required=False)
        if entry is None:
            return None
        if isinstance(entry.value, bool) or not isinstance(entry.value, int | float):
            self._wrong(key, "a number", entry.value)
            return None
        return float(entry.value)

    def flag_or_text(self, key: str) -> bool | str | None:
        """Read true, false or a text, if given."""
        entry = self._find(key, required=False)
        if entry is None:
            return None
        if not isinstance(entry.value, bool | str):
            self._wrong(key, "true, false or a text", entry.value)
            return None
        return entry.value

    def day(self, key: str, *, required: bool = True) -> date | None:
        """Read a day that may be `"unknown"` (None)."""
        entry = self._find(key, required=required)
        if entry is None or entry.value == UNKNOWN:
            return None
        if isinstance(entry.value, datetime) or not isinstance(entry.value, date):
            self._wrong(key, f'a day written 2026-11-24 without quotes, or "{UNKNOWN}"', entry.value)
            return None
        return entry.value

    def certain_day(self, key: str) -> date:
        """Read a day that must be known."""
        day = self.day(key)
        if day is None and key in self.table.entries and self.table.entries[key].value == UNKNOWN:
            self.problem(key, f"{key!r} must be a known day")
        return day or _NO_DAY

    def choice(self, key: str, options: Iterable[str], *, required: bool = True, default: str = "") -> str:
        """Read one of some words."""
        text = self.text(key, required=required)
        allowed = tuple(options)
        if text and text not in allowed:
            self.problem(key, f"{text!r} is not one of: {', '.join(allowed)}")
        return text or default

    def status(self, key: str = "status", *, required: bool = True) -> Status | None:
        """Read a standing."""
        text = self.choice(key, [status.value for status in Status], required=required)
        return Status(text) if text in {status.value for status in Status} else None

    # -- lists

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Read a list of texts, none of them doubled."""
        entry = self._find(key, required=required)
        if entry is None:
            return ()
        if not isinstance(entry.value, list) or not all(isinstance(item, str) for item in entry.value):
            self._wrong(key, "a list of texts in quotes", entry.value)
            return ()
        for item in sorted({item for item in entry.value if entry.value.count(item) > 1}):
            self.problem(key, f"{item!r} stands twice in the list")
        return tuple(entry.value)

    def codes(self, key: str, *, refers_to: str = "", required: bool = False) -> tuple[str, ...]:
        """Read a list of codes, noted as references when they are."""
        codes = self.texts(key, required=required)
        for code in codes:
            if refers_to:
                self.refer(refers_to, code, key)
            elif not _CODE.match(code):
                self.problem(key, f"{code!r} is no code; write lower case letters, digits and hyphens")
        return codes

    def choices(self, key: str, options: Iterable[str], *, required: bool = True) -> tuple[str, ...]:
        """Read a list of words, each one of some."""
        allowed = tuple(options)
        chosen = self.texts(key, required=required)
        for word in chosen:
            if word not in allowed:
                self.problem(key, f"{word!r} is not one of: {', '.join(allowed)}")
        return chosen

    def refer(self, kind: str, code: str, key: str) -> None:
        """Note that a key names another record."""
        self.notes.references.append(Reference(kind=kind, code=code, place=self.place(key)))

    # -- tables

    def tables(self, key: str, *, required: bool = False) -> "list[Reader]":
        """Read the tables `[[key]]` inside this one."""
        entry = self._find(key, required=required)
        if entry is None:
            return []
        if not isinstance(entry.value, list) or not all(isinstance(item, Table) for item in entry.value):
            self._wrong(key, f"tables written [[{self._below(key)}]]", entry.value)
            return []
        return [self._inner(item) for item in entry.value]

    def subtable(self, key: str, *, required: bool = False) -> "Reader | None":
        """Read the one table `[key]` inside this one."""
        entry = self._find(key, required=required)
        if entry is None:
            return None
        if not isinstance(entry.value, Table):
            self._wrong(key, f"a table written [{self._below(key)}]", entry.value)
            return None
        return self._inner(entry.value)

    def _below(self, key: str) -> str:
        return f"{self.table.name}.{key}" if self.table.name else key

    def _inner(self, table: Table) -> "Reader":
        return Reader(table, file=self.file, notes=self.notes, defaults=self.defaults)

    # -- what every record has

    def basis(self) -> Basis:
        """Read on what the record rests; the file's `[defaults]` stand in for what it does not say itself."""
        source = _WithDefaults(self)
        status = source.reader("status").status() or Status.UNKNOWN
        citation = source.reader("citation").text("citation")
        sources = source.reader("sources").codes("sources", refers_to="source", required=True)
        if not sources and status is not Status.UNKNOWN and source.has("sources"):
            self.problem("sources", f"a rule that is {status.value!r} must name at least one source")
        valid_from = source.reader("valid_from").day("valid_from")
        used_from = source.reader("used_from").day("used_from", required=False)
        valid_to = source.reader("valid_to").day("valid_to", required=False)
        note = source.reader("note").text("note", required=False)
        if valid_from is None and used_from is None and source.says_unknown("valid_from"):
            self.problem(
                "valid_from", "an unknown first day needs `used_from`: the day from which this profile uses it"
            )
        first = valid_from or used_from
        if first and valid_to and valid_to < first:
            self.problem("valid_to", f"the last day {valid_to} is before the first day {first}")
        return Basis(
            citation=citation,
            status=status,
            sources=sources,
            valid_from=valid_from,
            valid_to=valid_to,
            used_from=used_from,
            note=note,
        )

    def define(self, kind: str, code: str, basis: Basis | None, *, key: str = "code") -> None:
        """Note that this record defines a code, for the checks over the whole profile."""
        if code:
            self.notes.definitions.append(Definition(kind=kind, code=code, basis=basis, place=self.place(key)))


class _WithDefaults:
    """A record's keys, or those of the file's `[defaults]` where the record is silent."""

    def __init__(self, own: Reader) -> None:
        self._own = own
        self._fallback = own.defaults

    def reader(self, key: str) -> Reader:
        fallback = self._fallback
        if not self._own.has(key) and fallback is not None and key in fallback.entries:
            # References in the defaults are noted once for each record: the problem list drops what is equal.
            return Reader(fallback, file=self._own.file, notes=self._own.notes)
        return self._own

    def has(self, key: str) -> bool:
        return key in self.reader(key).table.entries

    def says_unknown(self, key: str) -> bool:
        entry = self.reader(key).table.entries.get(key)
        return entry is not None and entry.value == UNKNOWN


def _shown(value: Any) -> str:
    if isinstance(value, Table):
        return "a table"
    if isinstance(value, list) and any(isinstance(item, Table) for item in value):
        return "tables"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.isoformat()) if isinstance(value, date) else repr(value)


def file_reader(root: Table, *, file: str, notes: Notes) -> Reader:
    """Return the reader of a whole file, with its `[defaults]` known to every table in it."""
    reader = Reader(root, file=file, notes=notes)
    defaults = reader.subtable(DEFAULTS)
    if defaults is not None:
        for key in BASIS_KEYS:
            defaults.has(key)
        defaults.finish()
        reader.defaults = defaults.table
    return reader


Files = Mapping[str, str]
