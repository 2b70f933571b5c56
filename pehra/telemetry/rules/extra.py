"""One JSON object a row from columns of text, without a loop over rows.

Null is absent. Everything stays the text that was received: a feed's `0` or `true` is not turned into a number or a
truth here. The common case, nothing to escape, is one concatenation; that it was the common case is checked
afterwards.
"""

import json

import numpy as np
import polars as pl

_QUOTE, _BACKSLASH, _SPACE = 34, 92, 32
_TO_ESCAPE = r'["\\\x00-\x1f]'


def json_objects(frame: pl.DataFrame) -> pl.Series:
    """Return a JSON object a row with the non-null texts of the row under their column names.

    Null where all are null.
    """
    rows = len(frame)
    frame = frame.select(pl.col(name) for name in frame.columns if frame[name].null_count() < rows)
    if frame.width == 0:
        return pl.repeat(None, rows, dtype=pl.String, eager=True).alias("extra")
    built = frame.select(_object({name: pl.col(name) for name in frame.columns}, frame, quoted=False)).to_series()
    if _is_plain(built, values=sum(len(frame) - frame[name].null_count() for name in frame.columns)):
        return built.rename("extra")
    values = {name: _escaped(frame[name]) for name in frame.columns}
    return frame.select(_object(values, frame, quoted=True)).to_series().rename("extra")


def _object(values: dict[str, pl.Expr], frame: pl.DataFrame, *, quoted: bool) -> pl.Expr:
    """Return the expression of the object: columns without a null first, since a comma before each is then certain."""
    mark = "" if quoted else '"'
    full = [name for name in values if frame[name].null_count() == 0]
    partial = [name for name in values if name not in set(full)]
    pieces: list[pl.Expr] = []
    for place, name in enumerate(full):
        start = "{" if place == 0 else mark + ","
        pieces += [pl.lit(start + json.dumps(name) + ":" + mark), values[name]]
    if full:
        pieces.append(pl.lit(mark))
    optional = [
        pl.concat_str(pl.lit("," + json.dumps(name) + ":" + mark), values[name], pl.lit(mark)) for name in partial
    ]
    if full:
        return pl.concat_str(*pieces, *optional, pl.lit("}"), ignore_nulls=True)
    inner = pl.concat_str(*optional, ignore_nulls=True).str.strip_prefix(",")
    return pl.when(inner != "").then(pl.concat_str(pl.lit("{"), inner, pl.lit("}")))


def _is_plain(built: pl.Series, *, values: int) -> bool:
    """Whether the only quotes are the four around each name and value, and nothing else needs an escape."""
    array = built.drop_nulls().rechunk().to_arrow()
    if len(array) == 0:
        return True
    content = np.frombuffer(array.buffers()[2], np.uint8)
    if content.min() < _SPACE or np.count_nonzero(content == _BACKSLASH):
        return False
    return int(np.count_nonzero(content == _QUOTE)) == 4 * values


def _escaped(column: pl.Series) -> pl.Expr:
    """Return the column's texts as JSON strings, with their quotes."""
    if not column.str.contains(_TO_ESCAPE).any():
        return pl.concat_str(pl.lit('"'), pl.col(column.name), pl.lit('"'))
    # Polars writes JSON only for structs: `{"v":"…"}`, of which the value is what stands between.
    written = pl.struct(pl.col(column.name).alias("v")).struct.json_encode().str.slice(5).str.strip_suffix("}")
    return pl.when(pl.col(column.name).is_not_null()).then(written)
