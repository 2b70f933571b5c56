"""Phases of handling and when an organisation is asked, as the example profile has them."""

from datetime import date

import pytest

from pehra.law import api as law

ON = date(2026, 11, 24)


def entity(classes: frozenset[str] | None) -> law.EntityFacts:
    return law.EntityFacts(sector="telecom", territory="punjab", classes=classes)


def test_phases_come_in_order_and_say_which_states_they_hold() -> None:
    found = law.phases(law.load("pk"), on=ON)
    assert [phase.code for phase in found] == ["assess", "respond", "recover", "learn"]
    assert {phase.code: phase.holds for phase in found}["recover"] == ("closed",)
    assert found[-1].holds == ()


def test_a_private_critical_operator_is_asked_first_and_the_answer_says_why() -> None:
    answer = law.consent_for(law.load("pk"), entity=entity(frozenset({"cii-private"})), on=ON)
    assert answer is not None
    assert answer.needed
    assert answer.because.rule == "private-operator"
    assert not answer.missing


@pytest.mark.parametrize("classes", [frozenset({"public-body"}), frozenset({"private"}), frozenset({"cii-public"})])
def test_others_are_not(classes: frozenset[str]) -> None:
    assert law.consent_for(law.load("pk"), entity=entity(classes), on=ON) is None


def test_who_may_be_one_is_asked_as_one() -> None:
    answer = law.consent_for(law.load("pk"), entity=entity(None), on=ON)
    assert answer is not None
    assert answer.missing == ("entity.classes",)
