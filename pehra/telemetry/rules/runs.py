"""Which keys were seen before: sorted runs of keys, probed a batch at a time.

A run is two columns, the high halves sorted. All rows are probed at once; where high halves are equal, both halves
are compared, without a loop over rows. A key that was not given is never reported as seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pehra.telemetry.rules.keys import Halves

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Places = np.ndarray[Any, np.dtype[np.int64]]

RUNS_MAX = 8  # more small runs than this cost more to probe than to merge


@dataclass(frozen=True)
class Run:
    """Keys, sorted by their high and then their low half."""

    high: Halves
    low: Halves

    def __len__(self) -> int:
        return len(self.high)


def sorted_run(high: Halves, low: Halves) -> Run:
    """Return keys as a run."""
    order = np.lexsort((low, high))
    return Run(high[order], low[order])


def merged(runs: Sequence[Run]) -> Run:
    """Return several runs as one."""
    return sorted_run(np.concatenate([run.high for run in runs]), np.concatenate([run.low for run in runs]))


def first_of_each(high: Halves, low: Halves) -> tuple[Places, Mask]:
    """Return the order that sorts the keys, and which rows are the first with their key."""
    order = np.argsort(high, kind="stable")
    sorted_high, sorted_low = high[order], low[order]
    same_high = sorted_high[1:] == sorted_high[:-1]
    same = same_high & (sorted_low[1:] == sorted_low[:-1])
    if np.count_nonzero(same_high) != np.count_nonzero(same):
        # Two different keys share a high half: only then must the low halves be sorted too.
        order = np.lexsort((low, high))
        sorted_high, sorted_low = high[order], low[order]
        same = (sorted_high[1:] == sorted_high[:-1]) & (sorted_low[1:] == sorted_low[:-1])
    first = np.ones(len(high), np.bool_)
    first[order[1:][same]] = False
    return order, first


def seen(runs: Iterable[Run], high: Halves, low: Halves) -> Mask:
    """Return which of the keys some run holds."""
    found = np.zeros(len(high), np.bool_)
    for run in runs:
        if len(run):
            found |= _seen_in(run, high, low)
    return found


def _seen_in(run: Run, high: Halves, low: Halves) -> Mask:
    places = np.minimum(np.searchsorted(run.high, high), len(run) - 1)
    same_high = run.high[places] == high
    found: Mask = same_high & (run.low[places] == low)
    open_rows = np.flatnonzero(same_high & ~found)
    while len(open_rows):
        # Equal high halves: step right, all rows at once.
        places[open_rows] += 1
        open_rows = open_rows[places[open_rows] < len(run)]
        open_rows = open_rows[run.high[places[open_rows]] == high[open_rows]]
        hit = run.low[places[open_rows]] == low[open_rows]
        found[open_rows[hit]] = True
        open_rows = open_rows[~hit]
    return found
