"""Addresses from text: the column parsers agree with the standard library, value by value."""

import socket

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.registry.rules.addresses import parse_v4, parse_v6

OCTET = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["", "00", "01", "007", "a", " 1", "+1", "٣", "1e1"]))
LIKE_V4 = st.lists(OCTET, min_size=1, max_size=6).map(".".join)
V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).flatmap(
    lambda address: st.sampled_from([str(address), address.exploded, str(address).upper()])
)
SOUP = st.text(st.sampled_from("0123456789abcdef.:%/ é\0"), max_size=42)


def naive_v4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and str(int(part)) == part for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return None if max(numbers) > 255 else int.from_bytes(bytes(numbers))


def naive_v6(text: str) -> int | None:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):
        return None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(V4, LIKE_V4, SOUP), max_size=30))
def test_v4_agrees_with_the_plain_reading(texts: list[str]) -> None:
    numbers, good = parse_v4(pa.array(texts, pa.large_string()))
    expected = [naive_v4(text) for text in texts]
    assert good.tolist() == [number is not None for number in expected]
    assert numbers.tolist() == [number or 0 for number in expected]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(V6, V4, SOUP, V4.map("::ffff:{}".format)), max_size=30))
def test_v6_agrees_with_the_plain_reading(texts: list[str]) -> None:
    high, low, good = parse_v6(pa.array(texts, pa.string()))
    expected = [naive_v6(text) for text in texts]
    assert good.tolist() == [number is not None for number in expected]
    assert [(int(h) << 64) | int(n) for h, n in zip(high, low, strict=True)] == [number or 0 for number in expected]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["x", "198.18.0.1", None, "198.18.0.2"])[1:],
        pa.array(["x", "198.18.0.1", None, "198.18.0.2"]).slice(1),
        pa.chunked_array([["198.18.0.1", None], ["198.18.0.2"]]),
        pa.array(["198.18.0.1", None, "198.18.0.2"], pa.string_view()),
    ],
    ids=["polars slice", "arrow slice", "chunks", "views"],
)
def test_any_column_of_text_is_read(column: pl.Series | pa.Array | pa.ChunkedArray) -> None:
    numbers, good = parse_v4(column)
    assert good.tolist() == [True, False, True]
    assert numbers.tolist() == [0xC6120001, 0, 0xC6120002]


def test_more_rows_than_one_turn() -> None:
    wanted = np.arange(150_000, dtype=np.uint32) * np.uint32(28_000)
    texts = [socket.inet_ntoa(int(number).to_bytes(4)) for number in wanted]
    texts[70_000] = "198.18.0"  # one bad row sends its whole turn down the slower way
    numbers, good = parse_v4(pl.Series(texts))
    assert np.flatnonzero(~good).tolist() == [70_000]
    assert (np.delete(numbers, 70_000) == np.delete(wanted, 70_000)).all()


def test_an_empty_column() -> None:
    assert parse_v4(pl.Series([], dtype=pl.String))[0].tolist() == []
    assert parse_v6(pl.Series([], dtype=pl.String))[2].tolist() == []
    assert parse_v4(pl.Series([None, None], dtype=pl.Null))[1].tolist() == [False, False]
