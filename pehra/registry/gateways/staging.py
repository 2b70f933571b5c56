"""Many rows into PostgreSQL in few statements: COPY into a table of the transaction, then set against set.

A statement a row would take minutes where this takes seconds. Everything here runs inside the caller's transaction and
leaves nothing behind. Names of tables and columns are written in this file, never taken from input.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from pehra.registry.rules.rows import AssetRow

MATCHING_ROUNDS_MAX = 100


@dataclass(frozen=True)
class Upsert:
    """What an upsert of rows by their key changed."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True)
class Conflict:
    """A staged line that the registry as it stands does not allow; no holder: it covers two holdings of its own."""

    line: int
    holder: str
    valid_from: date | None
    valid_to: date | None


def upsert(
    table: str,
    *,
    columns: Sequence[str],
    key: Sequence[str],
    rows: Iterable[Sequence[Any]],
    fixed: Sequence[tuple[str, str]] = (),
) -> Upsert:
    """Insert rows, or update those whose key is there and whose other columns differ.

    `fixed` are columns with the SQL that only a new row gets.
    """
    others = [name for name in columns if name not in key]
    staged = f"staged_{table}"
    # Keys are text, some of them null; `IS NOT DISTINCT FROM` would cost the hash join.
    matches = " AND ".join(f"coalesce(held.{name}, '') = coalesce(staged.{name}, '')" for name in key)
    differ = f"({_listed(others, 'held')}) IS DISTINCT FROM ({_listed(others, 'staged')})"
    with connection.cursor() as cursor:
        _stage(cursor, staged, f"SELECT {', '.join(columns)} FROM {table}", columns, rows)  # noqa: S608
        counted = f"SELECT count(*), count(held.{key[-1]}) FROM {staged} staged LEFT JOIN {table} held ON {matches}"  # noqa: S608
        cursor.execute(counted)
        total, there = cursor.fetchone()
        cursor.execute(
            f"UPDATE {table} held SET {', '.join(f'{name} = staged.{name}' for name in others)} "  # noqa: S608
            f"FROM {staged} staged WHERE {matches} AND {differ}"
        )
        updated = cursor.rowcount
        cursor.execute(
            f"INSERT INTO {table} ({', '.join([*columns, *(name for name, _ in fixed)])}) "  # noqa: S608
            f"SELECT {', '.join([_listed(columns, 'staged'), *(sql for _, sql in fixed)])} FROM {staged} staged "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} held WHERE {matches})"
        )
        cursor.execute(f"DROP TABLE {staged}")
    return Upsert(created=total - there, updated=updated, unchanged=there - updated)


def _listed(names: Sequence[str], alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def _stage(cursor: Any, table: str, like: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table of the transaction with the column types of a query."""
    cursor.execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP AS {like} WITH NO DATA")
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(f"ANALYZE {table}")


_SAME_DAYS = "daterange(held.valid_from, held.valid_to, '[]') && daterange(staged.valid_from, staged.valid_to, '[]')"
_HOLDING = """
    FROM staged_asset staged JOIN registry_asset held ON held.type = staged.type AND held.value = staged.value
    WHERE held.organisation_id IS NOT DISTINCT FROM staged.organisation_id AND """
_MATCH = f"""
    CREATE TEMP TABLE matched_asset ON COMMIT DROP AS
    SELECT staged.line, held.id,
           (held.relation, held.valid_from, held.valid_to)
           IS NOT DISTINCT FROM (staged.relation, staged.valid_from, staged.valid_to) AS same
    {_HOLDING} {_SAME_DAYS}"""  # noqa: S608 (constants)
_TWO_HOLDINGS = """
    SELECT line, '', NULL::date, NULL::date FROM matched_asset GROUP BY line HAVING count(*) > 1"""
# An existing holding that a line of this very file changes is judged by what the line makes of it, not by what it was.
_OTHERS = f"""
    SELECT DISTINCT ON (staged.line) staged.line, held.organisation_id, held.valid_from, held.valid_to
    FROM staged_asset staged JOIN registry_asset held ON held.type = staged.type AND held.value = staged.value
    WHERE staged.organisation_id IS NOT NULL AND held.organisation_id IS NOT NULL
      AND held.organisation_id <> staged.organisation_id AND staged.type <> 'product' AND {_SAME_DAYS}
      AND NOT EXISTS (SELECT 1 FROM matched_asset matched WHERE matched.id = held.id)
    ORDER BY staged.line, held.valid_from"""  # noqa: S608
_UPDATE = """
    UPDATE registry_asset held
    SET relation = staged.relation, valid_from = staged.valid_from, valid_to = staged.valid_to
    FROM matched_asset matched JOIN staged_asset staged USING (line)
    WHERE held.id = matched.id AND NOT matched.same AND (staged.valid_to IS NOT NULL) = %s"""
_INSERT = """
    INSERT INTO registry_asset (type, value, organisation_id, relation, valid_from, valid_to)
    SELECT type, value, organisation_id, relation, valid_from, valid_to FROM staged_asset staged
    WHERE NOT EXISTS (SELECT 1 FROM matched_asset matched WHERE matched.line = staged.line)
    ORDER BY line"""


class AssetStaging:
    """The assets of one file beside those of the registry, until `apply` makes them the registry's."""

    def __init__(self, rows: Iterable[AssetRow]) -> None:
        columns = ("line", "type", "value", "organisation_id", "relation", "valid_from", "valid_to")
        like = f"SELECT 0::bigint AS {', '.join(columns)} FROM registry_asset"  # noqa: S608 (a constant)
        staged = ((r.line, r.type, r.value, r.organisation or None, r.relation, r.valid_from, r.valid_to) for r in rows)
        with connection.cursor() as cursor:
            _stage(cursor, "staged_asset", like, columns, staged)
            cursor.execute(_MATCH)
            cursor.execute("CREATE INDEX ON matched_asset (id)")
            cursor.execute("ANALYZE matched_asset")

    def settle(self) -> list[Conflict]:
        """Take out the lines that the registry does not allow and return them; what is left can be applied.

        A line taken out no longer changes the holding it matched, which may stand in the way of another line: asked
        again until nothing is taken out.
        """
        found: list[Conflict] = []
        with connection.cursor() as cursor:
            for _ in range(MATCHING_ROUNDS_MAX):
                cursor.execute(_TWO_HOLDINGS)
                conflicts = [Conflict(*row) for row in cursor.fetchall()]
                cursor.execute(_OTHERS)
                conflicts += [Conflict(*row) for row in cursor.fetchall()]
                if not conflicts:
                    return found
                found += {conflict.line: conflict for conflict in conflicts}.values()
                self._take_out(cursor, [conflict.line for conflict in conflicts])
        raise AssertionError("lines of one file stand in each other's way without end")

    def _take_out(self, cursor: Any, lines: Sequence[int]) -> None:
        cursor.execute("DELETE FROM staged_asset WHERE line = ANY(%s)", [list(lines)])
        cursor.execute("DELETE FROM matched_asset WHERE line = ANY(%s)", [list(lines)])

    def apply(self) -> Upsert:
        """Make what is staged the registry's and say what changed."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(*) FILTER (WHERE same) FROM matched_asset")
            matched, unchanged = cursor.fetchone()
            # Holdings that end first: until then the value's next holder would be a second one without an end.
            cursor.execute(_UPDATE, [True])
            cursor.execute(_UPDATE, [False])
            cursor.execute(_INSERT)
            created = cursor.rowcount
            cursor.execute("DROP TABLE staged_asset, matched_asset")
        return Upsert(created=created, updated=matched - unchanged, unchanged=unchanged)
