"""IntelMQ's events, as its field dictionary names them, in our schema.

The words of its vocabulary are ours with dots for underscores, so little has to be decided: the class follows RSIT,
other spellings of a type are brought to it, and a word that is none is kept aside and the event is
`other/undetermined`. When it was observed and where it was collected do not make an event another one, so they are
not part of its key.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from pehra.telemetry.rules import extra, rsit
from pehra.telemetry.rules.addresses import AddressReader, parsed, spelt
from pehra.telemetry.rules.event_time import moments
from pehra.telemetry.rules.families import Side
from pehra.telemetry.rules.feeds import Examined, without_empty
from pehra.telemetry.rules.schema import BY_INTELMQ, WORD

FEED = "intelmq"
REST = "rest"

_NOT_READ = frozenset({"extra"})
FIELDS: tuple[str, ...] = tuple(name for name in BY_INTELMQ if name not in _NOT_READ)
_LOWER = frozenset(
    {
        "malware.name",
        "malware.hash.md5",
        "source.fqdn",
        "destination.fqdn",
        "source.reverse_dns",
        "destination.reverse_dns",
    }
)
_WORDS = frozenset(
    {"protocol.transport", "protocol.application", "classification.identifier", "feed.name", "feed.code"}
)
_NUMBERS = {"port": pl.UInt16, "asn": pl.UInt32}

# Attacks on somebody: when the attacker is a stranger and the target is ours, it is the target's matter.
_ATTACKS = ("dos", "ddos")
# What speaks from a port of the moment; of all else the source's port is a service.
_CLIENTS = ("infected-system", "scanner", "brute-force", "exploit", "ids-alert", "dos", "ddos", "spam")


class IntelmqParser:
    """The parser of IntelMQ's events."""

    feed = FEED
    report = ""
    key_columns: Sequence[str] = (*(field for field in FIELDS if field != "time.observation"), REST)

    def __init__(self) -> None:
        self._unsettled = 0

    @property
    def alarms(self) -> Sequence[str]:
        """Say how many events had a type that is no word of RSIT."""
        if not self._unsettled:
            return ()
        return (f"{self._unsettled} events have a type that RSIT does not know: they are kept as other/undetermined",)

    def examine(self, raw: pl.DataFrame, *, at: datetime, reader: AddressReader) -> Examined:
        """Say which rows have a moment and no broken address."""
        raw = without_empty(raw)
        said = raw["time.source"]
        if said.null_count():
            said = said.zip_with(said.is_not_null(), raw["time.observation"])
        seen = moments(said, at=at)
        source, destination = parsed(raw["source.ip"], reader), parsed(raw["destination.ip"], reader)
        wrong = [
            (seen.is_null(), "time.source is no moment that can be"),
            (pl.Series(source.bad), "source.ip is no address"),
            (pl.Series(destination.bad), "destination.ip is no address"),
        ]
        reasons = pl.repeat(None, len(raw), dtype=pl.String, eager=True).alias("reason")
        for mask, reason in reversed(wrong):
            if mask.any():
                reasons = pl.repeat(reason, len(raw), dtype=pl.String, eager=True).zip_with(mask, reasons)
        return Examined(raw, seen, source, destination, reasons, np.zeros(len(raw), np.bool_))

    def normalise(self, rows: Examined) -> pl.DataFrame:
        """Return the events of rows that can be."""
        raw = rows.raw
        columns: dict[str, pl.Series] = {"time_source": rows.moments}
        aside: dict[str, pl.Series] = {}
        for field in FIELDS:
            name = BY_INTELMQ[field]
            if field in ("time.source", "time.observation") or field.startswith("classification.t"):
                continue
            texts = raw[field]
            if field.endswith(".ip"):
                columns[name] = spelt(texts, rows.source if field.startswith("source") else rows.destination)
            elif field.rsplit(".", 1)[-1] in _NUMBERS:
                columns[name] = _number(texts, _NUMBERS[field.rsplit(".", 1)[-1]], aside)
            elif field in _WORDS:
                columns[name] = texts.cast(WORD)
            else:
                columns[name] = texts.str.to_lowercase().str.strip_suffix(".") if field in _LOWER else texts
        columns |= self._classes(raw["classification.type"], aside)
        events = pl.DataFrame(columns).with_columns(
            pl.coalesce(f"{side}_fqdn", _host(f"{side}_url")).alias(f"{side}_fqdn") for side in Side
        )
        kinds = events["classification_type"].cast(pl.String)
        return events.with_columns(
            extra=_joined(raw[REST], extra.json_objects(pl.DataFrame(aside)) if aside else None),
            concerns=pl.lit(Side.SOURCE.value, dtype=WORD),
            otherwise=kinds.is_in(_ATTACKS),
            service=~kinds.is_in(_CLIENTS),
        )

    def _classes(self, said: pl.Series, aside: dict[str, pl.Series]) -> dict[str, pl.Series]:
        words = {word: rsit.settled(word) for word in said.drop_nulls().unique().to_list()}
        classes = {word: found or rsit.UNDETERMINED for word, found in words.items()}
        unknown = [word for word, found in words.items() if found is None]
        if unknown:
            strange = said.is_in(unknown).fill_null(False)
            self._unsettled += int(strange.sum())
            aside["classification.type"] = said.zip_with(strange, pl.Series([None], dtype=pl.String))
        frame = said.to_frame("said").select(
            pl.col("said")
            .replace_strict(
                {word: found[part] for word, found in classes.items()}, default=None, return_dtype=pl.String
            )
            .fill_null(rsit.UNDETERMINED[part])
            .cast(WORD)
            .alias(name)
            for part, name in enumerate(("classification_taxonomy", "classification_type"))
        )
        return dict(zip(frame.columns, frame.get_columns(), strict=True))


def _host(url: str) -> pl.Expr:
    """Return the name in a URL, where it has one: what was addressed, if nothing else says it."""
    host = pl.col(url).str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/:?#\[\]]+)").str.to_lowercase()
    named = host.str.contains(".", literal=True) & ~host.str.contains(r"^[0-9.]+$")
    return pl.when(named).then(host.str.strip_suffix("."))


def _number(texts: pl.Series, dtype: type[pl.DataType], aside: dict[str, pl.Series]) -> pl.Series:
    """Return a column of numbers; 0 is absent, and what is no such number is kept aside."""
    numbers = texts.cast(dtype, strict=False)
    unread = numbers.is_null() & texts.is_not_null()
    if unread.any():
        aside[texts.name] = texts.zip_with(unread, pl.Series([None], dtype=pl.String))
    return numbers.set(numbers == 0, None) if (numbers == 0).any() else numbers


def _joined(rest: pl.Series, aside: pl.Series | None) -> pl.Series:
    """Return two JSON objects a row as one; an empty one is absent."""
    rest = rest.zip_with(rest != "{}", pl.Series([None], dtype=pl.String))
    if aside is None:
        return rest
    both = pl.concat_str(pl.col("rest").str.strip_suffix("}"), pl.lit(","), pl.col("aside").str.slice(1))
    pair = pl.DataFrame({"rest": rest, "aside": aside})
    return pair.select(pl.coalesce(both, pl.col("rest"), pl.col("aside"))).to_series()
