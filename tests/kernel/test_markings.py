"""TLP and PAP: their order, who may be told, and labels as people write them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.markings import Circle, Pap, Tlp, may_share, parse_pap, parse_tlp, strictest
from pehra.kernel.refusals import Invalid

# FIRST TLP 2.0: the widest circle each label allows.
TABLE = [
    (Tlp.RED, [Circle.NAMED]),
    (Tlp.AMBER_STRICT, [Circle.NAMED, Circle.ORGANISATION]),
    (Tlp.AMBER, [Circle.NAMED, Circle.ORGANISATION, Circle.CLIENTS]),
    (Tlp.GREEN, [Circle.NAMED, Circle.ORGANISATION, Circle.CLIENTS, Circle.COMMUNITY]),
    (Tlp.CLEAR, list(Circle)),
]


def test_the_order_is_strictness_and_not_spelling() -> None:
    assert sorted(Tlp) == [Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED]
    assert sorted(Pap) == [Pap.CLEAR, Pap.GREEN, Pap.AMBER, Pap.RED]
    assert Tlp.GREEN < Tlp.AMBER  # as text it would be the other way round
    assert max(Tlp) is Tlp.RED


def test_marks_of_two_protocols_have_no_order() -> None:
    with pytest.raises(TypeError):
        assert Tlp.RED > Pap.RED
    with pytest.raises(TypeError):
        assert Tlp.RED > "TLP:CLEAR"


@pytest.mark.parametrize(("marking", "circles"), TABLE)
def test_who_may_be_told(marking: Tlp, circles: list[Circle]) -> None:
    assert [circle for circle in Circle if may_share(marking, circle)] == circles


@given(st.sampled_from(Tlp), st.sampled_from(Tlp), st.sampled_from(Circle))
def test_a_stricter_mark_never_reaches_further(first: Tlp, second: Tlp, circle: Circle) -> None:
    whole = strictest(first, second)
    assert whole >= first
    assert whole >= second
    assert whole in (first, second)
    if may_share(whole, circle):
        assert may_share(first, circle)
        assert may_share(second, circle)


@given(st.lists(st.sampled_from(Tlp), min_size=1))
def test_the_strictest_does_not_depend_on_order(markings: list[Tlp]) -> None:
    assert strictest(*markings) == max(markings)
    assert strictest(*reversed(markings)) == strictest(*markings)


def test_the_order_is_total() -> None:
    for first, second in itertools.product(Tlp, Tlp):
        assert (first < second) + (first == second) + (first > second) == 1
        assert (first <= second) == (second >= first)


@pytest.mark.parametrize(
    ("text", "marking"),
    [
        ("amber", Tlp.AMBER),
        ("tlp:Amber+Strict", Tlp.AMBER_STRICT),
        ("TLP:AMBER_STRICT", Tlp.AMBER_STRICT),
        ("tlp: amber strict", Tlp.AMBER_STRICT),
        (" TLP:WHITE ", Tlp.CLEAR),
    ],
)
def test_labels_in_usual_spellings(text: str, marking: Tlp) -> None:
    assert parse_tlp(text) is marking


@pytest.mark.parametrize("text", ["", "TLP:", "unclear", "ex:chr", "PAP:RED", "RED;CLEAR", "strict"])
def test_no_label_is_refused_and_never_read_as_clear(text: str) -> None:
    with pytest.raises(Invalid):
        parse_tlp(text)


def test_pap_labels() -> None:
    assert parse_pap("white") is Pap.CLEAR
    assert parse_pap("PAP:amber") is Pap.AMBER
    with pytest.raises(Invalid):
        parse_pap("PAP:AMBER+STRICT")
