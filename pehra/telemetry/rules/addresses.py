"""A column of addresses: parsed once, used for checking, attribution and matching.

Null is "no address said"; a text that is none is `bad`, which is the parser's matter to reject or to keep aside.
IPv6 texts are brought to the one spelling of RFC 5952. How a text becomes a number is the registry's to say, once for
all parts; its functions are passed in, since a rule imports nobody's door.
"""

from collections.abc import Callable
from dataclasses import dataclass
from socket import AF_INET6, inet_ntop
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

Words = np.ndarray[Any, np.dtype[np.uint32]]
Halves = np.ndarray[Any, np.dtype[np.uint64]]
Places = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class AddressReader:
    """How texts become numbers: each function returns the numbers and which texts were addresses."""

    v4: Callable[[pa.Array], tuple[Words, Mask]]
    v6: Callable[[pa.Array], tuple[Halves, Halves, Mask]]


@dataclass(frozen=True)
class Addresses:
    """Addresses of a column, split by family. `v4_rows` and `v6_rows` are the rows that have one of that family."""

    v4_rows: Places
    v4: Words
    v6_rows: Places
    v6_high: Halves
    v6_low: Halves
    bad: Mask

    def __len__(self) -> int:
        return len(self.bad)

    def kept(self, mask: Mask) -> "Addresses":
        """Return the addresses of the rows that a mask keeps, counted anew."""
        if mask.all():
            return self
        place = np.cumsum(mask) - 1
        in_v4, in_v6 = mask[self.v4_rows], mask[self.v6_rows]
        return Addresses(
            v4_rows=place[self.v4_rows[in_v4]],
            v4=self.v4[in_v4],
            v6_rows=place[self.v6_rows[in_v6]],
            v6_high=self.v6_high[in_v6],
            v6_low=self.v6_low[in_v6],
            bad=self.bad[mask],
        )


def none(rows: int) -> Addresses:
    """Return a column in which no row has an address."""
    rest = np.zeros(0, np.int64)
    halves = np.zeros(0, np.uint64)
    return Addresses(rest, np.zeros(0, np.uint32), rest, halves, halves, np.zeros(rows, np.bool_))


def parsed(texts: pl.Series, reader: AddressReader) -> Addresses:
    """Parse a column of text; null and empty are no address."""
    array = texts.rechunk().to_arrow()
    v4, is_v4 = reader.v4(array)
    rest = np.flatnonzero(~is_v4)
    if len(rest):
        rest = rest[(texts.gather(rest).fill_null("") != "").to_numpy()]
    high, low, is_v6 = reader.v6(texts.gather(rest).rechunk().to_arrow())
    bad = np.zeros(len(texts), np.bool_)
    bad[rest[~is_v6]] = True
    everywhere = bool(is_v4.all())
    return Addresses(
        v4_rows=np.arange(len(texts)) if everywhere else np.flatnonzero(is_v4),
        v4=v4 if everywhere else v4[is_v4],
        v6_rows=rest[is_v6],
        v6_high=high[is_v6],
        v6_low=low[is_v6],
        bad=bad,
    )


def spelt(texts: pl.Series, addresses: Addresses) -> pl.Series:
    """Return the column with its IPv6 texts in their one spelling, and null where there is no address."""
    rows = addresses.v6_rows
    if len(rows):
        packed = np.stack([addresses.v6_high, addresses.v6_low], axis=1).astype(">u8").tobytes()
        one_spelling = [inet_ntop(AF_INET6, packed[at : at + 16]) for at in range(0, len(packed), 16)]
        if texts.gather(rows).to_list() != one_spelling:
            texts = texts.clone().scatter(rows, one_spelling)
    if addresses.bad.any():
        texts = texts.clone().scatter(np.flatnonzero(addresses.bad), None)
    return texts
