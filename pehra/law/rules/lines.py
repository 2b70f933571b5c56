"""TOML read with its line numbers.

`tomllib` gives values without positions and stops at the first mistake. A lawyer needs the line, and all mistakes at
once. So the text is cut here into statements (a header, or one `key = value`), each value is read by `tomllib` itself,
and key and table are kept with their line. Refused, because a profile needs none of it: dotted and quoted keys. A
doubled key is a mistake, never the last one winning.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pehra.law.rules.problems import Problem

STATEMENT_LINES_MAX = 200

_HEADER = re.compile(r"^(\[{1,2})\s*([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\s*(\]{1,2})\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"^([A-Za-z0-9_-]+)\s*=\s*(.*)$", re.DOTALL)


@dataclass
class Entry:
    """A value and the line it stands on; `value` may be a `Table` or a list of them."""

    line: int
    value: Any


@dataclass
class Table:
    """A table of a file: its dotted name, the line of its header, its entries in order."""

    name: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class _Statement:
    line: int
    text: str


def parse(text: str, *, file: str) -> tuple[Table, list[Problem]]:
    """Return the file's root table, and every mistake of writing in it."""
    root = Table(name="", line=1)
    problems: list[Problem] = []
    current: Table | None = root
    for statement in _statements(text):
        if statement.text.startswith("["):
            current = _enter(root, statement, file, problems)
            continue
        match = _ASSIGNMENT.match(statement.text)
        if match is None:
            problems.append(_problem(file, statement.line, "", "this is neither `[table]` nor `key = value`"))
        elif current is not None:
            _assign(current, match.group(1), match.group(2), statement.line, file, problems)
    return root, problems


def _statements(text: str) -> Iterator[_Statement]:
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        first = number
        statement = lines[number].strip()
        number += 1
        if not statement or statement.startswith("#"):
            continue
        if not statement.startswith("["):
            while _is_open(statement) and number < len(lines) and number - first < STATEMENT_LINES_MAX:
                statement += "\n" + lines[number]
                number += 1
        yield _Statement(line=first + 1, text=statement)


def _is_open(text: str) -> bool:
    """Whether a bracket or a many-line string begun in this text is not closed in it."""
    depth, at = 0, 0
    while at < len(text):
        character = text[at]
        if text.startswith(('"""', "'''"), at):
            end = text.find(text[at : at + 3], at + 3)
            if end < 0:
                return True
            at = end + 3
            continue
        if character in "\"'":
            at = _string_end(text, at)
        elif character == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        at += 1
    return depth > 0


def _string_end(text: str, start: int) -> int:
    quote = text[start]
    at = start + 1
    while at < len(text) and text[at] not in (quote, "\n"):
        at += 2 if text[at] == "\\" and quote == '"' else 1
    return at


def _enter(root: Table, statement: _Statement, file: str, problems: list[Problem]) -> Table | None:
    """Make the table that a header opens; None (its keys are skipped) when the header is wrong."""
    match = _HEADER.match(statement.text)
    if match is None or len(match.group(1)) != len(match.group(3)):
        problems.append(
            _problem(file, statement.line, statement.text, "this header is not written as [name] or [[name]]")
        )
        return None
    many, path = len(match.group(1)) == 2, match.group(2).split(".")
    parent = root
    for step in path[:-1]:
        found = parent.entries.get(step)
        below = found.value[-1] if found and isinstance(found.value, list) and found.value else found and found.value
        if not isinstance(below, Table):
            message = f"[{match.group(2)}] stands outside the [{step}] that it belongs to"
            problems.append(_problem(file, statement.line, match.group(2), message))
            return None
        parent = below
    return _open_table(parent, path[-1], match.group(2), many, statement.line, file, problems)


def _open_table(
    parent: Table, key: str, name: str, many: bool, line: int, file: str, problems: list[Problem]
) -> Table | None:
    table = Table(name=name, line=line)
    found = parent.entries.get(key)
    if found is None:
        parent.entries[key] = Entry(line=line, value=[table] if many else table)
        return table
    tables = isinstance(found.value, list) and all(isinstance(item, Table) for item in found.value)
    if many and tables:
        found.value.append(table)
        return table
    message = f"{name!r} was already given on line {found.line}; a name stands only once"
    problems.append(_problem(file, line, name, message))
    return None


def _assign(table: Table, key: str, text: str, line: int, file: str, problems: list[Problem]) -> None:
    name = f"{table.name}.{key}" if table.name else key
    if key in table.entries:
        message = f"{key!r} was already given on line {table.entries[key].line}; a key stands only once"
        problems.append(_problem(file, line, name, message))
        return
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(_problem(file, line, name, f"this value cannot be read: {_plain(str(error))}"))
        return
    table.entries[key] = Entry(line=line, value=value)


def _plain(message: str) -> str:
    # tomllib counts lines from the start of the statement, which would contradict the line that we name.
    return re.sub(r"\s*\(at .*\)$", "", message)


def _problem(file: str, line: int, field_name: str, message: str) -> Problem:
    return Problem(file=file, line=line, field=field_name, message=message)
