"""Attributes of an incident that are known one by one: yes, no, or not known yet."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.kernel.refusals import Invalid
from pehra.law import api
from pehra.law.rules.conditions import Condition, judge
from pehra.law.rules.facts import Attributes, EntityFacts, IncidentFacts, stated
from pehra.law.rules.truth import Truth, Verdict

PK = api.load("pk")
TODAY = date(2026, 11, 26)
WORDS = ("one", "two", "three")
KINDS = ("attributes_any", "attributes_all", "attributes_none")
YES, NO, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def asked(kind: str, attributes: Attributes | None) -> Verdict:
    """Judge a condition on the first two words."""
    facts = stated(EntityFacts(), IncidentFacts(attributes=attributes))
    return judge(Condition(**{kind: WORDS[:2]}), facts, PK.order)


@pytest.mark.parametrize(
    ("known", "truths"),
    [
        ({}, (UNKNOWN, UNKNOWN, UNKNOWN)),
        ({"three": True}, (UNKNOWN, UNKNOWN, UNKNOWN)),
        ({"one": True}, (YES, UNKNOWN, NO)),
        ({"one": False}, (UNKNOWN, NO, UNKNOWN)),
        ({"one": True, "two": False}, (YES, NO, NO)),
        ({"one": True, "two": True}, (YES, YES, NO)),
        ({"one": False, "two": False}, (NO, NO, YES)),
        ({"one": None, "two": False}, (UNKNOWN, NO, UNKNOWN)),
    ],
)
def test_any_all_and_none_of_what_is_known_in_part(known: dict[str, bool | None], truths: tuple[Truth, ...]):
    assert tuple(asked(kind, Attributes.known(known)).truth for kind in KINDS) == truths


def test_what_is_missing_names_the_attribute_and_nothing_that_is_known():
    verdict = asked("attributes_any", Attributes.known({"one": False, "three": True}))
    assert verdict.missing == ("incident.attributes.two",)
    assert verdict.facts == {"incident.attributes.one": "no", "incident.attributes.two": "unknown"}
    assert asked("attributes_any", Attributes.known({"two": True})).facts == {"incident.attributes.two": "yes"}


def test_nobody_said_anything_is_asked_about_as_a_whole():
    verdict = asked("attributes_any", None)
    assert (verdict.truth, verdict.missing) == (UNKNOWN, ("incident.attributes",))
    assert verdict.facts == {"incident.attributes": "unknown"}


@given(st.frozensets(st.sampled_from(WORDS)))
@settings(derandomize=True, deadline=None)
def test_a_complete_list_decides_as_before_and_as_each_word_said(present: frozenset[str]):
    wanted = {*WORDS[:2]}
    before = (bool(present & wanted), present >= wanted, not present & wanted)
    each = Attributes.known({word: word in present for word in WORDS})
    for kind, holds in zip(KINDS, before, strict=True):
        whole = asked(kind, Attributes.complete(present))
        assert whole.truth is asked(kind, each).truth
        assert (whole.truth is YES) is holds
        assert whole.facts == {"incident.attributes": sorted(present)}, "the reason shows the list that was given"


words = st.sampled_from(sorted(word.code for word in PK.attributes))


@given(st.dictionaries(words, st.booleans()), st.permutations(sorted(word.code for word in PK.attributes)))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_knowing_one_more_attribute_overturns_no_answer(truths: dict[str, bool], order: list[str]):
    entity = EntityFacts(sector="banking-finance", territory="sindh", classes=frozenset({"regulated-financial"}))
    before: dict[str, str] = {}
    for number in range(len(order) + 1):
        known = Attributes.known({word: truths.get(word, False) for word in order[:number]})
        incident = IncidentFacts(taxonomy="intrusions", type="system-compromise", severity="high", attributes=known)
        judged = api.duties_considered(PK, entity=entity, incident=incident, on=TODAY)
        for judgement in judged:
            assert before.get(judgement.duty, "unknown") in ("unknown", judgement.applies)
            assert (judgement.applies == "unknown") == bool(judgement.missing)
        before = {judgement.duty: judgement.applies for judgement in judged}
    assert "unknown" not in before.values()


def read(attributes: object) -> Attributes | None:
    """Read the attributes of a facts file."""
    return api.read_facts(json.dumps({"incident": {"attributes": attributes}}), profile=PK).incident.attributes


def test_the_facts_file_has_a_complete_and_a_partial_form():
    assert read(None) is None
    assert read(["ransomware"]) == Attributes(present=frozenset({"ransomware"}), is_complete=True)
    assert read({"ransomware": True, "campaign": False, "cross-border": None}) == Attributes(
        present=frozenset({"ransomware"}), absent=frozenset({"campaign"})
    )


@pytest.mark.parametrize(
    ("attributes", "field", "says"),
    [
        ({"ransomwear": True}, "incident.attributes", "'ransomwear' is not one of"),
        ({"ransomware": "yes"}, "incident.attributes.ransomware", "must be true, false, or absent"),
        ({"ransomware": 1}, "incident.attributes.ransomware", "must be true, false, or absent"),
        ("ransomware", "incident.attributes", "a list of all that hold, an object of true and false"),
        ([True], "incident.attributes", "a list of texts"),
    ],
)
def test_the_facts_file_is_read_strictly(attributes: object, field: str, says: str):
    with pytest.raises(Invalid, match=says) as refused:
        read(attributes)
    assert refused.value.field == field


def test_an_attribute_given_twice_is_refused():
    text = '{"incident": {"attributes": {"ransomware": true, "ransomware": false}}}'
    with pytest.raises(Invalid, match="stands twice"):
        api.read_facts(text, profile=PK)


def test_no_attribute_is_both_present_and_absent():
    with pytest.raises(ValueError, match="both present and absent: one"):
        Attributes(present=frozenset({"one"}), absent=frozenset({"one", "two"}))
