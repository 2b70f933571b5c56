"""When an event was seen, from the ways in which feeds write a moment.

A time without an offset is UTC, as the feeds say. What is no moment, or lies so far ahead that it cannot have been
seen, is not guessed at: its row is rejected with the reason.
"""

from datetime import datetime, timedelta

import polars as pl

AHEAD_MAX = timedelta(days=2)  # clocks of sensors are wrong, time zones are mistaken; more is another mistake
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 - compared with a naive column

_PLAIN = "%Y-%m-%d %H:%M:%S"
_OTHERS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_OTHERS_WITHOUT_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")


def moments(texts: pl.Series, *, at: datetime) -> pl.Series:
    """Return the moments of a column in UTC; null where the text is none, or one that cannot be."""
    naive = texts.str.to_datetime(_PLAIN, time_unit="us", strict=False)
    missed = (naive.is_null() & texts.is_not_null()).arg_true()
    if len(missed):
        naive = naive.scatter(missed, _otherwise(texts.gather(missed)))
    latest = (at + AHEAD_MAX).replace(tzinfo=None)
    least, most = naive.min(), naive.max()
    if least is not None and (least < EARLIEST or most > latest):  # type: ignore[operator]
        naive = (
            naive.to_frame("moment")
            .select(pl.when(pl.col("moment").is_between(EARLIEST, latest)).then(pl.col("moment")))
            .to_series()
        )
    return naive.dt.replace_time_zone("UTC").alias("time_source")


def _otherwise(texts: pl.Series) -> pl.Series:
    texts = texts.str.strip_chars().str.replace(r"[zZ]$", "+00:00")
    tries = [
        pl.col("text").str.to_datetime(form, time_unit="us", strict=False, time_zone="UTC").dt.replace_time_zone(None)
        for form in _OTHERS
    ]
    tries += [pl.col("text").str.to_datetime(form, time_unit="us", strict=False) for form in _OTHERS_WITHOUT_OFFSET]
    return texts.to_frame("text").select(pl.coalesce(tries)).to_series()
