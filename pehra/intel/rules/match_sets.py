"""Match sets: every value in force, as tables that a column is held against at once.

Exact IPv4 addresses are a sorted column behind a bitmap of their /24 networks, which dismisses nearly all strangers.
IPv6 addresses and prefixes of both families are intervals; names are suffixes, so that an indicator for a domain
matches what is below it; URLs are compared whole, after their host is known to occur. Rows point into `ids`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import polars as pl

from pehra.kernel.observables import ObservableType, parse
from pehra.kernel.refusals import Invalid

Rows = np.ndarray[Any, np.dtype[np.int32]]
Words = np.ndarray[Any, np.dtype[np.uint32]]
Halves = np.ndarray[Any, np.dtype[np.uint64]]

NONE = -1
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/:?#]+)"


class V4Intervals(Protocol):
    """IPv4 prefixes."""

    def find(self, addresses: Words, /) -> Rows:
        """Return the row of each address, or -1."""
        ...


class V6Intervals(Protocol):
    """IPv6 prefixes."""

    def find(self, high: Halves, low: Halves, /) -> Rows:
        """Return the row of each address, or -1."""
        ...


class Suffixes(Protocol):
    """Names."""

    def find(self, names: pl.Series, /) -> Rows:
        """Return the row of each name, or -1."""
        ...


@dataclass(frozen=True)
class AddressSet:
    """Single IPv4 addresses, sorted, with their rows."""

    addresses: Words
    rows: Rows
    networks: np.ndarray[Any, np.dtype[np.bool_]]

    @staticmethod
    def of(addresses: Words, rows: Rows) -> "AddressSet":
        """Return the set of some addresses, each once."""
        order = np.argsort(addresses)
        networks = np.zeros(1 << 24, np.bool_)
        networks[addresses >> np.uint32(8)] = True
        return AddressSet(addresses[order], rows[order], networks)

    def find(self, addresses: Words) -> Rows:
        """Return the row of each address, or -1."""
        found = np.full(len(addresses), NONE, np.int32)
        if not len(self.addresses):
            return found
        maybe = np.flatnonzero(self.networks[addresses >> np.uint32(8)])
        if len(maybe):
            wanted = addresses[maybe]
            places = np.minimum(np.searchsorted(self.addresses, wanted), len(self.addresses) - 1)
            hit = self.addresses[places] == wanted
            found[maybe[hit]] = self.rows[places[hit]]
        return found


@dataclass(frozen=True)
class MatchSets:
    """All values in force. `ids` holds the indicators of each row, most trusted first."""

    ids: pl.Series
    v4: AddressSet = field(repr=False)
    v4_prefixes: V4Intervals = field(repr=False)
    v6: V6Intervals = field(repr=False)
    domains: Suffixes = field(repr=False)
    urls: Mapping[str, int] = field(repr=False)
    url_hosts: pl.Series = field(repr=False)
    has_v4_prefixes: bool = True
    has_v6: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def find_v4(self, addresses: Words) -> Rows:
        """Return the row that each IPv4 address matches: itself before a prefix of it."""
        found = self.v4.find(addresses)
        if self.has_v4_prefixes:
            found = np.where(found == NONE, self.v4_prefixes.find(addresses), found)
        return found

    def find_v6(self, high: Halves, low: Halves) -> Rows:
        """Return the row that each IPv6 address matches."""
        return self.v6.find(high, low) if self.has_v6 else np.full(len(high), NONE, np.int32)

    def find_domains(self, names: pl.Series) -> Rows:
        """Return the row that each name, or a parent of it, matches."""
        return self.domains.find(names)

    def find_urls(self, urls: pl.Series) -> Rows:
        """Return the row that each URL matches, spelt in whatever way."""
        found = np.full(len(urls), NONE, np.int32)
        if not self.urls:
            return found
        hosts = urls.str.extract(_HOST).str.to_lowercase()
        for place in np.flatnonzero(hosts.is_in(self.url_hosts.implode()).fill_null(False).to_numpy()).tolist():
            found[place] = self.urls.get(_spelt(urls[place]), NONE)
        return found


def _spelt(url: str) -> str:
    try:
        observable = parse(url)
    except Invalid:
        return ""
    return observable.value if observable.type is ObservableType.URL else ""


def hosts_of(urls: pl.Series) -> pl.Series:
    """Return the distinct hosts of some URLs."""
    return urls.str.extract(_HOST).str.to_lowercase().drop_nulls().unique()
