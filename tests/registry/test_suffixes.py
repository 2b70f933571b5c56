"""Names by their registered suffix: the column way, the walking way and the plain way agree."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.registry.rules import suffixes
from pehra.registry.rules.intervals import NOBODY
from pehra.registry.rules.suffixes import suffix_table

LABEL = st.sampled_from(["a", "b", "ab", "www", "x-1", "gov", "example"])
NAME = st.lists(LABEL, min_size=1, max_size=5).map(".".join)
ODD = st.sampled_from(
    ["", ".", "..", "a..b", "Ab.EXAMPLE", "ab.example.", "é.example", "ab.example..", "x" * 300, "1.2"]
)


def naive(name: str, domains: dict[str, int], hosts: dict[str, int]) -> int:
    name = name.lower().removesuffix(".")
    if name in hosts:
        return hosts[name]
    labels = name.split(".")
    return next((domains[rest] for n in range(len(labels)) if (rest := ".".join(labels[n:])) in domains), NOBODY)


@settings(max_examples=150, deadline=None)
@given(st.lists(NAME, unique=True, max_size=8), st.lists(NAME, unique=True, max_size=4), st.lists(NAME, max_size=25))
def test_the_column_way_agrees_with_the_plain_way(domains: list[str], hosts: list[str], asked: list[str]) -> None:
    of_domains = {name: row for row, name in enumerate(domains)}
    of_hosts = {name: 100 + row for row, name in enumerate(hosts)}
    table = suffix_table(domains=of_domains, hosts=of_hosts)
    expected = [naive(name, of_domains, of_hosts) for name in asked]
    assert table.find(pl.Series(asked, dtype=pl.String)).tolist() == expected
    assert [table.walk(name) for name in asked] == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(NAME, ODD, st.text(max_size=12)), max_size=25))
def test_odd_names_are_answered_as_by_walking(asked: list[str]) -> None:
    table = suffix_table(domains={"example": 1, "ab.example": 2, "xn--9ca.example": 3}, hosts={"www.example": 4})
    # A name that is no name has no owner either way, unless a suffix of it is one: then only the column way sees it.
    found = table.find(pl.Series(asked, dtype=pl.String)).tolist()
    walked = [table.walk(name) for name in asked]
    assert [row for row, plain in zip(found, walked, strict=True) if plain != NOBODY] == [
        plain for plain in walked if plain != NOBODY
    ]


def test_a_host_is_itself_alone_and_wins_over_its_domain() -> None:
    table = suffix_table(domains={"agency.example": 1}, hosts={"www.agency.example": 2})
    asked = ["www.agency.example", "a.www.agency.example", "WWW.Agency.Example.", "agency.example", "notagency.example"]
    assert table.find(pl.Series(asked)).tolist() == [2, 1, 2, 1, NOBODY]


def test_a_false_hash_is_found_out() -> None:
    """With a hash that is the same for all, every answer is a false one until it is compared as text."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suffixes, "_geometric", lambda radix, count: np.zeros(count, np.uint64))
        domains = {"agency.example": 1, "bureau.example": 2, "office.example": 3}
        table = suffix_table(domains=domains, hosts={})
        asked = ["www.bureau.example", "office.example", "a.b.c", "x.agency.example"]
        assert table.find(pl.Series(asked)).tolist() == [2, 3, NOBODY, 1]


def test_many_rows() -> None:
    domains = {f"org-{n}.example": n for n in range(500)}
    table = suffix_table(domains=domains, hosts={})
    asked = [f"mail.org-{n % 700}.example" for n in range(40_000)]
    expected = [n % 700 if n % 700 < 500 else NOBODY for n in range(40_000)]
    assert table.find(pl.Series(asked)).tolist() == expected
    assert suffix_table(domains={}, hosts={}).find(pl.Series(asked[:3])).tolist() == [NOBODY] * 3
