"""Whose address is it: nested prefixes flattened to intervals, and looked up a column at a time.

Prefixes nest, and the most specific one wins. Flattened once, they are sorted boundaries with the winner from each
boundary on, so a lookup is one binary search and never walks a tree. Tables are built whole and never changed. Rows are
numbers that mean something to whoever built the table; `NOBODY` is where no prefix is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pehra.registry.rules.addresses import Halves, Words
from pehra.registry.rules.texts import Mask

Rows = np.ndarray[Any, np.dtype[np.int32]]
Lengths = np.ndarray[Any, np.dtype[np.uint8]]
Places = np.ndarray[Any, np.dtype[np.int64]]

NOBODY = -1
_SEVERAL = -2  # in the /24 table: the winner changes inside this /24
SLOTS_FROM = 1_000  # prefixes; below, a table of 64 MiB is more than the registry is worth
SEARCH_UNSORTED_TO = 16_384  # boundaries; as many stay in the processor's cache, and sorting the addresses does not pay
_SLOTS = 1 << 24
_ROWS_AT_ONCE = 1 << 20
_PLACE = np.uint64(_ROWS_AT_ONCE - 1)
_MAPPED = np.uint64(0xFFFF)  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2


@dataclass(frozen=True)
class V4Table:
    """IPv4 boundaries: from `starts[i]` on, `rows[i]` wins. `slots`, if there, holds the winner of each /24."""

    starts: Words
    rows: Rows
    slots: Rows | None = None

    def find(self, addresses: Words) -> Rows:
        """Return the row of each address's most specific prefix, or `NOBODY`."""
        if self.slots is None:
            return self._search(addresses)
        found: Rows = self.slots[addresses >> np.uint32(8)]
        several = np.flatnonzero(found == _SEVERAL)
        if len(several):
            found[several] = self._search(addresses[several])
        return found

    def _search(self, addresses: Words) -> Rows:
        if len(self.starts) <= SEARCH_UNSORTED_TO:
            places = np.searchsorted(self.starts, addresses, side="right") - 1
            return np.asarray(self.rows[places])
        found = np.empty(len(addresses), np.int32)
        for rows in _turns(len(addresses)):
            order = _near_order(addresses[rows].astype(np.uint64) << np.uint64(32))
            places = np.searchsorted(self.starts, addresses[rows][order], side="right") - 1
            found[rows.start + order] = self.rows[places]
        return found


@dataclass(frozen=True)
class V6Table:
    """IPv6 boundaries in two halves: from (`high[i]`, `low[i]`) on, `rows[i]` wins.

    An IPv4-mapped address is the IPv4 host behind it (RFC 4291, section 2.5.5.2), and is asked of the table `v4`.
    """

    high: Halves
    low: Halves
    rows: Rows
    v4: V4Table

    def find(self, high: Halves, low: Halves) -> Rows:
        """Return the row of each address's most specific prefix, or `NOBODY`."""
        found = np.empty(len(high), np.int32)
        for rows in _turns(len(high)):
            found[rows] = self._search(high[rows], low[rows])
        mapped = np.flatnonzero((high == 0) & (low >> np.uint64(32) == _MAPPED))
        if len(mapped):
            found[mapped] = self.v4.find((low[mapped] & np.uint64(0xFFFFFFFF)).astype(np.uint32))
        return found

    def _search(self, high: Halves, low: Halves) -> Rows:
        order = _near_order(high) if len(self.high) > SEARCH_UNSORTED_TO else np.arange(len(high))
        sorted_high = high[order]
        places = np.searchsorted(self.high, sorted_high, side="right") - 1
        # Where a boundary has the very same high half, the low halves decide.
        ties = np.flatnonzero(self.high[places] == sorted_high)
        if len(ties):
            places[ties] = self._within(sorted_high[ties], low[order[ties]], places[ties])
        found = np.empty(len(high), np.int32)
        found[order] = self.rows[places]
        return found

    def _within(self, high: Halves, low: Halves, last: Places) -> Places:
        """Return the last boundary not after each address, among those with its high half and the one before them."""
        before = np.searchsorted(self.high, high, side="left") - 1
        reach = int((last - before).max()).bit_length()
        for _ in range(reach):
            middle = (before + last + 1) >> 1
            fits = (middle == before) | (self.low[middle] <= low)
            before = np.where(fits, middle, before)
            last = np.where(fits, last, middle - 1)
        return before


def _turns(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _ROWS_AT_ONCE):
        yield slice(start, min(rows, start + _ROWS_AT_ONCE))


def _near_order(numbers: Halves) -> Places:
    """Return an order of at most 2^20 numbers by their upper 44 bits.

    Searching in this order makes neighbours in the search neighbours in memory. It need not be exact, so number and
    place share one word and are sorted by the processor's vector unit, faster than by an argsort.
    """
    words = (numbers & ~_PLACE) | np.arange(len(numbers), dtype=np.uint64)
    words.sort()
    return (words & _PLACE).astype(np.int64)


def flatten_v4(starts: Words, lengths: Lengths, rows: Rows) -> V4Table:
    """Build the table of some IPv4 prefixes; of equal prefixes the first one given wins."""
    spans = np.uint64(1) << (np.uint64(32) - lengths.astype(np.uint64))
    ends = starts.astype(np.uint64) + spans
    points, inverse = np.unique(
        np.concatenate([np.zeros(1, np.uint64), starts.astype(np.uint64), ends]), return_inverse=True
    )
    first, after = inverse[1 : len(starts) + 1], inverse[len(starts) + 1 :]
    winners = _winners(first, after, lengths, rows, points=len(points))
    inside = points < np.uint64(1 << 32)
    kept = _changes(winners[inside])
    boundaries = points[inside][kept].astype(np.uint32)
    winners = winners[inside][kept]
    return V4Table(boundaries, winners, _slots(boundaries, winners) if len(starts) >= SLOTS_FROM else None)


def flatten_v6(high: Halves, low: Halves, lengths: Lengths, rows: Rows, *, v4: V4Table) -> V6Table:
    """Build the table of some IPv6 prefixes; of equal prefixes the first one given wins."""
    end_high, end_low, beyond = _after_v6(high, low, lengths)
    all_high = np.concatenate([np.zeros(1, np.uint64), high, end_high])
    all_low = np.concatenate([np.zeros(1, np.uint64), low, end_low])
    order = np.lexsort((all_low, all_high))
    sorted_high, sorted_low = all_high[order], all_low[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(sorted_high) != 0) | (np.diff(sorted_low) != 0)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.cumsum(fresh) - 1
    points_high, points_low = sorted_high[fresh], sorted_low[fresh]
    first, after = ranks[1 : len(high) + 1], ranks[len(high) + 1 :]
    after = np.where(beyond, len(points_high), after)
    winners = _winners(first, after, lengths, rows, points=len(points_high))
    kept = _changes(winners)
    return V6Table(points_high[kept], points_low[kept], winners[kept], v4)


def _after_v6(
    high: Halves, low: Halves, lengths: Lengths
) -> tuple[Halves, Halves, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return the first address after each prefix, and whether the prefix reaches the end of all addresses."""
    bits = lengths.astype(np.uint64)
    short = lengths <= 64
    # A shift by 64 is undefined, so each side shifts by what it can and is chosen afterwards.
    high_span = np.uint64(1) << (np.uint64(64) - np.clip(bits, 1, 64))
    low_span = np.uint64(1) << (np.uint64(128) - np.clip(bits, 65, 128))
    end_low = np.where(short, low, low + low_span)
    carry = ~short & (end_low < low)
    end_high = np.where(short, high + high_span, high + carry.astype(np.uint64))
    beyond = (lengths == 0) | (end_high < high)
    return end_high, end_low, beyond


def _winners(first: Places, after: Places, lengths: Lengths, rows: Rows, *, points: int) -> Rows:
    """Paint shorter prefixes first: what is painted last is the most specific. Prefixes of one length never overlap."""
    _, unique = np.unique(first * 129 + lengths, return_index=True)
    first, after, lengths, rows = first[unique], after[unique], lengths[unique], rows[unique]
    winners = np.full(points, NOBODY, np.int32)
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        counts = after[chosen] - first[chosen]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1]) + np.repeat(first[chosen] - (ends - counts), counts)
        winners[places] = np.repeat(rows[chosen], counts)
    return winners


def _changes(winners: Rows) -> Mask:
    """Return where the winner is another than before."""
    kept = np.ones(len(winners), np.bool_)
    kept[1:] = winners[1:] != winners[:-1]
    return kept


def _slots(boundaries: Words, winners: Rows) -> Rows:
    """Return the winner of each of the 2^24 /24 networks, or `_SEVERAL` where it changes inside."""
    first = (boundaries.astype(np.int64) + 255) >> 8
    slots = np.repeat(winners, np.diff(np.append(first, _SLOTS)))
    slots[boundaries[boundaries & np.uint32(255) != 0] >> np.uint32(8)] = _SEVERAL
    return slots
