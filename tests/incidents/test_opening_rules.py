"""Which findings make one incident: pure grouping and its key."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pehra.incidents.rules import opening
from pehra.incidents.rules.opening import ORIGIN_KEY_LENGTH_MAX, Problem


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, as far as grouping looks at it."""

    organisation: str = "org-0001"
    asset: str = "prefix:198.18.0.0/24"
    taxonomy: str = "malicious-code"
    type: str = "infected-system"
    identifier: str = "sinkhole"
    malware: str = "andromeda"


words = st.sampled_from(["", "a", "b", "c"])
found = st.builds(Found, organisation=words, asset=words, identifier=words, malware=words)


def test_one_malware_under_many_identifiers_is_one_matter() -> None:
    groups = opening.group([(Found(identifier=str(number)), "rule-a") for number in range(500)])
    assert len(groups) == 1
    assert len(groups[0].findings) == 500


def test_another_organisation_rule_malware_or_type_is_another_matter() -> None:
    first = (Found(), "rule-a")
    others = [
        (Found(organisation="org-0002"), "rule-a"),
        (Found(), "rule-b"),
        (Found(malware="other"), "rule-a"),
        (Found(type="c2-server"), "rule-a"),
    ]
    for other in others:
        assert len(opening.group([first, other])) == 2


def test_without_an_owner_the_asset_is_the_concern() -> None:
    one, two = Found(organisation="", asset="prefix:a"), Found(organisation="", asset="prefix:b")
    assert opening.concern_of(one) != opening.concern_of(two)
    assert len(opening.group([(one, "r"), (two, "r")])) == 2


@given(st.lists(st.tuples(found, st.sampled_from(["rule-a", "rule-b"])), max_size=40))
def test_grouping_loses_and_doubles_nothing_and_order_changes_no_key(obliged: list[tuple[Found, str]]) -> None:
    groups = opening.group(obliged)
    assert sum(len(group.findings) for group in groups) == len(obliged)
    assert len({group.key for group in groups}) == len(groups)
    backwards = {group.key: len(group.findings) for group in opening.group(list(reversed(obliged)))}
    assert backwards == {group.key: len(group.findings) for group in groups}


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_key_fits_its_column(rule: str, name: str) -> None:
    problem = Problem(taxonomy="t", type="y", name=name)
    assert len(opening.origin_key(rule=rule, concern="", problem=problem)) <= ORIGIN_KEY_LENGTH_MAX


def test_long_names_that_differ_at_the_end_keep_two_keys() -> None:
    keys = {
        opening.origin_key(rule="r", concern="", problem=Problem(taxonomy="t", type="y", name="x" * 500 + end))
        for end in ("a", "b")
    }
    assert len(keys) == 2


def test_a_title_says_the_problem_and_whose_it_is() -> None:
    named = Problem(taxonomy="malicious-code", type="infected-system", name="andromeda")
    plain = Problem(taxonomy="malicious-code", type="c2-server", name="c2-server")
    assert opening.title(problem=named, where="North Grid") == "Infected system (andromeda): North Grid"
    assert opening.title(problem=plain, where="North Grid") == "C2 server: North Grid"


def test_the_highest_level_wins_and_an_unknown_one_never() -> None:
    order = ("low", "medium", "high")
    assert opening.highest(["low", "high", "medium"], order=order) == "high"
    assert opening.highest(["", "low"], order=order) == "low"
    assert opening.highest([], order=order) == ""
