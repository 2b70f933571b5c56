"""From what somebody typed into a form to answers, and to every problem in them by the question's code.

One reader for the public form, the offline file and the organisation's form. It never stops at a mistake and never
loses what was typed: the form is shown again as it was. Digits may be those of any script; a moment without an offset
is the country's own time. An answer is kept as plain text in one form, so that it can be hashed, compared and searched.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from pehra.intake.rules.saying import TITLE_LENGTH_MAX
from pehra.law.api import AnswerKind, Asked

LINE_LENGTH_MAX = TITLE_LENGTH_MAX
TEXT_LENGTH_MAX = 20_000
NUMBER_MAX = 10**12
CHOSEN_MAX = 40
YES, NO = "yes", "no"
CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_MOMENT_FORMS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_BETWEEN_DIGITS = re.compile(r"[\s,٬،_]+")
# Controls but tab and line ends, halves of characters, and marks that turn the direction of what stands beside them.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Wrong(StrEnum):
    """What is wrong with an answer."""

    MISSING = "missing"
    TOO_LONG = "too-long"
    TOO_LARGE = "too-large"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_MOMENT = "not-a-moment"
    IN_THE_FUTURE = "in-the-future"
    TOO_LONG_AGO = "too-long-ago"
    NOT_AN_OPTION = "not-an-option"
    NOT_YES_OR_NO = "not-yes-or-no"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem at one question; `limit` is the number that was passed, where there is one."""

    question: str
    wrong: Wrong
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form as it was filled in: answers that can be used, what was typed, and what is wrong."""

    answers: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem_of(self, question: str) -> Problem | None:
        """Return what is wrong with the answer to a question, if anything."""
        return next((problem for problem in self.problems if problem.question == question), None)


def read(
    asked: Sequence[Asked],
    typed: Mapping[str, Sequence[str]],
    *,
    choices: Mapping[str, Sequence[str]],
    zone: tzinfo,
    at: datetime,
    required: Iterable[str] = (),
) -> Filled:
    """Read what was typed. `choices` are the codes that a question's options allow; `required` must be answered."""
    answers: dict[str, str] = {}
    problems: list[Problem] = []
    kept = {name: tuple(_clean(value) for value in values) for name, values in typed.items()}
    for entry in asked:
        question = entry.question
        words = [value for value in kept.get(question.code, ()) if value.strip()]
        if not words:
            continue
        found = _answer(question.answer, words, choices.get(question.code, ()), zone, at)
        if isinstance(found, str):
            answers[question.code] = found
        else:
            wrong, limit = found
            problems.append(Problem(question=question.code, wrong=wrong, limit=limit))
    wanting = set(required) - set(answers) - {problem.question for problem in problems}
    problems += [
        Problem(question=entry.question.code, wrong=Wrong.MISSING) for entry in asked if entry.question.code in wanting
    ]
    return Filled(answers=answers, typed=kept, problems=tuple(problems))


_Found = str | tuple[Wrong, int | None]


def _answer(kind: AnswerKind, words: Sequence[str], options: Sequence[str], zone: tzinfo, at: datetime) -> _Found:
    first = words[0]
    match kind:
        case AnswerKind.LINE:
            line = " ".join(first.split())
            return line if len(line) <= LINE_LENGTH_MAX else (Wrong.TOO_LONG, LINE_LENGTH_MAX)
        case AnswerKind.TEXT:
            text = first.replace("\r\n", "\n").replace("\r", "\n").strip()
            return text if len(text) <= TEXT_LENGTH_MAX else (Wrong.TOO_LONG, TEXT_LENGTH_MAX)
        case AnswerKind.NUMBER:
            return _number(first)
        case AnswerKind.MOMENT:
            return _moment(first.strip(), zone, at)
        case AnswerKind.YES_NO:
            return first if first in (YES, NO) else (Wrong.NOT_YES_OR_NO, None)
        case AnswerKind.CHOICE:
            return first if first in options else (Wrong.NOT_AN_OPTION, None)
        case AnswerKind.CHOICES:
            chosen = dict.fromkeys(words[:CHOSEN_MAX])
            return ",".join(chosen) if all(word in options for word in chosen) else (Wrong.NOT_AN_OPTION, None)


def _number(text: str) -> _Found:
    digits = _BETWEEN_DIGITS.sub("", text)
    if not digits.isdecimal():
        return Wrong.NOT_A_NUMBER, None
    if len(digits) > len(str(NUMBER_MAX)) or int(digits) > NUMBER_MAX:
        return Wrong.TOO_LARGE, NUMBER_MAX
    return str(int(digits))


def _moment(text: str, zone: tzinfo, at: datetime) -> _Found:
    ascii_text = "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text[:40])
    moment = _parsed(ascii_text, zone)
    if moment is None:
        return Wrong.NOT_A_MOMENT, None
    if moment > at + CLOCK_SKEW:
        return Wrong.IN_THE_FUTURE, None
    if moment < EARLIEST:
        return Wrong.TOO_LONG_AGO, None
    return moment.astimezone(UTC).isoformat()


def _parsed(text: str, zone: tzinfo) -> datetime | None:
    for form in _MOMENT_FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("", text)
