"""Flattened prefixes find what walking all prefixes finds: the most specific one."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.registry.rules import intervals
from pehra.registry.rules.intervals import NOBODY, V4Table, V6Table, flatten_v4, flatten_v6

LOW = (1 << 64) - 1


def network_v4(number: int, length: int) -> IPv4Network:
    return IPv4Network((number & ~((1 << (32 - length)) - 1), length))


def network_v6(number: int, length: int) -> IPv6Network:
    return IPv6Network((number & ~((1 << (128 - length)) - 1), length))


# Numbers that share their upper bits, so that prefixes nest and addresses fall inside them.
NEAR_V4 = st.one_of(
    st.integers(0, 2**32 - 1), st.integers(0, 1023).map(lambda n: 0xC6120000 + n), st.sampled_from([0, 2**32 - 1])
)
NEAR_V6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(0, 1023).map(lambda n: (0x20010DB8 << 96) + n),
    st.integers(0, 1023).map(lambda n: (0x20010DB8 << 96) + (n << 62)),
    st.sampled_from([0, 2**128 - 1, 2**64, 2**64 - 1]),
)
NETS_V4 = st.lists(st.builds(network_v4, NEAR_V4, st.integers(1, 32)), max_size=25)
NETS_V6 = st.lists(st.builds(network_v6, NEAR_V6, st.integers(1, 128)), max_size=25)


def table_v4(networks: list[IPv4Network]) -> V4Table:
    return flatten_v4(
        np.array([int(net.network_address) for net in networks], np.uint32),
        np.array([net.prefixlen for net in networks], np.uint8),
        np.arange(len(networks), dtype=np.int32),
    )


def table_v6(networks: list[IPv6Network], v4: V4Table | None = None) -> V6Table:
    starts = [int(net.network_address) for net in networks]
    return flatten_v6(
        np.array([start >> 64 for start in starts], np.uint64),
        np.array([start & LOW for start in starts], np.uint64),
        np.array([net.prefixlen for net in networks], np.uint8),
        np.arange(len(networks), dtype=np.int32),
        v4=v4 or table_v4([]),
    )


def naive(networks: list[IPv4Network] | list[IPv6Network], number: int) -> int:
    """The first of the longest prefixes around an address."""
    best, found = -1, NOBODY
    for row, net in enumerate(networks):
        inside = int(net.network_address) <= number <= int(net.broadcast_address)
        if inside and net.prefixlen > best:
            best, found = net.prefixlen, row
    return found


def edges(networks: list[IPv4Network] | list[IPv6Network], top: int) -> list[int]:
    """The first and last address of each prefix, and their neighbours."""
    ends = {int(net.network_address) for net in networks} | {int(net.broadcast_address) for net in networks}
    return sorted({min(max(end + step, 0), top) for end in ends for step in (-1, 0, 1)})


@settings(max_examples=150, deadline=None)
@given(NETS_V4, st.lists(NEAR_V4, max_size=20))
def test_v4_agrees_with_walking(networks: list[IPv4Network], asked: list[int]) -> None:
    asked = asked + edges(networks, 2**32 - 1)
    found = table_v4(networks).find(np.array(asked, np.uint32))
    assert found.tolist() == [naive(networks, number) for number in asked]


@settings(max_examples=150, deadline=None)
@given(NETS_V6, st.lists(NEAR_V6, max_size=20))
def test_v6_agrees_with_walking(networks: list[IPv6Network], asked: list[int]) -> None:
    # ::ffff:0:0/96 is asked of the other table.
    asked = [number for number in asked + edges(networks, 2**128 - 1) if number >> 32 != 0xFFFF]
    high, low = (np.array([number >> 64 for number in asked], np.uint64), np.array([n & LOW for n in asked], np.uint64))
    assert table_v6(networks).find(high, low).tolist() == [naive(networks, number) for number in asked]


def test_the_slot_table_and_the_search_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(20261124)
    lengths = random.integers(8, 33, 5_000).astype(np.uint8)
    numbers = random.integers(0, 2**32, 5_000, dtype=np.uint64)
    spans = np.uint64(32) - lengths.astype(np.uint64)
    starts = ((numbers >> spans) << spans).astype(np.uint32)
    rows = np.arange(5_000, dtype=np.int32)
    slotted = flatten_v4(starts, lengths, rows)
    assert slotted.slots is not None
    searched = V4Table(slotted.starts, slotted.rows)
    asked = np.concatenate([random.integers(0, 2**32, 50_000, dtype=np.uint32), starts, starts - np.uint32(1)])
    assert (slotted.find(asked) == searched.find(asked)).all()
    # The same once more in the order that is worth sorting for, with turns shorter than the input.
    monkeypatch.setattr(intervals, "SEARCH_UNSORTED_TO", 0)
    monkeypatch.setattr(intervals, "_ROWS_AT_ONCE", 7_000)
    assert (slotted.find(asked) == searched.find(asked)).all()


def test_v6_search_in_order_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    networks = [
        network_v6((0x20010DB8 << 96) + (int(n) << 48), int(length))
        for n, length in zip(random.integers(0, 2**48, 400), random.integers(40, 129, 400), strict=True)
    ]
    asked = edges(networks, 2**128 - 1)
    high, low = (np.array([n >> 64 for n in asked], np.uint64), np.array([n & LOW for n in asked], np.uint64))
    expected = [naive(networks, number) for number in asked]
    assert table_v6(networks).find(high, low).tolist() == expected
    monkeypatch.setattr(intervals, "SEARCH_UNSORTED_TO", 0)
    monkeypatch.setattr(intervals, "_ROWS_AT_ONCE", 100)
    assert table_v6(networks).find(high, low).tolist() == expected


def test_many_hosts_in_one_64() -> None:
    networks = [IPv6Network(((0x20010DB8 << 96) + 16 * n, 124)) for n in range(0, 4_000, 2)]
    asked = [(0x20010DB8 << 96) + 16 * n + 3 for n in range(-1, 4_001)]
    high, low = (np.array([n >> 64 for n in asked], np.uint64), np.array([n & LOW for n in asked], np.uint64))
    found = table_v6(networks).find(high, low)
    assert found.tolist() == [n // 2 if n >= 0 and n % 2 == 0 and n < 4_000 else NOBODY for n in range(-1, 4_001)]


def test_a_mapped_address_is_the_ipv4_host() -> None:
    v4 = table_v4([IPv4Network("198.18.0.0/24")])
    mapped = int(IPv6Address("::ffff:198.18.0.9"))
    found = table_v6([IPv6Network("2001:db8::/32")], v4).find(
        np.array([mapped >> 64, 0x20010DB8 << 32], np.uint64), np.array([mapped & LOW, 1], np.uint64)
    )
    assert found.tolist() == [0, 0]
    assert table_v6([]).find(np.array([mapped >> 64], np.uint64), np.array([mapped & LOW], np.uint64)).tolist() == [-1]


def test_of_equal_prefixes_the_first_wins() -> None:
    same = [IPv4Network("198.18.0.0/24"), IPv4Network("198.18.0.0/24")]
    assert table_v4(same).find(np.array([0xC6120001], np.uint32)).tolist() == [0]
