"""Which known indicators an event shows: addresses, names and URLs of both sides against the match sets.

A match is a sighting, counted once an event and indicator. The sets are tables made by `intel`; here they are only
asked.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from pehra.telemetry.rules.addresses import Addresses

Rows = np.ndarray[Any, np.dtype[np.int32]]
Places = np.ndarray[Any, np.dtype[np.int64]]


class Sets(Protocol):
    """What is known to be bad, a column at a time.

    -1 is not known. `ids` names the indicators of each row of the sets.
    """

    @property
    def ids(self) -> pl.Series:
        """The indicators of each row of the sets."""
        ...

    def __len__(self) -> int:
        """How many values are in the sets."""
        ...

    def find_v4(self, addresses: Any, /) -> Rows:
        """Return the row of the sets that each IPv4 address matches."""
        ...

    def find_v6(self, high: Any, low: Any, /) -> Rows:
        """Return the row of the sets that each IPv6 address matches."""
        ...

    def find_domains(self, names: Any, /) -> Rows:
        """Return the row of the sets that each name or a parent of it matches."""
        ...

    def find_urls(self, urls: Any, /) -> Rows:
        """Return the row of the sets that each URL matches."""
        ...


@dataclass(frozen=True)
class Matches:
    """Event rows and the rows of the sets that they match, each pair once, most telling first for each event."""

    events: Places
    sets: Rows

    def first(self, rows: int) -> Rows:
        """Return for every event its first match, or -1."""
        found = np.full(rows, -1, np.int32)
        # Written backwards, so that the first one stays.
        found[self.events[::-1]] = self.sets[::-1]
        return found


def match(events: pl.DataFrame, source: Addresses, destination: Addresses, sets: Sets) -> Matches:
    """Return what the events match: URLs first, then names, addresses, and reverse names."""
    found: list[tuple[Places, Rows]] = []
    if not len(sets):
        return Matches(np.zeros(0, np.int64), np.zeros(0, np.int32))
    for suffix, ask in (("url", sets.find_urls), ("fqdn", sets.find_domains)):
        for side in ("source", "destination"):
            found += _texts(events, f"{side}_{suffix}", ask)
    for addresses in (source, destination):
        if len(addresses.v4_rows):
            found += _hits(addresses.v4_rows, sets.find_v4(addresses.v4))
        if len(addresses.v6_rows):
            found += _hits(addresses.v6_rows, sets.find_v6(addresses.v6_high, addresses.v6_low))
    for side in ("source", "destination"):
        found += _texts(events, f"{side}_reverse_dns", sets.find_domains)
    if not found:
        return Matches(np.zeros(0, np.int64), np.zeros(0, np.int32))
    rows = np.concatenate([pair[0] for pair in found])
    values = np.concatenate([pair[1] for pair in found])
    _, once = np.unique(rows * (len(sets) + 1) + values, return_index=True)
    once.sort()
    return Matches(rows[once], values[once])


def _texts(events: pl.DataFrame, name: str, ask: Any) -> list[tuple[Places, Rows]]:
    if name not in events.columns:
        return []
    texts = events[name]
    missing = texts.null_count()
    if missing == len(texts):
        return []
    rows = np.arange(len(texts)) if not missing else np.flatnonzero(texts.is_not_null().to_numpy())
    return _hits(rows, ask((texts.drop_nulls() if missing else texts).rechunk()))


def _hits(rows: Places, values: Rows) -> list[tuple[Places, Rows]]:
    hit = np.flatnonzero(values >= 0)
    return [(rows[hit], values[hit])] if len(hit) else []


def sightings(matches: Matches, times: pl.Series) -> pl.DataFrame:
    """Return how often and when each row of the sets was seen in a batch."""
    pairs = pl.DataFrame({"row": matches.sets, "seen": times.gather(matches.events)})
    return merged([pairs.select("row", times=pl.lit(1, pl.Int64), first_seen="seen", last_seen="seen")])


def merged(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return several batches' sightings as one."""
    return (
        pl.concat(parts)
        .group_by("row")
        .agg(pl.col("times").sum(), pl.col("first_seen").min(), pl.col("last_seen").max())
        .sort("row")
    )
