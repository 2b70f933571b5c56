"""What the program says by itself stays apart from what it says it of, so that each reads it in their language."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.sentences import Sentence, from_kept, in_language

URDU = {"rests on %(days)s": "%(days)s پر مبنی ہے", "nothing is due": "کچھ واجب نہیں"}


def test_as_a_string_it_is_the_english_sentence():
    said = Sentence("rests on %(days)s", days="Eid 2027-03-10")
    assert said == "rests on Eid 2027-03-10"
    assert f"{said}!" == "rests on Eid 2027-03-10!"


def test_a_reader_of_another_language_reads_the_pattern_in_it_with_the_same_facts():
    said = Sentence("rests on %(days)s", days="Eid")
    assert in_language(said, lambda text: URDU[text]) == "Eid پر مبنی ہے"
    assert in_language(Sentence("nothing is due"), lambda text: URDU[text]) == "کچھ واجب نہیں"


def test_what_a_person_wrote_is_not_translated():
    assert in_language("nothing is due", lambda text: URDU[text]) == "nothing is due"


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_what_is_kept_comes_back_whole(facts):
    pattern = "of" + "".join(f" %({name})s" for name in facts)
    back = from_kept(Sentence(pattern, **facts).kept())
    assert (back, back.pattern, dict(back.facts)) == (pattern % facts if facts else pattern, pattern, facts)


def test_a_percent_sign_in_a_sentence_without_facts_is_one():
    assert from_kept(Sentence("100 % of it").kept()) == "100 % of it"


def test_a_copy_says_the_same():
    said = copy.deepcopy(Sentence("rests on %(days)s", days="Eid"))
    assert (said.pattern, said.facts["days"], said) == ("rests on %(days)s", "Eid", "rests on Eid")
