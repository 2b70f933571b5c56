"""JSON from outside: one reading or a refusal, whatever somebody wrote."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.json_text import DEPTH_MAX, NUMBER_LENGTH_MAX, NotJson, read, read_object

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé \n", max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(values)
def test_what_a_program_writes_is_read_as_it_was(value):
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        assert read(text) == read(text.encode()) == read(b"\xef\xbb\xbf" + text.encode()) == value


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "this is not JSON: expecting value at line 1 column 1"),
        ('{\n "a": 1,\n "b" 2}', "this is not JSON: expecting ':' delimiter at line 3 column 6"),
        ('{"a": "b', "this is not JSON: unterminated string starting at line 1 column 7"),
        ("[1] 2", "this is not JSON: extra data at line 1 column 5"),
        (b'{"a": "\xff"}', "this is not JSON: no UTF-8 text from byte 8 on"),
        ("[1]".encode("utf-16"), "this is not JSON: no UTF-8 text from byte 1 on"),
        ('{"a": 1, "a": 1}', "this is not JSON to rely on: the key 'a' stands twice"),
        ('{"a": 1, "\\u0061": 2}', "this is not JSON to rely on: the key 'a' stands twice"),
        ('{"x": [0, {"b b": {"c": 1, "d": 2, "c": 3}}]}', "the key 'c' stands twice, in x[1]['b b']"),
        ('{"b": {"c": NaN}, "a": 1e999}', "NaN is no number of JSON, in b.c"),  # the first of several
        ('{"a": NaN}', "NaN is no number of JSON, in a"),
        ("[-Infinity]", "-Infinity is no number of JSON, in [0]"),
        ('{"a": [1e999]}', "the number 1e999 is beyond reading, in a[0]"),
        ('{"a": "\\u0000"}', "a text holds a NUL, which no text needs, in a"),
        ('{"a": {"\\u0000": 1}}', "a text holds a NUL, which no text needs, in a"),
        ('["\\ud83d"]', "a text holds half a character (a lone surrogate), in [0]"),
        ('["\\ud83d\\ude00", "\\ude00\\ud83d"]', "half a character (a lone surrogate), in [1]"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_place(raw, words):
    with pytest.raises(NotJson) as refused:
        read(raw, field="body")
    assert refused.value.message.endswith(words)
    assert refused.value.field == "body"


def test_two_halves_that_are_one_character_are_one():
    assert read('["\\ud83d\\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("count", [DEPTH_MAX, 900, 100_000])
def test_a_bomb_of_depth_is_a_refusal_however_deep(opening, closing, count):
    with pytest.raises(NotJson, match="nested deeper than 8 levels"):
        read(opening * count + "1" + closing * count, depth_max=8)
    with pytest.raises(NotJson):
        read(opening * count)


def test_depth_is_counted_in_levels():
    assert read("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    with pytest.raises(NotJson, match=f"deeper than {DEPTH_MAX} levels, in …"):
        read("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))


@pytest.mark.parametrize("limit", [sys.int_info.default_max_str_digits, 0])
def test_a_number_without_end_is_refused_whatever_the_interpreter_allows(limit):
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        for text in ("9" * 5_000, "-" + "9" * NUMBER_LENGTH_MAX, "0." + "3" * 1_000_000):
            with pytest.raises(NotJson, match=r"too long to be one, in \[0\]|beyond reading, in \[0\]") as refused:
                read(f"[{text}]")
            assert len(refused.value.message) < 200
    finally:
        sys.set_int_max_str_digits(before)
    assert float(read("9" * NUMBER_LENGTH_MAX)) > 1e299


def test_a_key_is_shown_short_and_never_breaks_the_message():
    for name in ("k" * 5_000, "\\ud800\\n" * 50):
        with pytest.raises(NotJson) as refused:
            read(f'{{"{name}": {{"a": 1, "a": 2}}, "{name}": 2}}')
        assert len(refused.value.message.encode()) < 1_000
        with pytest.raises(NotJson) as refused:
            read(f'{{"{name}": {{"a": 1, "a": 2}}}}', any_text=True)
        assert len(refused.value.message.encode()) < 1_000


def test_names_may_count_without_case():
    assert read('{"userName": 1, "username": 2}') == {"userName": 1, "username": 2}
    with pytest.raises(NotJson, match="'username' stands twice"):
        read('{"userName": 1, "username": 2}', any_case=True)


def test_texts_may_come_as_they_are():
    assert read('["\\u0000", "\\ud800"]', any_text=True) == ["\0", "\ud800"]
    with pytest.raises(NotJson, match="twice"):
        read('{"\\u0000": 1, "\\u0000": 2}', any_text=True)


def test_an_object_is_wanted():
    assert read_object('{"a": 1}') == {"a": 1}
    for text in ("[]", "1", "null"):
        with pytest.raises(NotJson, match="a JSON object is wanted"):
            read_object(text, field="body")
