"""Match sets built from rows in force, with the registry's own tables of intervals and names.

A domain that is a public suffix, such as that of a hosting company, matches itself alone: everything under it is
other people's.
"""

import numpy as np
import polars as pl
from publicsuffixlist import PublicSuffixList

from pehra.intel.rules.match_sets import AddressSet, MatchSets, hosts_of
from pehra.registry.api import flatten_v4, flatten_v6, parse_v4, parse_v6, suffix_table

_LABELS_OF_A_SUFFIX_MAX = 4


def build(rows: pl.DataFrame) -> MatchSets:
    """Build the sets of some rows: `type`, `value` and `id`, where several ids may say the same."""
    values = rows.group_by("type", "value", maintain_order=True).agg(pl.col("id")).with_row_index("row")
    of = {kind: part for (kind,), part in values.partition_by("type", as_dict=True).items()}
    none = values.clear()
    v4, v6 = of.get("ipv4", none), of.get("ipv6", none)
    prefixes = (
        of.get("prefix", none).with_columns(pl.col("value").str.split_exact("/", 1).alias("parts")).unnest("parts")
    )
    wide = prefixes.filter(pl.col("value").str.contains(":", literal=True))
    narrow = prefixes.filter(~pl.col("value").str.contains(":", literal=True))
    addresses, _ = parse_v4(v4["value"].to_arrow())
    starts, _ = parse_v4(narrow["field_0"].to_arrow())
    v4_prefixes = flatten_v4(starts, _lengths(narrow), _rows(narrow))
    singles = v6.with_columns(field_0="value", field_1=pl.lit("128"))
    together = pl.concat([singles, wide.select(singles.columns)])
    high, low, _ = parse_v6(together["field_0"].to_arrow())
    domains, hosts = _names(of.get("domain", none))
    urls = of.get("url", none)
    return MatchSets(
        ids=values["id"].alias("ids"),
        v4=AddressSet.of(addresses, _rows(v4)),
        v4_prefixes=v4_prefixes,
        v6=flatten_v6(high, low, _lengths(together), _rows(together), v4=v4_prefixes),
        domains=suffix_table(domains=domains, hosts=hosts),
        urls=dict(zip(urls["value"].to_list(), urls["row"].to_list(), strict=True)),
        url_hosts=hosts_of(urls["value"]),
        has_v4_prefixes=len(narrow) > 0,
        has_v6=len(together) > 0,
    )


def _rows(part: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    return part["row"].to_numpy().astype(np.int32)


def _lengths(part: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return part["field_1"].cast(pl.UInt8).to_numpy()


def _names(part: pl.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    """Return the names that match what is below them, and those that match themselves alone."""
    few = part["value"].str.count_matches(".", literal=True) < _LABELS_OF_A_SUFFIX_MAX
    suffixes = PublicSuffixList()
    shared = {name for name in part["value"].filter(few).to_list() if suffixes.privatesuffix(name) is None}
    every = dict(zip(part["value"].to_list(), part["row"].to_list(), strict=True))
    hosts = {name: row for name, row in every.items() if name in shared}
    return {name: row for name, row in every.items() if name not in shared}, hosts
