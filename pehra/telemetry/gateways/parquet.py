"""Events and keys as files: one Parquet file a day and batch, with its sorted keys beside it.

The keys file is two columns of eight bytes a row, the high halves first: mapped into memory, it is probed without
being read. It can be made again from the Parquet file at any time.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pehra.telemetry.rules.runs import Run

BATCH_ROWS_MAX = 1 << 20
MERGE_MEMORY_MAX = "1GB"


def write_events(events: pl.DataFrame, path: Path) -> tuple[str, int]:
    """Write events; return the file's digest and size."""
    events.write_parquet(path, compression="zstd", compression_level=1, row_group_size=BATCH_ROWS_MAX)
    with path.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest(), path.stat().st_size


def write_keys(run: Run, path: Path) -> None:
    """Write a sorted run of keys."""
    with path.open("wb") as out:
        out.write(np.ascontiguousarray(run.high, "<u8").tobytes())
        out.write(np.ascontiguousarray(run.low, "<u8").tobytes())


def read_keys(path: Path) -> Run:
    """Map a sorted run of keys into memory."""
    halves = np.memmap(path, "<u8", mode="r") if path.stat().st_size else np.zeros(0, "<u8")
    middle = len(halves) // 2
    return Run(halves[:middle], halves[middle:])


def merge_events(sources: Sequence[Path], target: Path) -> tuple[str, int]:
    """Write the events of several files as one, a piece at a time; return its digest and size."""
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MERGE_MEMORY_MAX})
    try:
        connection.execute("set timezone = 'UTC'")
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in sources)
        out = str(target).replace("'", "''")
        connection.execute(
            f"copy (select * from read_parquet([{files}], hive_partitioning = false, union_by_name = true))"  # noqa: S608 - names of our own making
            f" to '{out}' (format parquet, compression zstd, compression_level 1)"
        )
    finally:
        connection.close()
    with target.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest(), target.stat().st_size
