"""Indicators into and out of PostgreSQL by COPY: a million in seconds, and only what changed is written."""

import io
from datetime import datetime

import polars as pl
from django.db import connection

from pehra.intel.rules.indicators import COLUMNS

_STAGING = "intel_incoming"
_NAMES = ("id", *COLUMNS, "source")
_KEPT = ", ".join(_NAMES)
_CHANGED = " or ".join(
    f"i.{name} is distinct from excluded.{name}"
    for name in ("matchable", "valid_to", "tlp", "confidence", "stix_id", "name")
)


def upsert(indicators: pl.DataFrame, *, source: str, at: datetime) -> tuple[int, int]:
    """Write indicators of one source, each once; return how many are new and how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"create temporary table {_STAGING} on commit drop as"  # noqa: S608 - names of our own only
            f" select {_KEPT} from intel_indicator with no data"
        )
        _copy_in(cursor, indicators.with_columns(source=pl.lit(source)).select(_NAMES))
        cursor.execute(
            f"""
            with written as (
                insert into intel_indicator as i ({_KEPT}, imported_at) select {_KEPT}, %s from {_STAGING}
                on conflict (id) do update set matchable = excluded.matchable, valid_to = excluded.valid_to,
                    tlp = excluded.tlp, confidence = excluded.confidence, stix_id = excluded.stix_id,
                    name = excluded.name, imported_at = excluded.imported_at
                where {_CHANGED}
                returning (xmax = 0) as is_new
            )
            select count(*) filter (where is_new), count(*) filter (where not is_new) from written
            """,  # noqa: S608 - names of our own only
            [at],
        )
        created, changed = cursor.fetchone()
        cursor.execute(f"drop table {_STAGING}")
    return int(created), int(changed)


def _copy_in(cursor: object, rows: pl.DataFrame) -> None:
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, quote_style="non_numeric", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    statement = f"copy {_STAGING} ({_KEPT}) from stdin (format csv, force_not_null (stix_id, name))"
    with cursor.copy(statement) as copy:  # type: ignore[attr-defined]
        copy.write(text.getbuffer())


def in_force(at: datetime) -> pl.DataFrame:
    """Return type, value and id of every indicator that can be matched at a moment, most trusted first."""
    text = io.BytesIO()
    query = (
        "copy (select type, value, id from intel_indicator where matchable and valid_from <= %s"
        " and (valid_to is null or valid_to > %s) order by confidence desc nulls last, valid_from, id)"
        " to stdout (format csv)"
    )
    with connection.cursor() as cursor, cursor.copy(query, [at, at]) as copy:
        for chunk in copy:
            text.write(chunk)
    schema = {"type": pl.String, "value": pl.String, "id": pl.String}
    if not text.tell():
        return pl.DataFrame(schema=schema)
    return pl.read_csv(text.getvalue(), has_header=False, schema=schema)


def next_change(after: datetime) -> datetime | None:
    """Return when the next indicator begins or ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select least((select min(valid_from) from intel_indicator where valid_from > %s),"
            " (select min(valid_to) from intel_indicator where valid_to > %s))",
            [after, after],
        )
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


def add_sightings(sightings: pl.DataFrame, *, at: datetime) -> int:
    """Write what inputs showed; an input counts once for an indicator."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into intel_sighting (indicator_id, input, times, first_seen, last_seen, at)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (indicator_id, input) do nothing",
            [
                (row["indicator"], row["input"], row["times"], row["first_seen"], row["last_seen"], at)
                for row in sightings.iter_rows(named=True)
            ],
        )
        return int(cursor.rowcount)
