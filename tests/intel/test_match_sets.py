"""Match sets answer as a plain loop over the indicators would."""

import ipaddress

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.intel.gateways import tables
from pehra.registry.api import parse_v4, parse_v6

V4 = st.ip_addresses(v=4, network="198.18.0.0/22").map(str)
V6 = st.ip_addresses(v=6, network="2001:db8::/118").map(str)


def prefixes(addresses: st.SearchStrategy[str], shortest: int) -> st.SearchStrategy[str]:
    longest = st.integers(shortest, shortest + 9)
    return st.tuples(addresses, longest).map(
        lambda pair: str(ipaddress.ip_network(f"{pair[0]}/{pair[1]}", strict=False))
    )


VALUE = st.one_of(
    V4.map(lambda value: ("ipv4", value)),
    V6.map(lambda value: ("ipv6", value)),
    prefixes(V4, 22).map(lambda value: ("prefix", value)),
    prefixes(V6, 118).map(lambda value: ("prefix", value)),
)


def built(values: list[tuple[str, str]]) -> tables.MatchSets:
    frame = pl.DataFrame(values, schema={"type": pl.String, "value": pl.String}, orient="row")
    return tables.build(frame.with_columns(id=pl.col("value")))


def plainly(values: list[tuple[str, str]], address: str) -> str | None:
    """The most specific value that covers an address."""
    asked = ipaddress.ip_address(address)
    networks = [(ipaddress.ip_network(value), value) for _, value in values]
    covering = [(network.prefixlen, value) for network, value in networks if asked in network]
    return max(covering)[1] if covering else None


@settings(max_examples=25, deadline=None)
@given(st.sets(VALUE, min_size=1, max_size=30), st.lists(V4, min_size=1), st.lists(V6, min_size=1))
def test_addresses_match_their_most_specific_value(values: set[tuple[str, str]], v4: list[str], v6: list[str]) -> None:
    # A prefix of one address is imported as that address, so the two never stand side by side.
    listed = sorted(pair for pair in values if not pair[1].endswith(("/32", "/128")))
    if not listed:
        return
    sets = built(listed)
    words, _ = parse_v4(pl.Series(v4).to_arrow())
    found = sets.find_v4(words).tolist()
    high, low, _ = parse_v6(pl.Series(v6).to_arrow())
    found += sets.find_v6(high, low).tolist()
    for address, row in zip([*v4, *v6], found, strict=True):
        assert (sets.ids[row].to_list()[0] if row >= 0 else None) == plainly(listed, address)


def test_names_match_what_is_below_them_but_public_suffixes_only_themselves() -> None:
    sets = built([("domain", "evil.example"), ("domain", "github.io"), ("domain", "com.pk")])
    names = pl.Series(
        ["evil.example", "a.b.Evil.example.", "notevil.example", "someone.github.io", "github.io", "x.com.pk"]
    )
    found = sets.find_domains(names)
    assert [sets.ids[row].to_list()[0] if row >= 0 else None for row in found.tolist()] == [
        "evil.example",
        "evil.example",
        None,
        None,
        "github.io",
        None,
    ]


def test_urls_match_in_whatever_spelling() -> None:
    sets = built([("url", "http://evil.example/a?b=1"), ("url", "http://198.51.100.1/x")])
    urls = pl.Series(["HTTP://EVIL.example:80/a?b=1", "http://evil.example/a", "http://198.51.100.1/x", "nonsense", ""])
    assert [row >= 0 for row in sets.find_urls(urls)] == [True, False, True, False, False]


def test_two_sources_of_one_value_are_both_named() -> None:
    rows = pl.DataFrame({"type": ["ipv4"] * 2, "value": ["198.51.100.1"] * 2, "id": ["one", "two"]})
    sets = tables.build(rows)
    (row,) = sets.find_v4(np.array([(198 << 24) + (51 << 16) + (100 << 8) + 1], np.uint32))
    assert sets.ids[int(row)].to_list() == ["one", "two"]


def test_nothing_known_matches_nothing() -> None:
    sets = tables.build(pl.DataFrame(schema={"type": pl.String, "value": pl.String, "id": pl.String}))
    assert len(sets) == 0
    assert sets.find_v4(np.array([1], np.uint32)).tolist() == [-1]
    assert sets.find_v6(np.array([1], np.uint64), np.array([1], np.uint64)).tolist() == [-1]
    assert sets.find_domains(pl.Series(["a.example"])).tolist() == [-1]
    assert sets.find_urls(pl.Series(["http://a.example/"])).tolist() == [-1]
