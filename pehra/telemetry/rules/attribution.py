"""Whose event is it: the owner of the side that the event concerns, by name, by address, by reverse name, by network.

A name by which the thing was addressed says more than the address it lives at, since many organisations share a host;
so the owner of the name comes first. Then the address's own organisation. The reverse name is believed only where the
address has no known owner, because whoever holds an address writes its reverse name. Last comes the autonomous system
that the feed states. An event of nobody known stays, without an owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from pehra.telemetry.rules.addresses import Addresses
from pehra.telemetry.rules.families import Side
from pehra.telemetry.rules.schema import WORD

Rows = np.ndarray[Any, np.dtype[np.int32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

OWNER_COLUMNS = ("asset", "organisation", "sector", "territory", "lead_team", "teams", "because")
NOBODY = -1


class Book(Protocol):
    """The registry's answer to "whose?", a column at a time; -1 is nobody's."""

    @property
    def owners(self) -> pl.DataFrame:
        """The owners, a row each."""
        ...

    def find_v4(self, addresses: Any, /) -> Rows:
        """Return the row in `owners` of each IPv4 address."""
        ...

    def find_v6(self, high: Any, low: Any, /) -> Rows:
        """Return the row in `owners` of each IPv6 address."""
        ...

    def find_domains(self, names: Any, /) -> Rows:
        """Return the row in `owners` of each name's longest registered suffix."""
        ...

    def find_asn(self, asn: Any, /) -> Rows:
        """Return the row in `owners` of each autonomous system."""
        ...


@dataclass(frozen=True)
class Owners:
    """A book made ready: its columns as words of few distinct texts, and which of its rows name an organisation."""

    book: Book
    columns: pl.DataFrame
    named: Mask


@dataclass(frozen=True)
class Attributed:
    """The owner's row of each event, the side concerned, and what the event is about: an address or a name."""

    rows: Rows
    destination: Mask
    subjects: pl.Series


def ready(book: Book) -> Owners:
    """Return a book made ready for many batches."""
    teams = book.owners["teams"]
    joined = teams.list.join(";") if isinstance(teams.dtype, pl.List) else teams
    columns = book.owners.with_columns(joined.alias("teams")).select(pl.col(name).cast(WORD) for name in OWNER_COLUMNS)
    return Owners(book, columns, (book.owners["organisation"].fill_null("") != "").to_numpy())


def attribute(events: pl.DataFrame, source: Addresses, destination: Addresses, owners: Owners) -> Attributed:
    """Return whose each event is; where the declared side is nobody's and the family says so, the other side's."""
    about = (events["concerns"] == Side.DESTINATION.value).to_numpy()
    sides = {Side.SOURCE: source, Side.DESTINATION: destination}
    rows = np.full(len(events), NOBODY, np.int32)
    subjects = pl.repeat(None, len(events), dtype=pl.String, eager=True)
    for side, mask in ((Side.SOURCE, ~about), (Side.DESTINATION, about)):
        if mask.any():
            rows, subjects = _merged(rows, subjects, mask, *_of_side(events, side, sides[side], mask, owners))
    turned = (rows == NOBODY) & events["otherwise"].to_numpy()
    if turned.any():
        for side, mask in ((Side.SOURCE, turned & about), (Side.DESTINATION, turned & ~about)):
            if mask.any():
                found, named = _of_side(events, side, sides[side], mask, owners)
                mask &= found != NOBODY
                rows, subjects = _merged(rows, subjects, mask, found, named)
                about = np.where(mask, side is Side.DESTINATION, about)
    return Attributed(rows, about, subjects.alias("subject"))


def owner_columns(attributed: Attributed, owners: Owners) -> Sequence[pl.Series]:
    """Return the columns that say whose each event is."""
    places = pl.Series(attributed.rows, dtype=pl.Int32)
    if (attributed.rows == NOBODY).any():
        places = places.set(pl.Series(attributed.rows == NOBODY), None)
    return [owners.columns[name].gather(places) for name in OWNER_COLUMNS]


def _merged(rows: Rows, subjects: pl.Series, mask: Mask, found: Rows, named: pl.Series) -> tuple[Rows, pl.Series]:
    if mask.all():
        return found, named
    return np.where(mask, found, rows), named.zip_with(pl.Series(mask), subjects)


def _of_side(
    events: pl.DataFrame, side: Side, addresses: Addresses, mask: Mask, owners: Owners
) -> tuple[Rows, pl.Series]:
    """Return the owner and the subject of one side; rows outside the mask may hold anything."""
    rows = np.full(len(events), NOBODY, np.int32)
    rows[addresses.v4_rows] = owners.book.find_v4(addresses.v4)
    if len(addresses.v6_rows):
        rows[addresses.v6_rows] = owners.book.find_v6(addresses.v6_high, addresses.v6_low)
    subjects = _column(events, f"{side}_ip")
    names = _column(events, f"{side}_fqdn")
    if names.null_count() < len(names):
        by_name = _found_names(names, mask, owners)
        rows = np.where(by_name != NOBODY, by_name, rows)
        subjects = names.zip_with(pl.Series(by_name != NOBODY), subjects)
        subjects = subjects.zip_with(subjects.is_not_null(), names)
    reverse = _column(events, f"{side}_reverse_dns")
    unnamed = mask & ~_has_organisation(rows, owners)
    if unnamed.any() and reverse.null_count() < len(reverse):
        by_name = _found_names(reverse, unnamed, owners)
        better = (by_name != NOBODY) & (_has_organisation(by_name, owners) | (rows == NOBODY))
        rows = np.where(better, by_name, rows)
    numbers = events[f"{side}_asn"] if f"{side}_asn" in events.columns else None
    rest = np.flatnonzero(mask & (rows == NOBODY))
    if numbers is not None and len(rest):
        rows[rest] = owners.book.find_asn(numbers.gather(rest).fill_null(0).cast(pl.Int64).to_numpy())
    return rows, subjects


def _column(events: pl.DataFrame, name: str) -> pl.Series:
    return events[name] if name in events.columns else pl.repeat(None, len(events), dtype=pl.String, eager=True)


def _has_organisation(rows: Rows, owners: Owners) -> Mask:
    if not len(owners.named):
        return np.zeros(len(rows), np.bool_)
    found: Mask = (rows != NOBODY) & owners.named[rows]
    return found


def _found_names(names: pl.Series, mask: Mask, owners: Owners) -> Rows:
    """Look up the names of some rows only."""
    asked = np.flatnonzero(mask & names.is_not_null().to_numpy())
    found = np.full(len(names), NOBODY, np.int32)
    if len(asked):
        found[asked] = owners.book.find_domains(names.gather(asked).rechunk())
    return found
