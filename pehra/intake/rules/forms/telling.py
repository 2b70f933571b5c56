"""What the answers of a form say: the report's own words, and the facts that the law is asked with.

An option may state facts of its own (`kind` of "files are locked": malicious code, ransomware); what somebody answers
to a question about a fact itself comes after and holds. *No* to an attribute is an answer and no attribute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pehra.intake.rules.forms.answers import NO, YES
from pehra.intake.rules.saying import OBSERVABLES_MAX, TITLE_LENGTH_MAX, Said, Stated
from pehra.law.api import AnswerKind, Asked, Attributes, IncidentFacts, Option

_ENDS_OF_A_SENTENCE = ("\n", "۔", ". ", "؟", "? ")


def said(
    asked: Sequence[Asked], answers: Mapping[str, str], *, organisation: str = "", is_complete: bool = True
) -> Said:
    """Return what a report says by its answers; what was not answered is not said."""
    told = _told(asked, answers)
    stated = [line.strip() for line in told.get("observables", "").splitlines() if line.strip()]
    return Said(
        title=told.get("title", "") or _first_words(told.get("description", "")),
        description=told.get("description", ""),
        taxonomy=told.get("taxonomy", ""),
        type=told.get("type", ""),
        organisation=organisation,
        organisation_name=told.get("organisation-name", ""),
        sector=told.get("sector", ""),
        territory=told.get("territory", ""),
        moments=_moments(told),
        impact=_impact(told),
        attributes=_attributes(told),
        answers=dict(answers),
        observables=tuple(Stated(written=line) for line in stated[:OBSERVABLES_MAX]),
        is_complete=is_complete,
    )


def with_answers(said: Said, answers: Mapping[str, str]) -> Said:
    """Return the same with other answers beside it: what was filled in, and as what it was handed in."""
    return replace(said, answers=dict(answers))


def facts(asked: Sequence[Asked], answers: Mapping[str, str]) -> IncidentFacts:
    """Return the facts of an incident that the answers state, to ask the law which duties may follow.

    An attribute is known where its question is answered, yes or no, or where an option says it; the others are not, so
    that no duty is dropped for a question that nobody was asked.
    """
    told = _told(asked, answers)
    return IncidentFacts(
        taxonomy=told.get("taxonomy") or None,
        type=told.get("type") or None,
        attributes=Attributes.known(known) if (known := _known(told)) else None,
        impact=_impact(told),
    )


def moments(asked: Sequence[Asked], answers: Mapping[str, str]) -> dict[str, datetime]:
    """Return the moments that the answers state, by the law's names for them."""
    return _moments(_told(asked, answers))


def _told(asked: Sequence[Asked], answers: Mapping[str, str]) -> dict[str, str]:
    """Return each fact by its name; `attribute:…` is yes or no. Options speak first, questions about a fact last."""
    told: dict[str, str] = {}
    for entry in asked:
        chosen = _chosen(entry, answers.get(entry.question.code, ""))
        for name in (text for option in chosen for text in option.sets):
            subject, _colon, value = name.partition(":")
            told[name if subject == "attribute" else subject] = YES if subject == "attribute" else value
    for entry in asked:
        answer = answers.get(entry.question.code, "")
        if answer and entry.question.tells:
            told[entry.question.tells] = answer
    return told


def _chosen(entry: Asked, answer: str) -> list[Option]:
    if entry.question.answer not in (AnswerKind.CHOICE, AnswerKind.CHOICES):
        return []
    codes = answer.split(",")
    return [option for option in entry.question.options if option.code in codes]


def _moments(told: Mapping[str, str]) -> dict[str, datetime]:
    return {
        name.removeprefix("moment:").replace("-", "_"): datetime.fromisoformat(text)
        for name, text in told.items()
        if name.startswith("moment:")
    }


def _impact(told: Mapping[str, str]) -> dict[str, float]:
    return {name.removeprefix("impact:"): float(text) for name, text in told.items() if name.startswith("impact:")}


def _known(told: Mapping[str, str]) -> dict[str, bool]:
    """Return which attributes were said to hold, and which not."""
    return {name.removeprefix("attribute:"): text != NO for name, text in told.items() if name.startswith("attribute:")}


def _attributes(told: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(code for code, holds in _known(told).items() if holds))


def _first_words(text: str) -> str:
    """Return the first sentence of a text as its title, cut at a word."""
    begin = text.strip()
    ends = [place for place in (begin.find(mark) for mark in _ENDS_OF_A_SENTENCE) if place > 0]
    sentence = " ".join(begin[: min(ends)].split()) if ends else " ".join(begin.split())
    longest = min(TITLE_LENGTH_MAX, 120)
    if len(sentence) <= longest:
        return sentence
    return sentence[:longest].rsplit(" ", 1)[0] + "…"
