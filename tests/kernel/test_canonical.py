"""Canonical JSON: RFC 8785's own sample, our values, and what is refused."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.canonical import canonical, plain
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

# RFC 8785, section 3.2.2 and its canonical form in section 3.2.3 and 3.2.4.
RFC_SAMPLE = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
RFC_CANONICAL = bytes.fromhex(
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333"
    "332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c"
    "222f227d"
)


class Colour(IntEnum):
    RED = 1


class Word(StrEnum):
    A = "a"


def test_the_rfc_sample_has_the_rfc_bytes() -> None:
    assert canonical(json.loads(RFC_SAMPLE)) == RFC_CANONICAL


def test_property_names_sort_by_utf_16_units() -> None:
    # RFC 8785, section 3.2.3: U+1F600 (a surrogate pair) sorts before U+FB33.
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), '"2026-11-24T09:30:00Z"'),
        (datetime(2026, 11, 24, 14, 30, tzinfo=timezone(timedelta(hours=5))), '"2026-11-24T09:30:00Z"'),
        (date(2026, 11, 24), '"2026-11-24"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Tlp.AMBER_STRICT, '"TLP:AMBER+STRICT"'),
        (Colour.RED, "1"),
        ((1, "b"), '[1,"b"]'),
        ({"b", "a"}, '["a","b"]'),
        (frozenset({10, 9}), "[10,9]"),
        ({Word.A: None}, '{"a":null}'),
        ({"b": True, "a": 1.0}, '{"a":1,"b":true}'),
        ("\u0633", '"\u0633"'),
    ],
)
def test_our_own_values_have_one_form(value: object, text: str) -> None:
    assert canonical(value) == text.encode()


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        b"bytes",
        object(),
        {1: "a"},
        {"a": {"b": [b""]}},
        "\ud800",
        {"\ud800": 1},
        datetime(2026, 11, 24, 9, 30),  # noqa: DTZ001 (without an offset on purpose)
        timedelta(hours=1),
        1j,
    ],
)
def test_what_has_no_certain_form_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        canonical(value)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(Invalid) as refused:
        canonical({"a": [0, {"b": b"x"}]})
    assert refused.value.field == "value.a[1].b"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(min_value=-(2.0**52), max_value=2.0**52)
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_reading_canonical_bytes_and_writing_them_again_changes_nothing(value: object) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert plain(plain(value)) == plain(value)


@given(json_values)
def test_the_quick_road_and_the_reference_agree(value: object) -> None:
    """Two writers, one answer: the standard encoder where it is quick, rfc8785 for the rest."""
    assert canonical(value) == rfc8785.dumps(plain(value))
