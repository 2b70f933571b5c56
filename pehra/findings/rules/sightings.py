"""Sightings as columns: their schema, and the shape in which they are folded.

One row says that one problem was seen on one asset so many times. Nothing here may fail on what a feed can hold: texts
are cut to their limit and control characters become spaces, since one odd row must not keep a day's feed out.
"""

import hashlib
from uuid import UUID

import polars as pl

SUBJECT_LENGTH_MAX = 255
KIND_LENGTH_MAX = 255
NAME_LENGTH_MAX = 200
CODE_LENGTH_MAX = 64
EVIDENCE_LENGTH_MAX = 4_000
PORT_MAX = 65_535

_MOMENT = pl.Datetime("us", "UTC")
SCHEMA: dict[str, pl.DataType] = {
    "subject": pl.String(),  # the address or name that has the problem
    "subject_type": pl.String(),
    "asset": pl.String(),  # the registry's name of what it belongs to
    "organisation": pl.String(),  # "" = the country's own space, holder not known
    "sector": pl.String(),
    "territory": pl.String(),
    "lead_team": pl.String(),
    "teams": pl.List(pl.String()),
    "because": pl.String(),  # JSON: why this is theirs
    "kind": pl.String(),  # type/identifier, or type/identifier/malware
    "classification_taxonomy": pl.String(),
    "classification_type": pl.String(),
    "classification_identifier": pl.String(),
    "malware_name": pl.String(),
    "port": pl.Int64(),  # 0 = none
    "protocol": pl.String(),
    "times": pl.Int64(),
    "first_seen": _MOMENT,
    "last_seen": _MOMENT,
    "feed_name": pl.String(),
    "feed_code": pl.String(),
    "evidence": pl.String(),  # JSON of one sample row's key fields
}

KEY = ("subject", "asset", "organisation", "kind", "port")
_NAMES = {
    "classification_taxonomy": "taxonomy",
    "classification_type": "type",
    "classification_identifier": "identifier",
    "malware_name": "malware",
}
_LIMITS = {
    "subject": SUBJECT_LENGTH_MAX,
    "subject_type": CODE_LENGTH_MAX,
    "asset": SUBJECT_LENGTH_MAX,
    "organisation": CODE_LENGTH_MAX,
    "sector": CODE_LENGTH_MAX,
    "territory": CODE_LENGTH_MAX,
    "lead_team": CODE_LENGTH_MAX,
    "kind": KIND_LENGTH_MAX,
    "classification_taxonomy": NAME_LENGTH_MAX,
    "classification_type": NAME_LENGTH_MAX,
    "classification_identifier": NAME_LENGTH_MAX,
    "malware_name": NAME_LENGTH_MAX,
    "protocol": CODE_LENGTH_MAX,
    "feed_name": NAME_LENGTH_MAX,
    "feed_code": NAME_LENGTH_MAX,
    "evidence": EVIDENCE_LENGTH_MAX,
}
# Controls of both sets, other ends of lines, and the marks that turn the order of what is read.
_CONTROLS = "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"


def foldable(sightings: pl.DataFrame) -> pl.DataFrame:
    """Return sightings one row a finding key, clean, sorted by key, with their reason's digest as `reason`."""
    missing = set(SCHEMA) - set(sightings.columns)
    if missing:
        raise ValueError(f"sightings lack the columns {sorted(missing)}")
    frame = sightings.select(*SCHEMA).cast(SCHEMA)  # type: ignore[arg-type]
    frame = frame.with_columns(
        pl.col(*_LIMITS).fill_null(""),
        pl.col("because").fill_null("[]"),
        pl.col("port").fill_null(0).clip(0, PORT_MAX),
        pl.col("teams").fill_null([]),
    )
    frame = frame.with_columns(*_repairs(frame))
    frame = _once_a_key(frame).rename(_NAMES).sort(KEY)
    return frame.with_columns(_digests(frame["because"]).alias("reason"))


def _repairs(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return what mends the columns that hold a control character or a text over its limit: mostly none does."""
    found = frame.select(
        *(pl.col(name).str.contains(_CONTROLS).any().alias(f"{name}/control") for name in _LIMITS),
        *(pl.col(name).str.len_bytes().max().alias(f"{name}/bytes") for name in _LIMITS),
    ).row(0, named=True)
    repairs = []
    for name, limit in _LIMITS.items():
        if found[f"{name}/control"] or (found[f"{name}/bytes"] or 0) > limit:
            repairs.append(pl.col(name).str.replace_all(_CONTROLS, " ").str.head(limit))
    return repairs


def _once_a_key(frame: pl.DataFrame) -> pl.DataFrame:
    """Add up rows of one key, the newest sighting speaking for all; mostly there is nothing to do."""
    if not frame.select(pl.struct(KEY).is_duplicated().any()).item():
        return frame
    rest = [name for name in frame.columns if name not in {*KEY, "times", "first_seen", "last_seen"}]
    return (
        frame.sort("last_seen", "evidence")
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("times").sum(), pl.col("first_seen").min(), pl.col("last_seen").max(), pl.col(rest).last())
        .select(frame.columns)
    )


def _digests(because: pl.Series) -> pl.Series:
    """Return each reason's digest; a feed has a few reasons for many findings, so each text is hashed once."""
    texts = because.unique()
    digests = [reason_id(text).hex for text in texts]
    return because.replace_strict(texts, pl.Series(digests, dtype=pl.String()))


def reason_id(because: str) -> UUID:
    """Return the identifier of a reason: the first half of its SHA-256."""
    return UUID(bytes=hashlib.sha256(because.encode()).digest()[:16])


def digest_of_keys(frame: pl.DataFrame) -> str:
    """Return one SHA-256 over the finding keys of a frame, whatever their order: what a ledger entry commits to."""
    if frame.is_empty():
        return hashlib.sha256().hexdigest()
    lines = frame.select(pl.concat_str(KEY, separator="\x1f").sort()).to_series()
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()
