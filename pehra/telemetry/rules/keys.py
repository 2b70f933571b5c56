"""The key of an event's content: what makes a row, sent again in another file, order or compression, the same row.

XXH3 with 128 bits over every column as received, taken by header name in alphabetical order, so that neither the
order of columns nor of rows matters, nor the file. An empty text and an absent one are the same. The report's type
and the header's names go into the seed with the node's own secret: XXH3 is no cryptographic hash, and a stranger who
knows no seed cannot write a banner that hides another's event. Event time is among the columns, so a duplicate always
falls on the same day.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import polars_hash

Halves = np.ndarray[Any, np.dtype[np.uint64]]

SEPARATOR = "\x1f"


def fingerprint(names: Sequence[str]) -> str:
    """Return what identifies a header, whatever the order of its names."""
    return hashlib.sha256(SEPARATOR.join(sorted(names)).encode()).hexdigest()[:32]


def seed(*, node: bytes, feed: str, report: str, names: Sequence[str]) -> int:
    """Return the hash's seed for rows of one header of one report."""
    said = "\x1e".join([feed, report, *sorted(names)]).encode()
    return int.from_bytes(hashlib.blake2b(said, key=node[:64], digest_size=8).digest())


def content_keys(raw: pl.DataFrame, *, seed: int, marked: bool) -> tuple[Halves, Halves]:
    """Return both halves of every row's key. `marked` says that a value may hold the separator itself."""
    names = sorted(raw.columns)
    joined = pl.concat_str([pl.col(name).fill_null("") for name in names], separator=SEPARATOR)
    if marked:
        # Prefixed by two separators and with lengths, such a row can be taken for no other.
        lengthy = [
            pl.concat_str(pl.col(name).fill_null("").str.len_bytes(), pl.lit(":"), pl.col(name).fill_null(""))
            for name in names
        ]
        ambiguous = pl.any_horizontal(pl.col(name).str.contains(SEPARATOR, literal=True) for name in names)
        joined = (
            pl.when(ambiguous.fill_null(False)).then(pl.concat_str(pl.lit(SEPARATOR * 2), *lengthy)).otherwise(joined)
        )
    row = raw.select(joined.alias("row"))
    hashed = row.select(
        polars_hash.col("row").nchash.xxh3_128(seed=seed, return_binary=True, byte_order="big")
    ).to_series()
    array = hashed.rechunk().to_arrow()
    halves = np.frombuffer(array.buffers()[2], ">u8", count=2 * len(array)).reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])
