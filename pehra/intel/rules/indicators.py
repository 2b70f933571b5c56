"""What an indicator says, whoever says it: type, value, validity, marking; and which of them can be matched.

Columns of many at once, since a feed brings a million. The usual spellings are recognised by column; what is spelt
otherwise is read one by one by the kernel, and what that refuses is a reject with its line.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pehra.kernel.observables import ObservableType, parse
from pehra.kernel.refusals import Invalid

COLUMNS: dict[str, pl.DataType] = {
    "type": pl.String(),
    "value": pl.String(),
    "matchable": pl.Boolean(),
    "valid_from": pl.Datetime("us", "UTC"),
    "valid_to": pl.Datetime("us", "UTC"),
    "tlp": pl.String(),
    "confidence": pl.Int16(),
    "stix_id": pl.String(),
    "name": pl.String(),
}

PATTERN = "pattern"
MATCHABLE = frozenset({"ipv4", "ipv6", "prefix", "domain", "url"})

_COMMENT = r"^\s*(?:#|;|//)"
_TRAILING = r"\s+(?:#|//).*$"
_DOMAIN = r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = rf"^{_OCTET}(?:\.{_OCTET}){{3}}$"
_WORTH_READING = 3  # characters; anything shorter is no observable


@dataclass(frozen=True)
class Reject:
    """A line that says no observable, and why."""

    line: int
    message: str

    def as_json(self) -> dict[str, object]:
        """Return the reject as plain JSON values."""
        return {"line": self.line, "field": "value", "message": self.message}


@dataclass(frozen=True)
class Settled:
    """Observables with the line they stand on, and the lines that say none."""

    values: pl.DataFrame
    rejects: list[Reject]


def settled(texts: Sequence[str]) -> Settled:
    """Read one observable a line; comments and empty lines are none and no mistake."""
    lines = (
        pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
        .with_row_index("line", offset=1)
        .filter(~pl.col("text").str.contains(_COMMENT))
        .with_columns(pl.col("text").str.replace(_TRAILING, "").str.strip_chars())
        .filter(pl.col("text") != "")
    )
    usual = pl.when(pl.col("text").str.contains(_V4)).then(pl.lit(ObservableType.IPV4.value))
    domain = pl.col("text").str.contains(_DOMAIN) & (pl.col("text").str.len_bytes() <= 253)
    known = lines.with_columns(usual.when(domain).then(pl.lit(ObservableType.DOMAIN.value)).alias("type"))
    quick = known.filter(pl.col("type").is_not_null()).select("line", "type", pl.col("text").alias("value"))
    slow = known.filter(pl.col("type").is_null())
    rejects: list[Reject] = []
    read = list(_one_by_one(slow["line"].to_list(), slow["text"].to_list(), rejects))
    schema = {"line": quick.schema["line"], "type": pl.String(), "value": pl.String()}
    return Settled(pl.concat([quick, pl.DataFrame(read, schema=schema, orient="row")]).sort("line"), rejects)


def _one_by_one(lines: list[int], texts: list[str], rejects: list[Reject]) -> Iterator[tuple[int, str, str]]:
    for line, text in zip(lines, texts, strict=True):
        try:
            observable = parse(text)
        except Invalid as refusal:
            rejects.append(Reject(line, str(refusal)[:200]))
            continue
        yield line, *as_prefix_or_address(observable.type.value, observable.value)


def as_prefix_or_address(kind: str, value: str) -> tuple[str, str]:
    """Return a prefix of one address as that address."""
    if kind == ObservableType.PREFIX:
        network = ipaddress.ip_network(value)
        if network.num_addresses == 1:
            return (ObservableType.IPV4 if network.version == 4 else ObservableType.IPV6).value, str(
                network.network_address
            )
    return kind, value


def of_lines(values: pl.DataFrame, *, valid_from: datetime, tlp: str, confidence: int | None) -> pl.DataFrame:
    """Return observables of a plain list as indicators: one a value, valid from now on."""
    moment = COLUMNS["valid_from"]
    return values.unique(["type", "value"], keep="first", maintain_order=True).select(
        "type",
        "value",
        matchable=pl.col("type").is_in(sorted(MATCHABLE)),
        valid_from=pl.lit(valid_from, dtype=moment),
        valid_to=pl.lit(None, dtype=moment),
        tlp=pl.lit(tlp),
        confidence=pl.lit(confidence, dtype=COLUMNS["confidence"]),
        stix_id=pl.lit(""),
        name=pl.lit(""),
    )
