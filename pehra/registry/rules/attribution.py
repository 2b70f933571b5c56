"""The registry of one day as tables of columns: whose is an address, a name, an AS number; and who answers for it.

Built whole from frames, never changed, swapped for a new one when the registry changes. A row number points into
`owners`; `NOBODY` (-1) means that no asset covers the observable: the registry knows nothing of it.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars as pl

from pehra.registry.rules.addresses import Halves, Words, parse_v4, parse_v6
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.intervals import NOBODY, Rows, V4Table, V6Table, flatten_v4, flatten_v6
from pehra.registry.rules.suffixes import SuffixTable, suffix_table
from pehra.registry.rules.texts import Texts
from pehra.registry.rules.vocabulary import AssetType

OWNERS_SCHEMA: dict[str, pl.DataType] = {
    "asset": pl.String(),  # type and value, such as `prefix:198.18.0.0/16`
    "organisation": pl.String(),  # empty: the country's own space, holder not known
    "organisation_name": pl.String(),
    "sector": pl.String(),
    "territory": pl.String(),
    "classes": pl.List(pl.String()),  # null: not known
    "lead_team": pl.String(),
    "teams": pl.List(pl.String()),
    "because": pl.String(),  # JSON: a reason for each team and role
}
ORGANISATIONS_SCHEMA: dict[str, pl.DataType] = {
    name: kind for name, kind in OWNERS_SCHEMA.items() if name not in {"asset"}
}
ASSETS_SCHEMA: dict[str, pl.DataType] = {"type": pl.String(), "value": pl.String(), "organisation": pl.String()}

# Of two assets with the same value: the one with a holder, then the more exact kind.
_ORDER = {AssetType.HOST: 0, AssetType.SERVICE: 1, AssetType.PREFIX: 2, AssetType.DOMAIN: 3, AssetType.ASN: 4}


@dataclass(frozen=True)
class Attribution:
    """A snapshot of who holds what on a day; row `i` of `owners` is an asset with its holder and its teams."""

    owners: pl.DataFrame
    version: int
    _v4: V4Table = field(repr=False)
    _v6: V6Table = field(repr=False)
    _names: SuffixTable = field(repr=False)
    _asn_numbers: np.ndarray[Any, np.dtype[np.int64]] = field(repr=False)
    _asn_rows: Rows = field(repr=False)

    def find_v4(self, addresses: Words) -> Rows:
        """Return the row of the most specific prefix or host that covers each IPv4 address, or -1."""
        return self._v4.find(addresses)

    def find_v6(self, high: Halves, low: Halves) -> Rows:
        """Return the row of the most specific prefix or host that covers each IPv6 address, or -1."""
        return self._v6.find(high, low)

    def find_domains(self, names: Texts) -> Rows:
        """Return the row of each name's own host or service, or of its longest registered suffix, or -1."""
        return self._names.find(names)

    def find_asn(self, asn: np.ndarray[Any, np.dtype[np.int64]]) -> Rows:
        """Return the row of each AS number, or -1."""
        if not len(self._asn_numbers):
            return np.full(len(asn), NOBODY, np.int32)
        places = np.minimum(np.searchsorted(self._asn_numbers, asn), len(self._asn_numbers) - 1)
        found = np.where(self._asn_numbers[places] == asn, self._asn_rows[places], NOBODY)
        return found.astype(np.int32)


def attribute(
    assets: pl.DataFrame, organisations: pl.DataFrame, *, unowned: Answerable, version: int = 0
) -> Attribution:
    """Build the snapshot of some assets (`ASSETS_SCHEMA`) held by some organisations (`ORGANISATIONS_SCHEMA`).

    An asset whose organisation is not among them is the country's own, of no known holder.
    """
    owners = _owners(assets, organisations, unowned)
    kinds = owners["type"]
    hosts = owners.filter(kinds == AssetType.HOST)
    blocks = pl.concat([_blocks(owners), _host_addresses(hosts)])
    v4 = _v4_table(blocks.filter(~pl.col("value").str.contains(":", literal=True)))
    v6 = _v6_table(blocks.filter(pl.col("value").str.contains(":", literal=True)), v4)
    domains = _first(owners.filter(kinds == AssetType.DOMAIN))
    named = _first(pl.concat([_names_of(hosts), _service_hosts(owners.filter(kinds == AssetType.SERVICE))]))
    numbers = owners.filter(kinds == AssetType.ASN).with_columns(
        pl.col("value").str.strip_prefix("AS").cast(pl.Int64).alias("number")
    )
    numbers = numbers.unique("number", keep="first", maintain_order=True).sort("number")
    return Attribution(
        owners=owners.select(*OWNERS_SCHEMA),
        version=version,
        _v4=v4,
        _v6=v6,
        _names=suffix_table(domains=domains, hosts=named),
        _asn_numbers=numbers["number"].to_numpy().astype(np.int64),
        _asn_rows=numbers["row"].to_numpy().astype(np.int32),
    )


def _owners(assets: pl.DataFrame, organisations: pl.DataFrame, unowned: Answerable) -> pl.DataFrame:
    """Return one row an asset, in order of precedence, with its place as `row`."""
    known = {name: pl.lit("") for name in ("organisation_name", "sector", "territory")}
    joined = (
        assets.filter(pl.col("type") != AssetType.PRODUCT)
        .join(organisations.with_columns(held=True), on="organisation", how="left", maintain_order="left")
        .with_columns(
            organisation=pl.when("held").then("organisation").otherwise(pl.lit("")),
            classes=pl.when("held").then("classes"),
            lead_team=pl.when("held").then("lead_team").otherwise(pl.lit(unowned.lead_team)),
            teams=pl.when("held").then("teams").otherwise(pl.lit(list(unowned.teams), pl.List(pl.String))),
            because=pl.when("held").then("because").otherwise(pl.lit(unowned.because)),
            **{name: pl.when("held").then(name).otherwise(empty) for name, empty in known.items()},
        )
    )
    rank = pl.col("type").replace_strict({kind.value: order for kind, order in _ORDER.items()}, return_dtype=pl.Int8)
    return (
        joined.sort(pl.col("held").is_null(), rank, maintain_order=True)
        .with_columns(asset=pl.concat_str("type", pl.lit(":"), "value"))
        .with_row_index("row")
    )


def _blocks(owners: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("value").str.split_exact("/", 1)
    return (
        owners.filter(pl.col("type") == AssetType.PREFIX)
        .select("row", parts.alias("parts"))
        .select(
            "row",
            value=pl.col("parts").struct.field("field_0"),
            length=pl.col("parts").struct.field("field_1").cast(pl.UInt8),
        )
    )


def _is_address() -> pl.Expr:
    return pl.col("value").str.contains(r":|^[0-9.]+$")


def _host_addresses(hosts: pl.DataFrame) -> pl.DataFrame:
    wide = pl.when(pl.col("value").str.contains(":", literal=True)).then(pl.lit(128)).otherwise(pl.lit(32))
    return hosts.filter(_is_address()).select("row", "value", length=wide.cast(pl.UInt8))


def _names_of(hosts: pl.DataFrame) -> pl.DataFrame:
    return hosts.filter(~_is_address()).select("row", "value")


def _service_hosts(services: pl.DataFrame) -> pl.DataFrame:
    """Return the host names of services. A service on a bare address does not make the address its holder's."""
    hosts = [urlsplit(value).hostname if "://" in value else value for value in services["value"]]
    named = services.select("row", value=pl.Series("value", hosts, pl.String))
    return named.filter(pl.col("value").is_not_null() & ~_is_address())


def _first(names: pl.DataFrame) -> dict[str, int]:
    """Return the first row of each name."""
    kept = names.sort("row").unique("value", keep="first", maintain_order=True)
    return dict(zip(kept["value"].to_list(), kept["row"].to_list(), strict=True))


def _v4_table(blocks: pl.DataFrame) -> V4Table:
    starts, good = parse_v4(blocks["value"])
    assert good.all(), "the registry holds a prefix that is none"
    ordered = np.argsort(blocks["row"].to_numpy(), kind="stable")
    return flatten_v4(
        starts[ordered], blocks["length"].to_numpy()[ordered], blocks["row"].to_numpy().astype(np.int32)[ordered]
    )


def _v6_table(blocks: pl.DataFrame, v4: V4Table) -> V6Table:
    high, low, good = parse_v6(blocks["value"])
    assert good.all(), "the registry holds a prefix that is none"
    ordered = np.argsort(blocks["row"].to_numpy(), kind="stable")
    return flatten_v6(
        high[ordered],
        low[ordered],
        blocks["length"].to_numpy()[ordered],
        blocks["row"].to_numpy().astype(np.int32)[ordered],
        v4=v4,
    )
