"""Reasons in the reader's language: rules by what they say, facts by their names, the law as its source has it."""

import pytest
from django.template import engines
from django.utils import translation

from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence
from pehra.web.templatetags import reasons

BECAUSE = {
    "rule": "lead-sector",
    "version": "2026.1",
    "citation": "CERT Rules 2023, rule 8(3) <b>",
    "status": "in force",
    "facts": {
        "entity.sector": "telecom",
        "entity.classes": ["cii", "private"],
        "incident.class": "malicious-code",
        "incident.attributes.widespread": "yes",
        "undecided": {"lead-federal": ["incident.attributes.ransomware"]},
        "stands_in.fcert": {"state": "planned", "acts": "pkcert"},
        "valid_from": "unknown",
    },
}


def text_of(html: str) -> str:
    import re

    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def shown(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


@pytest.fixture
def urdu():
    with translation.override("ur"):
        yield


def test_a_reason_is_read_without_a_word_of_english_but_the_law_itself(urdu):
    html = shown("{% why because %}", because=BECAUSE)
    cited = '<bdi lang="en" dir="ltr">CERT Rules 2023, rule 8(3) &lt;b&gt;</bdi>'
    assert cited in html
    text = text_of(html.replace(cited, ""))
    for name in ("متعلقہ شعبے", "ٹیلی مواصلات", "نقصان دہ کوڈ", "وسیع پیمانے", "تاوان"):
        assert name in text, name
    for code in ("telecom", "private", "malicious-code", "widespread", "ransomware", "yes", "unknown", "entity"):
        assert code not in text, code


def test_a_rule_is_said_and_its_code_stands_beside_it(urdu):
    html = shown('{% rule "severity-widespread" %} {% rule "set-by-hand" %} {% rule "of-tomorrow" %}')
    assert "نازک" in html
    assert 'dir="ltr">severity-widespread</bdi>' in html
    assert "ایک شخص نے مقرر کیا" in html
    assert 'dir="ltr">of-tomorrow</bdi>' in html


def test_a_rule_in_english():
    with translation.override("en"):
        assert text_of(reasons.rule("lead-sector")) == "the team of its sector: leads (lead-sector)"
        assert text_of(reasons.rule("pta-ctdisr-2025")).startswith("Telecom licensee")


def test_what_the_program_says_is_translated_with_its_facts_apart_and_escaped(urdu):
    said = Sentence("what starts the clock is unknown: %(note)s", note="<i>72</i>", note_local="بہتّر <i>")
    html = reasons.told(said)
    assert html.startswith("گھڑی")
    assert html.endswith('<bdi dir="auto">بہتّر &lt;i&gt;</bdi>')


def test_what_a_person_wrote_stays_as_it_was_written(urdu):
    assert reasons.told("the start was set by a person") == '<bdi dir="auto">the start was set by a person</bdi>'


def test_a_sentence_in_english_has_the_english_fact():
    with translation.override("en"):
        said = Sentence("what starts the clock is unknown: %(note)s", note="72 hours", note_local="بہتّر")
        assert text_of(reasons.told(said)) == "what starts the clock is unknown: 72 hours"


def test_a_refusal_says_its_codes_in_the_readers_words(urdu):
    said = Sentence(
        "a task that is %(task_word)s cannot become %(task_word_after)s; it may become: %(task_words)s",
        task_word="done",
        task_word_after="doing",
        task_words="open, skipped",
    )
    text = text_of(shown('{% include "web/_refusal.html" %}', refusal=Invalid(said, field="state")))
    for name in ("مکمل", "جاری", "باقی", "چھوڑ دیا گیا"):
        assert name in text, name
    for code in ("done", "doing", "open", "skipped"):
        assert code not in text, code
