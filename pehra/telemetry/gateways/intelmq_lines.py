"""IntelMQ's events, one JSON object a line, as columns of text: read by DuckDB with the columns we declare.

A line that is no JSON, no object, or says a field twice is a reject with its text; nothing is turned into a row of
nulls in silence. Fields that no column is declared for come as one JSON object, their names in order.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pehra.kernel.refusals import Invalid
from pehra.telemetry.gateways.csv_rows import BATCH_ROWS, BLOCK_BYTES, Batch, after_line
from pehra.telemetry.gateways.inputs import Text
from pehra.telemetry.rules.intelmq import FEED, FIELDS, REST
from pehra.telemetry.rules.lines import LINE_BYTES_MAX, NUL_BYTE, TOO_LONG, Reject

NO_JSON = "the line is no JSON"
NO_OBJECT = "the line is JSON, but no object"
TWICE = "a field stands twice in the object"
FORM = FEED
_LOOKED_AT = 100

_COLUMNS = ", ".join(f"said[{place + 1}] as {name}" for place, name in enumerate(f'"{field}"' for field in FIELDS))
_PATHS = ", ".join(f"'$.\"{field}\"'" for field in FIELDS)
_KNOWN = ", ".join(f"'{field}'" for field in (*FIELDS, "raw", "extra", "__type"))
_STRIPPED = "lambda entry: {'key': regexp_replace(entry.key, '^extra[.]', ''), 'value': entry.value}"
_MAP = """'"MAP(VARCHAR, JSON)"'"""
_QUERY = f"""
    with fields as (
        select json_extract_string(text, [{_PATHS}]) as said, json_transform(text, {_MAP}) as every,
            json_transform(json_extract(text, '$.extra'), {_MAP}) as nested
        from lines
    ), others as (
        select *, list_filter(
            map_entries(every), lambda entry: entry.key not in ({_KNOWN}) and entry.value is not null
        ) as flat
        from fields
    )
    select {_COLUMNS}, every is null as twice, to_json(map_from_entries(list_sort(list_concat(
        list_transform(flat, {_STRIPPED}), coalesce(map_entries(nested), [])
    )))) as "{REST}"
    from others
"""  # noqa: S608 - made of our own names only


def batches(text: Text) -> Iterator[Batch]:
    """Yield batches of a text of JSON lines; refuse one in which no line is of IntelMQ's vocabulary."""
    _refuse_strangers(text)
    connection = duckdb.connect(config={"threads": 2})
    try:
        held: list[bytes] = []
        first = 1
        for lines in _lines(text.path):
            held += lines
            while len(held) >= BATCH_ROWS:
                yield _batch(connection, held[:BATCH_ROWS], first)
                held, first = held[BATCH_ROWS:], first + BATCH_ROWS
        if held:
            yield _batch(connection, held, first)
    finally:
        connection.close()


def _lines(path: Path) -> Iterator[list[bytes]]:
    """Yield lines, without a byte order mark; of one that is too long only the beginning, the archive has it whole."""
    with path.open("rb") as source:
        if source.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            source.seek(0)
        rest = b""
        while chunk := source.read(BLOCK_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            yield whole
            if len(rest) > LINE_BYTES_MAX:
                yield [rest[: LINE_BYTES_MAX + 1]]
                rest = after_line(source)
        if rest:
            yield rest.split(b"\n")


def _batch(connection: duckdb.DuckDBPyConnection, lines: list[bytes], first: int) -> Batch:
    rejects: list[Reject] = []
    texts: list[str] = []
    places: list[int] = []
    for place, line in enumerate(lines, first):
        stripped = line.strip()
        if not stripped:
            continue
        if len(line) > LINE_BYTES_MAX or b"\0" in line:
            rejects.append(Reject(place, TOO_LONG if len(line) > LINE_BYTES_MAX else NUL_BYTE, line))
            continue
        places.append(place)
        texts.append(
            stripped.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
            if not stripped.isascii()
            else stripped.decode()
        )
    numbers = np.array(places, np.int64)
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    kind = _query(
        connection,
        frame,
        "select json_valid(text) as valid, case when json_valid(text) then json_type(text) end as kind from lines",
    )
    is_object = (kind["kind"] == "OBJECT").fill_null(False).to_numpy()
    for place in np.flatnonzero(~is_object).tolist():
        reason = NO_OBJECT if kind["valid"][place] else NO_JSON
        rejects.append(Reject(int(numbers[place]), reason, texts[place].encode()))
    raw = _query(connection, frame.filter(is_object), _QUERY)
    numbers, objects = numbers[is_object], frame.filter(is_object)["text"]
    twice = raw["twice"].to_numpy()
    for place in np.flatnonzero(twice).tolist():
        rejects.append(Reject(int(numbers[place]), TWICE, objects[place].encode()))
    if twice.any():
        raw, numbers = raw.filter(~twice), numbers[~twice]
    return Batch(raw.drop("twice"), numbers, rejects)


def _query(connection: duckdb.DuckDBPyConnection, lines: pl.DataFrame, query: str) -> pl.DataFrame:
    connection.register("lines", lines.to_arrow())
    try:
        found = pl.from_arrow(connection.sql(query).to_arrow_table())
    finally:
        connection.unregister("lines")
    assert isinstance(found, pl.DataFrame)
    return found


def _refuse_strangers(text: Text) -> None:
    """Refuse JSON lines of another vocabulary, such as a sensor's own, as a whole: each line would be a reject."""
    head = text.look.first.split(b"\n")[:_LOOKED_AT]
    marks = tuple(f'"{field}"'.encode() for field in FIELDS)
    if not any(mark in line for line in head for mark in marks):
        raise Invalid(
            f"{text.name}: none of its first {_LOOKED_AT} lines has a field that IntelMQ knows, such as source.ip",
            field="format",
        )
