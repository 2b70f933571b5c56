"""Addresses from text to numbers, a column at a time.

Read is the strict form of RFC 6943, section 3.1.1: four decimal octets without leading zeros. What is no address is
marked, never guessed: `010.0.0.1` is eight or ten depending on who reads it, so it is nobody's. An IPv4-mapped IPv6
address keeps its IPv6 number; the interval tables know that it is the same host.
"""

from itertools import pairwise, repeat
from socket import AF_INET6, inet_pton
from typing import Any

import numpy as np

from pehra.registry.rules.texts import Bytes, Mask, Offsets, TextColumn, Texts, text_column

Words = np.ndarray[Any, np.dtype[np.uint32]]
Halves = np.ndarray[Any, np.dtype[np.uint64]]

_V6_ROWS_AT_ONCE = 16_384  # each becomes a Python text for a moment; as many stay in the cache
_DOT = ord(".")
_ZERO = np.uint8(ord("0"))


def parse_v4(texts: Texts) -> tuple[Words, Mask]:
    """Return each text's address as a number, and whether it was an address; what was none is 0."""
    column = text_column(texts)
    numbers = np.zeros(len(column), np.uint32)
    good = np.zeros(len(column), np.bool_)
    for rows, turn in column.turns():
        first_dot, shaped = _first_dots(turn)
        if shaped.all():
            numbers[rows], good[rows] = _octets(turn.content, turn.offsets[:-1], turn.offsets[1:], first_dot)
        elif shaped.any():
            kept = np.flatnonzero(shaped)
            found = _octets(turn.content, turn.offsets[:-1][kept], turn.offsets[1:][kept], first_dot[:, kept])
            numbers[rows.start + kept], good[rows.start + kept] = found
    return numbers, good


def _first_dots(turn: TextColumn) -> tuple[Offsets, Mask]:
    """Return where each text's three dots are, as three rows, and which texts have exactly three."""
    dots = np.flatnonzero(turn.content == _DOT)
    starts, ends = turn.offsets[:-1], turn.offsets[1:]
    lengths = ends - starts
    if len(dots) == 3 * len(turn):
        # The usual case: every text has three dots, so no text has to be searched for its own.
        three = np.ascontiguousarray(dots.reshape(-1, 3).T)
        if (three[0] >= starts).all() and (three[2] < ends).all():
            return three, lengths <= 15
    before = np.searchsorted(dots, turn.offsets)
    shaped = (np.diff(before) == 3) & (lengths <= 15)
    padded = np.concatenate([dots, np.zeros(3, dots.dtype)])
    return np.stack([padded[before[:-1] + step] for step in range(3)]), shaped


def _octets(content: Bytes, starts: Offsets, ends: Offsets, dots: Offsets) -> tuple[Words, Mask]:
    """Read four octets a row, each from its end: a missing digit is masked, so no branch is taken a row."""
    numbers = np.zeros(len(starts), np.uint32)
    good = np.ones(len(starts), np.bool_)
    start = starts
    for end in (*dots, ends):
        length = end - start
        # Indexes before the buffer wrap round; the lengths below mask what they read.
        ones, tens, hundreds = (content[end - back] - _ZERO for back in (1, 2, 3))
        two, three = length >= 2, length >= 3
        tens *= two
        hundreds *= three
        octet = ones + tens.astype(np.uint16) * np.uint16(10) + hundreds.astype(np.uint16) * np.uint16(100)
        good &= (length >= 1) & (length <= 3) & (ones <= 9) & (tens <= 9) & (hundreds <= 9) & (octet <= 255)
        good &= ~((two & (octet < 10)) | (three & (octet < 100)))
        numbers = (numbers << np.uint32(8)) | octet
        start = end + 1
    numbers[~good] = 0
    return numbers, good


def parse_v6(texts: Texts) -> tuple[Halves, Halves, Mask]:
    """Return each text's address as its high and low 64 bits, and whether it was an address; what was none is 0."""
    column = text_column(texts)
    high, low = np.zeros(len(column), np.uint64), np.zeros(len(column), np.uint64)
    good = np.zeros(len(column), np.bool_)
    for rows, turn in column.turns(_V6_ROWS_AT_ONCE):
        packed, good[rows] = _packed(_values(turn))
        halves = np.frombuffer(packed, ">u8").reshape(-1, 2)
        high[rows], low[rows] = halves[:, 0], halves[:, 1]
    return high, low, good


def _values(turn: TextColumn) -> list[str]:
    # One decoding for all: Latin-1 has one character a byte, so offsets stay right; what is no ASCII is refused below.
    whole = turn.content.tobytes().decode("latin-1")
    return [whole[start:end] for start, end in pairwise(turn.offsets.tolist())]


def _packed(values: list[str]) -> tuple[bytes, Mask]:
    """Pack all at once; when one is bad, pack value by value and keep the good ones."""
    try:
        return b"".join(map(inet_pton, repeat(AF_INET6), values)), np.ones(len(values), np.bool_)
    except (OSError, ValueError):
        packed = [_packed_one(value) for value in values]
        good = np.array([bool(address) for address in packed], np.bool_)
        return b"".join(address or bytes(16) for address in packed), good


def _packed_one(value: str) -> bytes:
    try:
        return inet_pton(AF_INET6, value)
    except (OSError, ValueError):  # ValueError: a NUL within
        return b""
