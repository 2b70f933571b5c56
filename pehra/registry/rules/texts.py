"""Columns of text as bytes and offsets: what Arrow and NumPy both understand without a copy.

Refuses nothing by value; a null is an empty text. Whoever parses decides what an empty text means.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

# pyarrow has no types of its own, so its arrays are `Any` to the type checker.
Texts: TypeAlias = pl.Series | Any  # any means pa.Array or pa.ChunkedArray of text
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Offsets = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

ROWS_AT_ONCE = 65_536  # so that the temporaries of one turn stay in the processor's cache


@dataclass(frozen=True)
class TextColumn:
    """Text `i` is `content[offsets[i]:offsets[i + 1]]`."""

    content: Bytes
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def turns(self, rows: int = ROWS_AT_ONCE) -> Iterator[tuple[slice, "TextColumn"]]:
        """Yield the column in turns of some rows, each with the place of its rows in the whole."""
        for start in range(0, len(self), rows):
            stop = min(len(self), start + rows)
            offsets = self.offsets[start : stop + 1]
            yield slice(start, stop), TextColumn(self.content[offsets[0] : offsets[-1]], offsets - offsets[0])

    def text(self, row: int) -> str:
        """Return one text; bytes that are no UTF-8 become the replacement character."""
        return bytes(self.content[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8", "replace")


def text_column(texts: Texts) -> TextColumn:
    """Return any column of text as bytes and offsets."""
    array: Any = texts.to_arrow() if isinstance(texts, pl.Series) else texts
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    if array.null_count:
        array = array.fill_null("")
    if len(array) == 0:
        return TextColumn(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    _, offsets, content = array.buffers()
    starts = np.frombuffer(offsets, np.int64, count=len(array) + 1, offset=array.offset * 8)
    held = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    return TextColumn(held, starts)
