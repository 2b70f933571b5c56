"""What was typed becomes answers, or a problem at its question; what was typed is never lost."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.intake.rules.forms import answers, progress, telling
from pehra.intake.rules.forms.answers import Filled, Wrong
from pehra.intake.rules.forms.shapes import Shape, shape_of
from pehra.law import api as law

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
ON = date(2026, 11, 26)
ZONE = ZoneInfo("Asia/Karachi")
PK = law.load("pk")
STAGES = tuple(law.demands(PK, on=ON).values())
EVERYTHING = shape_of(PK, law.asked_by(PK, STAGES, on=ON))
_FORM = law.form(PK, on=ON)
assert _FORM is not None
PUBLIC = shape_of(PK, _FORM[1])


def read(shape: Shape = EVERYTHING, *, required: tuple[str, ...] = (), **typed: str | list[str]) -> Filled:
    words = {name.replace("_", "-"): [value] if isinstance(value, str) else value for name, value in typed.items()}
    return answers.read(shape.asked, words, choices=shape.choices, zone=ZONE, at=AT, required=required)


GOOD = [
    ("people", "250", "250"),
    ("people", "۱۲۵۰", "1250"),
    ("people", "١٬٢٥٠", "1250"),
    ("people", "1,250,000", "1250000"),
    ("people", "0", "0"),
    ("noticed", "2026-11-25T14:30", "2026-11-25T09:30:00+00:00"),
    ("noticed", "۲۰۲۶-۱۱-۲۵ ۱۴:۳۰", "2026-11-25T09:30:00+00:00"),
    ("noticed", "2026-11-25", "2026-11-24T19:00:00+00:00"),
    ("noticed", "2026-11-25T14:30:00+01:00", "2026-11-25T13:30:00+00:00"),
    ("still-going", "yes", "yes"),
    ("still-going", "no", "no"),
    ("kind", "phishing", "phishing"),
    ("contact", "  Front   desk,\t0300 ", "Front desk, 0300"),
    ("what-happened", "ایک\r\nدو\r\n", "ایک\nدو"),
]


@pytest.mark.parametrize(("question", "typed", "kept"), GOOD)
def test_an_answer_is_kept_in_one_form(question: str, typed: str, kept: str):
    filled = read(**{question: typed})
    assert (filled.answers, filled.problems) == ({question: kept}, ())


BAD = [
    ("people", "many", Wrong.NOT_A_NUMBER),
    ("people", "-3", Wrong.NOT_A_NUMBER),
    ("people", "1e9", Wrong.NOT_A_NUMBER),
    ("people", "½", Wrong.NOT_A_NUMBER),
    ("people", "9" * 5000, Wrong.TOO_LARGE),
    ("noticed", "yesterday", Wrong.NOT_A_MOMENT),
    ("noticed", "2026-02-30T10:00", Wrong.NOT_A_MOMENT),
    ("noticed", "0001-01-01T00:00+23:59", Wrong.NOT_A_MOMENT),
    ("noticed", "9999-12-31T23:59", Wrong.IN_THE_FUTURE),
    ("noticed", "2026-11-26T15:00", Wrong.IN_THE_FUTURE),
    ("noticed", "1950-01-01", Wrong.TOO_LONG_AGO),
    ("still-going", "maybe", Wrong.NOT_YES_OR_NO),
    ("kind", "earthquake", Wrong.NOT_AN_OPTION),
    ("contact", "x" * 301, Wrong.TOO_LONG),
    ("what-happened", "x" * 20_001, Wrong.TOO_LONG),
]


@pytest.mark.parametrize(("question", "typed", "wrong"), BAD)
def test_what_cannot_be_used_is_named_at_its_question_and_stands_as_typed(question: str, typed: str, wrong: Wrong):
    filled = read(**{question: typed})
    assert [(problem.question, problem.wrong) for problem in filled.problems] == [(question, wrong)]
    assert question not in filled.answers
    assert filled.typed[question] == (typed,)


def test_several_choices_are_all_looked_at():
    assert read(others_told=["police", "customers"]).answers == {"others-told": "police,customers"}
    assert read(others_told=["police", "nobody-known"]).problems[0].wrong is Wrong.NOT_AN_OPTION


def test_a_required_answer_that_is_missing_is_said_once_and_a_wrong_one_is_not_called_missing():
    filled = read(required=("what-happened", "people"), people="many")
    assert {(problem.question, problem.wrong) for problem in filled.problems} == {
        ("what-happened", Wrong.MISSING),
        ("people", Wrong.NOT_A_NUMBER),
    }


def test_marks_that_turn_direction_and_controls_are_taken_out():
    assert read(contact="a\u202eb\u2066c\x00d\x07").answers == {"contact": "abcd"}


@settings(deadline=None)  # two cores are shared: how long it takes says nothing
@given(st.dictionaries(st.sampled_from(sorted(EVERYTHING.codes)), st.lists(st.text(), max_size=3), max_size=8))
def test_whatever_is_typed_is_read_and_every_question_is_answered_wrong_or_open(typed: dict[str, list[str]]):
    filled = answers.read(EVERYTHING.asked, typed, choices=EVERYTHING.choices, zone=ZONE, at=AT)
    wrong = {problem.question for problem in filled.problems}
    assert not wrong & set(filled.answers)
    said = telling.said(EVERYTHING.asked, filled.answers)
    assert set(said.answers) == set(filled.answers)
    assert len(said.title) <= 130


def test_what_is_answered_once_is_read_the_same_again():
    """An offline file and a draft hold what was typed: the same reading gives the same answers."""
    typed = {"what_happened": "x", "noticed": "2026-11-25T14:30", "people": "۲۰", "kind": "leak"}
    assert read(**typed).answers == read(**typed).answers


def test_a_plain_choice_states_class_type_and_attribute():
    said = telling.said(
        PUBLIC.asked, read(PUBLIC, what_happened="Files gone. Money wanted.", kind="locked-files").answers
    )
    assert (said.taxonomy, said.type, said.attributes) == ("malicious-code", "infected-system", ("ransomware",))
    assert said.title == "Files gone"


def test_a_direct_answer_about_a_fact_holds_against_what_a_choice_implies():
    said = telling.said(PUBLIC.asked, read(PUBLIC, kind="locked-files", ransom="no").answers)
    assert said.attributes == ()


def test_what_was_not_answered_is_not_said():
    said = telling.said(PUBLIC.asked, read(PUBLIC, what_happened="کچھ ہوا۔ پھر کچھ اور۔").answers)
    assert said.title == "کچھ ہوا"
    assert (said.taxonomy, said.sector, said.moments, said.impact, said.observables) == ("", "", {}, {}, ())
    assert telling.facts(PUBLIC.asked, {}).attributes is None


def test_an_answered_question_is_known_yes_or_no_and_the_others_are_not_known():
    facts = telling.facts(EVERYTHING.asked, read(cross_border="yes", breach_established="no").answers)
    assert facts.attributes == law.Attributes.known({"cross-border": True, "breach-established": False})
    # What an option says counts, until somebody answers the question itself.
    chosen = telling.facts(EVERYTHING.asked, read(kind="locked-files").answers)
    assert chosen.attributes == law.Attributes.known({"ransomware": True})
    denied = telling.facts(EVERYTHING.asked, read(kind="locked-files", ransom="no").answers)
    assert denied.attributes == law.Attributes.known({"ransomware": False})


def test_moments_measures_and_traces_become_facts():
    typed = read(
        aware="2026-11-26T09:00", people="40", traces="hxxp://bad[.]example/x\n\n198.18.0.9", cross_border="yes"
    )
    said = telling.said(EVERYTHING.asked, typed.answers)
    assert said.moments == {"awareness": datetime(2026, 11, 26, 4, 0, tzinfo=UTC)}
    assert said.impact == {"users-affected": 40.0}
    assert [one.written for one in said.observables] == ["hxxp://bad[.]example/x", "198.18.0.9"]
    assert said.attributes == ("cross-border",)
    assert telling.moments(EVERYTHING.asked, typed.answers) == said.moments


def test_a_long_first_sentence_is_cut_at_a_word():
    said = telling.said(PUBLIC.asked, {"what-happened": "word " * 100})
    assert said.title.endswith("word…")
    assert len(said.title) <= 121


def test_a_stage_is_whole_when_all_it_demands_is_answered():
    first, detailed = (
        law.demands(PK, on=ON)[f"pta-ctdisr-2025/{name}"] for name in ("first-notice", "detailed-report")
    )
    given = dict.fromkeys(first.required, "x")
    done, open_ = progress.progress([first, detailed], given)
    assert done.is_whole
    assert not open_.is_whole
    assert open_.given == len(set(first.required) & set(detailed.required))
    assert set(open_.lacking) == set(detailed.required) - set(first.required)


def test_a_stage_of_which_nobody_said_what_it_demands_is_never_whole_by_itself():
    unknown = law.StageDemands(duty="d", stage="s", required=(), asked=())
    assert not progress.progress([unknown], {"what-happened": "x"})[0].is_whole


def test_a_moment_just_ahead_of_our_clock_is_a_clock_that_runs_ahead():
    soon = (AT + timedelta(minutes=4)).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    assert "noticed" in read(noticed=soon).answers
