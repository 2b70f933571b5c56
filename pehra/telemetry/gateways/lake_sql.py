"""SQL over the lake by DuckDB: one view, `events`, over exactly the files that the manifest names.

The SQL comes from people. It may only select, only from `events`, and only for so long and so much: the text is
parsed first and every table and table function in it is looked at, so that no file, setting or other row is read
around the view. The database itself may open those files and nothing else.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid
from pehra.telemetry.rules.schema import COLUMNS, shown


class Gone(Exception):
    """A file was merged into another while the query began: ask again."""


ROWS_MAX = 100_000
SECONDS_MAX = 60
SQL_LENGTH_MAX = 100_000
QUERY_DEPTH_MAX = 600
MEMORY_MAX = "2GB"

_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
_TYPES = {
    "String": "varchar",
    "Categorical": "varchar",
    "UInt16": "usmallint",
    "UInt32": "uinteger",
    "UInt64": "ubigint",
    "Datetime": "timestamp with time zone",
}


def select(sql: str, files: Sequence[Path], *, visible: str, seconds: float = SECONDS_MAX) -> list[dict[str, Any]]:
    """Run a query over some files; `visible` is the condition that every row must meet to be seen at all."""
    connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY_MAX})
    stop = threading.Timer(seconds, connection.interrupt)
    try:
        connection.execute("set timezone = 'UTC'")
        _refuse_all_but_select(connection, sql)
        connection.execute(_view(files, visible))
        connection.execute(f"set allowed_paths = [{_quoted(str(path) for path in files)}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        stop.start()
        return _rows(connection.execute(sql))
    except duckdb.InterruptException as error:
        raise Invalid(f"the query took longer than {seconds:g} seconds; ask for less", field="sql") from error
    except duckdb.IOException as error:
        raise Gone from error
    except duckdb.Error as error:
        raise Invalid(f"the query cannot be answered: {str(error).splitlines()[0]}", field="sql") from error
    finally:
        stop.cancel()
        connection.close()


def _rows(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or []]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"two columns of the answer are called {twice!r}; name one otherwise with `as`", field="sql")
    rows = found.fetchmany(ROWS_MAX + 1)
    if len(rows) > ROWS_MAX:
        raise Invalid(f"the answer has more than {ROWS_MAX} rows; group or limit it", field="sql")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _view(files: Sequence[Path], visible: str) -> str:
    columns = ", ".join(
        "format('{:016x}{:016x}', event_key_high, event_key_low) as event_key"
        if column.name == "event_key"
        else column.name
        for column in shown()
    )
    if files:
        origin = (
            f"read_parquet([{_quoted(str(path) for path in files)}], hive_partitioning = false, union_by_name = true)"
        )
    else:
        empty = ", ".join(f"null::{_TYPES[column.dtype.base_type().__name__]} as {column.name}" for column in COLUMNS)
        origin = f"(select {empty} limit 0)"
    return f"create view events as select {columns} from {origin} where {visible}"  # noqa: S608 - names of our own making


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def visible_condition(teams: Iterable[str], organisations: Iterable[str]) -> str:
    """Return the condition that holds for the events of some teams and organisations."""
    return (
        f"(list_has_any(string_split(teams, ';'), [{_quoted(sorted(teams))}]::varchar[])"
        f" or organisation in (select unnest([{_quoted(sorted(organisations))}]::varchar[])))"
    )


def _refuse_all_but_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    if len(sql) > SQL_LENGTH_MAX:
        raise Invalid(f"the query is longer than {SQL_LENGTH_MAX} characters", field="sql")
    ((written,),) = connection.execute("select json_serialize_sql(?)", [sql]).fetchall()
    # What nests as deep as somebody wrote it is walked below, where each level costs a level of our own stack.
    parsed = json_text.read_object(written, field="sql", depth_max=QUERY_DEPTH_MAX, any_text=True)
    if parsed.get("error"):
        raise Invalid(
            f"this is no query that only reads: {parsed.get('error_message', 'it cannot be read')}", field="sql"
        )
    if not parsed["statements"]:
        raise Invalid("there is no query here", field="sql")
    if len(parsed["statements"]) != 1:
        raise Invalid("one query at a time, please", field="sql")
    _look(parsed["statements"], frozenset())


def _look(node: Any, ours: frozenset[str]) -> None:
    """Walk a parsed query and refuse every origin of rows but `events`, its own subqueries and plain lists."""
    if isinstance(node, list):
        for part in node:
            _look(part, ours)
    elif isinstance(node, Mapping):
        for entry in (node.get("cte_map") or {}).get("map", []):
            # A query's own table is there for what follows it, and not within itself: there its name is a stranger's.
            _look(entry["value"], ours)
            ours |= {str(entry["key"]).lower()}
        _refuse_stranger(node, ours)
        again = node.get("type") == "RECURSIVE_CTE_NODE"
        for name, part in node.items():
            if name != "cte_map":
                _look(part, ours | {str(node["cte_name"]).lower()} if again and name == "right" else ours)


def _refuse_stranger(node: Mapping[str, Any], ours: frozenset[str]) -> None:
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = str(node.get("table_name", "")).lower()
        if node.get("schema_name") or node.get("catalog_name") or (name != "events" and name not in ours):
            raise Invalid(f"there is only the table events, not {node.get('table_name')!r}", field="sql")
    elif kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise Invalid(f"the function {name} may not be used as a table here", field="sql")
