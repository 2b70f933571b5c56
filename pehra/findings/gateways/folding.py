"""Folding a frame of sightings into PostgreSQL: COPY to a temporary table, then one upsert.

Cost goes with findings, never with events. The order of the rows is the order of the unique key, so that two folds at
once wait for each other and never dead-lock. Adding up, least and greatest do not care which input came first.
"""

import io
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from django.db import connection

from pehra.findings.rules.states import State

COPY_CHUNK_BYTES = 1 << 20
ROWS_A_STATEMENT = 100_000

_TEXTS = (
    "subject", "subject_type", "asset", "organisation", "sector", "territory", "lead_team", "kind", "taxonomy", "type",
    "identifier", "malware", "protocol", "feed_name", "feed_code", "evidence",
)  # fmt: skip
_COLUMNS = ("id", *_TEXTS, "teams", "reason_id", "port", "times", "first_seen", "last_seen")

_TEMPORARY = """
CREATE TEMPORARY TABLE findings_sighting (
    id uuid, subject text, subject_type text, asset text, organisation text, sector text, territory text,
    lead_team text, kind text, taxonomy text, type text, identifier text, malware text, protocol text, feed_name text,
    feed_code text, evidence text, teams text[], reason_id uuid, port integer, times bigint, first_seen timestamptz,
    last_seen timestamptz
) ON COMMIT DROP
"""
_COPY = f"COPY findings_sighting ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"

_KNOWN_REASONS = "SELECT id FROM findings_reason WHERE id = ANY(%s::uuid[])"
_REASONS = """
INSERT INTO findings_reason (id, because) SELECT * FROM unnest(%s::uuid[], %s::jsonb[]) ON CONFLICT (id) DO NOTHING
"""

# What of a finding follows its newest sighting. The owner's columns are indexed: written only when they differ.
_NEWER = "(excluded.last_seen, excluded.evidence) > (f.last_seen, f.evidence)"
_MOVED = (
    f"{_NEWER} AND (f.lead_team, f.teams, f.sector, f.territory) IS DISTINCT FROM "
    "(excluded.lead_team, excluded.teams, excluded.sector, excluded.territory)"
)
# A sighting from before the repair that comes in late is no sign that the repair failed.
_RETURNED = f"f.state IN ('{State.FIXED}', '{State.VERIFIED}') AND excluded.last_seen > f.fixed_at"


def _when(condition: str, *columns: str) -> str:
    return ", ".join(f"{name} = CASE WHEN {condition} THEN excluded.{name} ELSE f.{name} END" for name in columns)


_FOLD = f"""
WITH folded AS (
    INSERT INTO findings_finding AS f ({", ".join(_COLUMNS)}, state, opened_at, opened_fold, reopened, examined)
    SELECT {", ".join(_COLUMNS)}, '{State.OPEN}', %(at)s, %(fold)s, 0, '' FROM findings_sighting
    ON CONFLICT (subject, asset, organisation, kind, port) DO UPDATE SET
        times = f.times + excluded.times,
        first_seen = least(f.first_seen, excluded.first_seen),
        last_seen = greatest(f.last_seen, excluded.last_seen),
        {_when(_NEWER, "evidence", "feed_name", "feed_code", "protocol")},
        {_when(_MOVED, "lead_team", "teams", "sector", "territory", "reason_id")},
        state = CASE WHEN {_RETURNED} THEN '{State.OPEN}' ELSE f.state END,
        reopened = CASE WHEN {_RETURNED} THEN f.reopened + 1 ELSE f.reopened END,
        reopened_at = CASE WHEN {_RETURNED} THEN %(at)s ELSE f.reopened_at END,
        reopened_fold = CASE WHEN {_RETURNED} THEN %(fold)s ELSE f.reopened_fold END,
        examined = CASE WHEN {_RETURNED} THEN '' ELSE f.examined END
    RETURNING f.id, (xmax = 0) AS is_new, coalesce(f.reopened_fold = %(fold)s, false) AS returned
)
SELECT id, is_new FROM folded WHERE is_new OR returned
"""  # noqa: S608 (constants of this module)


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What a fold did: the identifiers of rows that are new, and of rows that are open again."""

    new: list[UUID]
    reopened: list[UUID]


def with_ids(frame: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Add a UUIDv7 a row, as `kernel.identifiers.new_id` makes them, for those that turn out to be new."""
    height = frame.height
    octets = np.frombuffer(os.urandom(16 * height), dtype=np.uint8).reshape(height, 16).copy()
    octets[:, :6] = np.frombuffer(int(at.timestamp() * 1000).to_bytes(6), dtype=np.uint8)
    octets[:, 6] = 0x70 | (octets[:, 6] & 0x0F)
    octets[:, 8] = 0x80 | (octets[:, 8] & 0x3F)
    digits = octets.tobytes().hex()
    ids = [digits[start : start + 32] for start in range(0, 32 * height, 32)]
    return frame.with_columns(pl.Series("id", ids, dtype=pl.String()))


def fold(frame: pl.DataFrame, *, number: UUID, at: datetime) -> Folded:
    """Fold a frame of `rules.sightings.foldable`, with ids, within the caller's transaction; its memory is bounded."""
    rows: list[tuple[UUID, bool]] = []
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS findings_sighting")
        cursor.execute(_TEMPORARY)
        for part in frame.iter_slices(ROWS_A_STATEMENT):
            _keep_reasons(part, cursor)
            _copy(part, cursor)
            cursor.execute(_FOLD, {"at": at, "fold": number})
            rows += cursor.fetchall()
            cursor.execute("TRUNCATE findings_sighting")
        cursor.execute("DROP TABLE findings_sighting")
    return Folded(new=[row[0] for row in rows if row[1]], reopened=[row[0] for row in rows if not row[1]])


def _keep_reasons(frame: pl.DataFrame, cursor: Any) -> None:
    reasons = frame.select("reason", "because").unique("reason")
    cursor.execute(_KNOWN_REASONS, [reasons["reason"].to_list()])
    known = [row[0].hex for row in cursor.fetchall()]
    fresh = reasons.filter(~pl.col("reason").is_in(known)).sort("reason")
    cursor.execute(_REASONS, [fresh["reason"].to_list(), fresh["because"].to_list()])


def _copy(frame: pl.DataFrame, cursor: Any) -> None:
    payload = io.BytesIO()
    frame.select(
        "id",
        *_TEXTS,
        _array_literal("teams"),
        pl.col("reason").alias("reason_id"),
        "port",
        "times",
        "first_seen",
        "last_seen",
    ).write_csv(payload, include_header=False, quote_style="non_numeric", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    content = payload.getbuffer()
    with cursor.copy(_COPY) as copy:
        for start in range(0, len(content), COPY_CHUNK_BYTES):
            copy.write(content[start : start + COPY_CHUNK_BYTES])


def _array_literal(name: str) -> pl.Expr:
    """Write a list of texts as PostgreSQL reads arrays: every element quoted, quotes and backslashes escaped."""
    escaped = pl.col(name).list.eval(pl.element().fill_null("").str.replace_all(r'(["\\])', r"\$1"))
    inner = escaped.list.join('","')
    empty = pl.col(name).list.len() == 0
    return pl.when(empty).then(pl.lit("{}")).otherwise(pl.concat_str(pl.lit('{"'), inner, pl.lit('"}'))).alias(name)
