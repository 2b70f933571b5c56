"""Patterns that are a choice of values become values; all others are kept and never guessed at."""

import pytest

from pehra.intel.rules.patterns import values_of
from pehra.kernel.refusals import Invalid


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[ipv4-addr:value = '198.51.100.1']", [("ipv4", "198.51.100.1")]),
        ("[ipv4-addr:value = '198.51.100.0/24']", [("prefix", "198.51.100.0/24")]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", [("prefix", "198.51.100.0/24")]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.7/32']", [("ipv4", "198.51.100.7")]),
        ("[ipv6-addr:value = '2001:DB8::1']", [("ipv6", "2001:db8::1")]),
        ("[domain-name:value = 'Evil.Example']", [("domain", "evil.example")]),
        ("[url:value = 'http://Evil.example/a']", [("url", "http://evil.example/a")]),
        (
            "[domain-name:value = 'a.example' OR domain-name:value = 'b.example']",
            [("domain", "a.example"), ("domain", "b.example")],
        ),
        (
            "[domain-name:value = 'a.example'] OR [ipv4-addr:value = '198.51.100.1']",
            [("domain", "a.example"), ("ipv4", "198.51.100.1")],
        ),
        ("[ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')]", [("ipv4", "198.51.100.1"), ("ipv4", "198.51.100.2")]),
    ],
)
def test_a_choice_of_values(pattern: str, values: list[tuple[str, str]]) -> None:
    assert sorted(values_of(pattern) or []) == sorted(values)


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value = 'a.example' AND ipv4-addr:value = '198.51.100.1']",
        "[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
        "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
        "[domain-name:value = 'a.example'] WITHIN 300 SECONDS",
        "[domain-name:value != 'a.example']",
        "[domain-name:value NOT = 'a.example']",
        "[domain-name:value LIKE '%.example']",
        "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
        "[network-traffic:dst_ref.value = '198.51.100.1']",
        "[ipv4-addr:value = 'not an address']",
        "[ipv4-addr:value = 'a.example']",
        "[domain-name:value ISSUBSET 'a.example']",
        "[domain-name:resolves_to_refs[*].value = '198.51.100.1']",
    ],
)
def test_what_says_more_than_values(pattern: str) -> None:
    assert values_of(pattern) is None


@pytest.mark.parametrize("pattern", ["", "nonsense", "[ipv4-addr:value = '198.51.100.1'", "x" * 100_000])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        values_of(pattern)
