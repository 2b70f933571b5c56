"""Attribution in batches against `pyasn` and `pytricia`, which answer one observable at a time.

All answer over the same prefixes and must agree, address by address. Work and peers alternate within each round, so
that a busy machine slows all of them; figures are medians, in observables a CPU second of all threads. *Text* starts
from text as a feed has it (an Arrow column for us, Python strings for the peers); *columns* from addresses already
parsed. It is the registry's own snapshot that is asked, as `telemetry` asks it.

Prefixes: unique, nesting freely, of mixed lengths with /24 and /48 the most frequent, a third of the IPv4 ones longer
than /24. Addresses: half inside a prefix, half anywhere.
"""

import argparse
import json
import socket
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl
import pyarrow as pa
import pyasn
import pytricia

from pehra.registry.rules.addresses import parse_v4, parse_v6
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.attribution import ASSETS_SCHEMA, ORGANISATIONS_SCHEMA, Attribution, attribute

SIZES = {"1k": 1_000, "100k": 100_000, "1m": 1_000_000}
BATCH = 1_000_000
ONE_BY_ONE = 200_000  # of the batch: the peers' rate does not depend on how many they are asked
ROUNDS = 5
SEED = 20_261_124
NOBODY = Answerable(lead_team="", teams=(), roles=())

LENGTHS_V4 = {12: 1, 14: 1, 16: 5, 18: 3, 19: 4, 20: 6, 21: 6, 22: 10, 23: 8, 24: 50, 25: 2, 26: 4, 27: 4, 28: 8, 29: 8, 30: 4, 32: 6}  # fmt: skip  # noqa: E501
LENGTHS_V6 = {29: 2, 32: 20, 36: 6, 40: 6, 44: 8, 48: 42, 52: 2, 56: 6, 64: 6, 96: 1, 128: 1}


@dataclass(frozen=True)
class Family:
    """One family's prefixes and addresses, in the forms that each side takes."""

    name: str
    prefixes: list[str]
    texts: list[str]
    column: Any  # the same texts, as an Arrow column
    addresses: tuple[np.ndarray[Any, Any], ...]


def family_v4(random: np.random.Generator, size: int, batch: int) -> Family:
    """Draw IPv4 prefixes and addresses."""
    lengths = random.choice(list(LENGTHS_V4), 2 * size, p=_shares(LENGTHS_V4)).astype(np.uint64)
    spans = np.uint64(32) - lengths
    starts = (random.integers(1 << 24, 224 << 24, 2 * size, dtype=np.uint64) >> spans) << spans
    chosen = _unique(random, starts * np.uint64(64) + lengths, size)
    starts, spans, lengths = starts[chosen], spans[chosen], lengths[chosen]
    inside = random.integers(0, size, batch)
    offsets = random.integers(0, 2**32, batch, dtype=np.uint64) & ((np.uint64(1) << spans[inside]) - np.uint64(1))
    numbers = np.where(
        random.random(batch) < 0.5, starts[inside] + offsets, random.integers(0, 2**32, batch, dtype=np.uint64)
    ).astype(np.uint32)
    texts = [socket.inet_ntoa(number) for number in numbers.astype(">u4").view("V4").tolist()]
    prefixes = [
        f"{socket.inet_ntoa(start)}/{length}"
        for start, length in zip(starts.astype(">u4").view("V4").tolist(), lengths.tolist(), strict=True)
    ]
    return Family("v4", prefixes, texts, pa.array(texts, pa.large_string()), (numbers,))


def family_v6(random: np.random.Generator, size: int, batch: int) -> Family:
    """Draw IPv6 prefixes and addresses, all in the allocated eighth 2000::/3."""
    drawn = 2 * size
    lengths = random.choice(list(LENGTHS_V6), drawn, p=_shares(LENGTHS_V6))
    high = random.integers(0, 2**61, drawn, dtype=np.uint64) | np.uint64(1 << 61)
    low = random.integers(0, 2**64, drawn, dtype=np.uint64, endpoint=False)
    values = [
        (int(h) << 64 | int(n)) >> (128 - length) << (128 - length)
        for h, n, length in zip(high, low, lengths.tolist(), strict=True)
    ]
    chosen = list(dict.fromkeys(zip(values, lengths.tolist(), strict=True)))[:size]
    fresh = random.bytes(16 * batch)
    numbers = []
    for row, (which, own) in enumerate(zip(random.integers(0, size, batch), random.random(batch) < 0.5, strict=True)):
        drawn_now = int.from_bytes(fresh[16 * row : 16 * row + 16])
        value, length = chosen[which]
        numbers.append(value | drawn_now >> length if own else 1 << 125 | drawn_now >> 3)
    packed = b"".join(number.to_bytes(16) for number in numbers)
    halves = np.frombuffer(packed, ">u8").astype(np.uint64).reshape(-1, 2)
    texts = [socket.inet_ntop(socket.AF_INET6, packed[16 * row : 16 * row + 16]) for row in range(batch)]
    prefixes = [f"{IPv6Address(value)}/{length}" for value, length in chosen]
    columns = (np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1]))
    return Family("v6", prefixes, texts, pa.array(texts, pa.large_string()), columns)


def _shares(weights: dict[int, int]) -> list[float]:
    return [weight / sum(weights.values()) for weight in weights.values()]


def _unique(random: np.random.Generator, keys: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    _, first = np.unique(keys, return_index=True)
    return random.permutation(first)[:size]


def snapshot(family: Family) -> Attribution:
    """Build the registry's snapshot over the prefixes; its rows are in their order."""
    columns = {
        "type": "prefix",
        "value": family.prefixes,
        "organisation": [f"org-{n}" for n in range(len(family.prefixes))],
    }
    assets = pl.DataFrame({name: columns[name] for name in ASSETS_SCHEMA}, schema_overrides=ASSETS_SCHEMA)
    organisations = pl.DataFrame(schema=ORGANISATIONS_SCHEMA)
    return attribute(assets, organisations, unowned=NOBODY)


def contenders(family: Family) -> dict[str, tuple[int, Callable[[], Sequence[int]]]]:
    """Return each side by name: how many it is asked, and what gives its answers (the place of a prefix, or -1)."""
    held = snapshot(family)
    lines = "\n".join(f"{prefix}\t{row + 1}" for row, prefix in enumerate(family.prefixes))
    asn = pyasn.pyasn(None, ipasn_string=lines)
    tree = pytricia.PyTricia(32) if family.name == "v4" else pytricia.PyTricia(128, socket.AF_INET6)
    for row, prefix in enumerate(family.prefixes):
        tree[prefix] = row
    asked = family.texts[:ONE_BY_ONE]

    def one_by_one_pyasn() -> Sequence[int]:
        lookup = asn.lookup
        return [(lookup(text)[0] or 0) - 1 for text in asked]

    def one_by_one_pytricia() -> Sequence[int]:
        get = tree.get
        return [get(text, -1) for text in asked]

    def text() -> Any:
        if family.name == "v4":
            return held.find_v4(parse_v4(family.column)[0])
        high, low, _ = parse_v6(family.column)
        return held.find_v6(high, low)

    def columns() -> Any:
        return held.find_v4(*family.addresses) if family.name == "v4" else held.find_v6(*family.addresses)

    batch = len(family.texts)
    return {
        "pyasn": (len(asked), one_by_one_pyasn),
        "pytricia": (len(asked), one_by_one_pytricia),
        "text": (batch, text),
        "columns": (batch, columns),
    }


def measure(family: Family, rounds: int) -> dict[str, float]:
    """Return the median rate of each side, in observables a CPU second; fail if two answers differ."""
    sides = contenders(family)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        answers = {}
        for name, (asked, answer) in sides.items():
            started = time.process_time()
            answers[name] = answer()
            if turn:  # the first round warms caches and is not counted
                rates[name].append(asked / (time.process_time() - started))
        if turn == 0:
            _agree(family, answers)
    return {name: statistics.median(values) for name, values in rates.items()}


def _agree(family: Family, answers: dict[str, Any]) -> None:
    expected = np.array(answers["pytricia"])
    for name in ("pyasn", "text", "columns"):
        found = np.array(answers[name])[: len(expected)]
        differ = np.flatnonzero(found != expected)
        if len(differ):
            sys.exit(f"{family.name}: {name} and pytricia differ on {family.texts[int(differ[0])]}")
    if (np.array(answers["text"]) != np.array(answers["columns"])).any():
        sys.exit(f"{family.name}: text and columns differ")


def report(sizes: Sequence[str], batch: int, rounds: int) -> dict[str, Any]:
    """Measure each family at each size and return the contract's document."""
    figures: dict[str, Any] = {
        "batch": batch,
        "one_by_one": min(batch, ONE_BY_ONE),
        "rounds": rounds,
        "unit": "a CPU second",
    }
    ratios: dict[str, float] = {}
    for make in (family_v4, family_v6):
        for size in sizes:
            family = make(np.random.default_rng(SEED), SIZES[size], batch)
            name = f"{family.name}_{size}"
            print(f"{name}: {len(family.prefixes)} prefixes", file=sys.stderr)
            rates = measure(family, rounds)
            figures[name] = {side: round(rate) for side, rate in rates.items()}
            for form in ("text", "columns"):
                for peer in ("pyasn", "pytricia"):
                    ratios[f"{name}_{form}_over_{peer}"] = round(rates[form] / rates[peer], 2)
    return {"name": "resolve", "figures": figures, "ratios": ratios}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="1k and 100k prefixes, fewer addresses: a smoke test")
    options = parser.parse_args()
    said = report(["1k", "100k"], 100_000, 2) if options.quick else report(list(SIZES), BATCH, ROUNDS)
    if options.json:
        print(json.dumps(said))
        return
    for name, rates in said["figures"].items():
        if isinstance(rates, dict):
            print(f"{name:8}", *(f"{side} {rate / 1e6:.2f}M" for side, rate in rates.items()))
    for name, ratio in said["ratios"].items():
        print(f"{name:32} {ratio:.1f}x")


if __name__ == "__main__":
    main()
