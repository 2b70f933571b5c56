"""What a parser says of one feed's rows: the steps every parser offers, whatever the feed.

A parser is made for one header of one report, and then turns batch after batch of columns as received into columns of
the schema. First it says which rows can be events at all (`examine`), so that what cannot is rejected with a reason
before anything is counted; then it normalises the rows that stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import polars as pl

from pehra.telemetry.rules.addresses import Addresses, AddressReader

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Examined:
    """What of a batch can be an event.

    `reasons` is null for a good row, else says why it is none; a `blank` row is nothing at all. `source` and
    `destination` are the addresses.
    """

    raw: pl.DataFrame
    moments: pl.Series
    source: Addresses
    destination: Addresses
    reasons: pl.Series
    blank: Mask

    def kept(self, mask: Mask) -> "Examined":
        """Return the rows that a mask keeps."""
        if mask.all():
            return self
        return Examined(
            raw=self.raw.filter(mask),
            moments=self.moments.filter(mask),
            source=self.source.kept(mask),
            destination=self.destination.kept(mask),
            reasons=self.reasons.filter(mask),
            blank=self.blank[mask],
        )


class Parser(Protocol):
    """The columns of one header of one report, as events."""

    feed: str
    report: str

    @property
    def alarms(self) -> Sequence[str]:
        """What a person should look at, in the order it was noticed."""
        ...

    @property
    def key_columns(self) -> Sequence[str]:
        """The columns as received that make an event what it is."""
        ...

    def examine(self, raw: pl.DataFrame, *, at: datetime, reader: AddressReader) -> Examined:
        """Say which rows of a batch can be events, and why the others cannot."""
        ...

    def normalise(self, rows: Examined) -> pl.DataFrame:
        """Return the events of rows that can be: columns of the schema, and the masks `otherwise` and `service`.

        `otherwise`: concerns the opposite side when only that is ours. `service`: the source's port is one that it
        serves.
        """
        ...


def without_empty(raw: pl.DataFrame) -> pl.DataFrame:
    """Return a batch in which an empty text is absent, as feeds mean it."""
    texts = [name for name, dtype in raw.schema.items() if dtype == pl.String]
    empty = raw.select((pl.col(name) == "").any() for name in texts).row(0)
    found = [name for name, some in zip(texts, empty, strict=True) if some]
    return (
        raw.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in found) if found else raw
    )
