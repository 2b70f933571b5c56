"""Whose name is it: the longest registered suffix of each name, a column at a time.

A registered *domain* owns every name under it; a registered *host* owns itself alone and wins over its domain. The hash
of every suffix of a text comes from one running sum, so no name is taken apart in Python. The hash is not cryptographic
and names come from attackers: each answer is compared as text, and a false one is looked up again by walking.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from pehra.kernel.observables import DOMAIN_LENGTH_MAX, normalise_domain
from pehra.kernel.refusals import Invalid
from pehra.registry.rules.intervals import NOBODY, Places, Rows
from pehra.registry.rules.texts import Bytes, Mask, Offsets, TextColumn, Texts, text_column

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

_ROWS_AT_ONCE = 16_384
_ROWS_IF_LONG = 1_024
_ROOM = 1 << 20  # bytes of one turn; above any `_ROWS_IF_LONG` names that are as long as names may be
_BITS_MIN, _BITS_MAX = 12, 22
_MULTIPLIER = 0x9E3779B97F4A7C15
_RADIX = 0xD1342543DE82EF95  # odd, so that it has an inverse modulo 2^64
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[ord("A") : ord("Z") + 1] += 32
_DOT = ord(".")


@dataclass(frozen=True)
class _Names:
    """Some names by their hash: a bitmap to dismiss most strangers, then a binary search among sorted hashes."""

    hashes: Hashes
    rows: Rows
    places: Places  # of each hash's name in `texts`
    texts: TextColumn
    bitmap: Mask
    shift: np.uint64

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Return which of some hashes are there, and each one's place here."""
        maybe = np.flatnonzero(self.bitmap[_slot(hashes, self.shift)])
        wanted = hashes[maybe]
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        there = self.hashes[at] == wanted
        return maybe[there], at[there]


@dataclass(frozen=True)
class _Suffixes:
    """Some suffixes of the texts of one turn, each with the text that it belongs to."""

    starts: Offsets
    ends: Offsets
    owners: Places


@dataclass(frozen=True)
class SuffixTable:
    """Registered names, each with the row of its owner."""

    domains: dict[str, int]
    hosts: dict[str, int]
    _domains: _Names | None = field(repr=False)
    _hosts: _Names | None = field(repr=False)
    _powers: Hashes = field(repr=False)
    _inverses: Hashes = field(repr=False)

    def find(self, names: Texts) -> Rows:
        """Return the row of each name's host or longest registered suffix, or `NOBODY`."""
        column = text_column(names)
        found = np.full(len(column), NOBODY, np.int32)
        if not self.domains and not self.hosts:
            return found
        for rows, turn in column.turns(_ROWS_AT_ONCE):
            if len(turn.content) <= _ROOM:
                found[rows] = self._find(turn)
                continue
            for few_rows, few in turn.turns(_ROWS_IF_LONG):
                found[rows][few_rows] = self._find(few)
        return found

    def walk(self, name: str) -> int:
        """Return the row of one name, label by label: the plain way, for names that the fast way leaves alone."""
        try:
            rest = normalise_domain(name)
        except Invalid:
            return NOBODY
        if rest in self.hosts:
            return self.hosts[rest]
        while rest:
            if rest in self.domains:
                return self.domains[rest]
            _, _, rest = rest.partition(".")
        return NOBODY

    def _find(self, turn: TextColumn) -> Rows:
        odd = _odd(turn)
        if len(turn.content) > _ROOM:
            odd[:] = True
        found = np.full(len(turn), NOBODY, np.int32)
        if len(turn.content) and not odd.all():
            self._find_at_once(turn, found, odd)
        for row in np.flatnonzero(odd):
            found[row] = self.walk(turn.text(int(row)))
        return found

    def _find_at_once(self, turn: TextColumn, found: Rows, odd: Mask) -> None:
        """Look up a turn's names; mark in `odd` those whose answer was a false one."""
        content = _LOWER[turn.content]
        starts, ends = turn.offsets[:-1], turn.offsets[1:].copy()
        rooted = (ends > starts) & (content[np.maximum(ends - 1, 0)] == _DOT)
        ends -= rooted
        sums = np.zeros(len(content) + 1, np.uint64)
        np.cumsum((content.astype(np.uint64) + np.uint64(1)) * self._powers[: len(content)], out=sums[1:])
        every = np.arange(len(turn))
        whole = _Suffixes(starts, ends, every)
        if self._domains is not None:
            dots = np.flatnonzero(content == _DOT)
            counts = np.diff(np.searchsorted(dots, turn.offsets))
            # Backwards, then the whole names: the longest suffix of a name is always written last, and stays.
            inner = _Suffixes((dots + 1)[::-1], np.repeat(ends, counts)[::-1], np.repeat(every, counts)[::-1])
            self._settle(self._domains, content, sums, inner, found, odd)
            self._settle(self._domains, content, sums, whole, found, odd)
        if self._hosts is not None:
            self._settle(self._hosts, content, sums, whole, found, odd)

    def _settle(self, names: _Names, content: Bytes, sums: Hashes, suffixes: _Suffixes, found: Rows, odd: Mask) -> None:
        """Write into `found` what `names` say of some suffixes; mark in `odd` the rows with a false answer."""
        starts = np.minimum(suffixes.starts, len(content))
        hits, at = names.find((sums[suffixes.ends] - sums[starts]) * self._inverses[starts])
        if not len(hits):
            return
        true = _same(content, suffixes.starts[hits], suffixes.ends[hits], names.texts, names.places[at])
        owners = suffixes.owners[hits]
        found[owners[true]] = names.rows[at[true]]
        odd[owners[~true]] = True


def suffix_table(*, domains: dict[str, int], hosts: dict[str, int]) -> SuffixTable:
    """Build the table of some names in their normal form (`kernel.observables`), each with a row."""
    powers = _geometric(_RADIX, _ROOM + 2)
    inverses = _geometric(pow(_RADIX, -1, 1 << 64), _ROOM + 2)
    return SuffixTable(domains, hosts, _named(domains, powers), _named(hosts, powers), powers, inverses)


@cache
def _geometric(radix: int, count: int) -> Hashes:
    steps = np.full(count, radix, np.uint64)
    steps[0] = 1
    return np.multiply.accumulate(steps)


def _named(names: dict[str, int], powers: Hashes) -> _Names | None:
    if not names:
        return None
    texts = _texts(list(names))
    values = (texts.content.astype(np.uint64) + np.uint64(1)) * powers[_within(texts.offsets)]
    hashes = np.add.reduceat(values, texts.offsets[:-1])
    order = np.argsort(hashes, kind="stable")
    bits = min(max((64 * len(names)).bit_length(), _BITS_MIN), _BITS_MAX)
    shift = np.uint64(64 - bits)
    bitmap = np.zeros(1 << bits, np.bool_)
    bitmap[_slot(hashes, shift)] = True
    rows = np.fromiter(names.values(), np.int32, len(names))
    return _Names(hashes[order], rows[order], order, texts, bitmap, shift)


def _texts(names: Sequence[str]) -> TextColumn:
    content = np.frombuffer("".join(names).encode("ascii"), np.uint8)
    return TextColumn(content, np.append(0, np.cumsum([len(name) for name in names])).astype(np.int64))


def _within(offsets: Offsets) -> Places:
    """Return the place of every byte within its own text."""
    lengths = np.diff(offsets)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)


def _slot(hashes: Hashes, shift: np.uint64) -> Hashes:
    """Spread a hash over the bitmap: its own low bits depend on little of the text."""
    return (hashes * np.uint64(_MULTIPLIER)) >> shift


def _odd(turn: TextColumn) -> Mask:
    """Return which texts the fast way cannot read: too long for a name, or not ASCII."""
    odd = np.diff(turn.offsets) > DOMAIN_LENGTH_MAX + 1
    beyond = np.flatnonzero(turn.content >= 128)
    if len(beyond):
        odd[np.searchsorted(turn.offsets, beyond, side="right") - 1] = True
    return odd


def _same(content: Bytes, starts: Offsets, ends: Offsets, texts: TextColumn, places: Places) -> Mask:
    """Return whether each suffix is, byte by byte, the registered name that its hash says."""
    begins = texts.offsets[places]
    lengths = texts.offsets[places + 1] - begins
    same = np.asarray(ends - starts == lengths)
    kept = np.flatnonzero(same)
    if len(kept):
        lengths = lengths[kept]
        firsts = np.append(0, np.cumsum(lengths)[:-1])
        steps = np.arange(lengths.sum()) - np.repeat(firsts, lengths)
        equal = (
            content[np.repeat(starts[kept], lengths) + steps] == texts.content[np.repeat(begins[kept], lengths) + steps]
        )
        same[kept] = np.logical_and.reduceat(equal, firsts)
    return same
