"""What a report is asked for: questions, the forms that ask them, and what a stage of a duty demands.

A question is data of the profile, in two languages. Its answer may say something that rules count with: `tells` names
the fact (`moment:discovery`, `impact:users-affected`, `attribute:cross-border`), so that a report is asked once and the
law is asked with what it says. What no source lists is an operational default of the profile, and says so.
"""

from dataclasses import dataclass
from enum import StrEnum

from pehra.law.rules.basis import Basis, Status

QUESTION_KIND, FORM_KIND = "question", "form"
PUBLIC_FORM = "public"


class AnswerKind(StrEnum):
    """How a question is answered."""

    LINE = "line"
    TEXT = "text"
    MOMENT = "moment"
    NUMBER = "number"
    YES_NO = "yes-no"
    CHOICE = "choice"
    CHOICES = "choices"


# What an answer may tell by itself, and how it is then answered. `title` and `description` are the report's own words.
TELLS: dict[str, frozenset[AnswerKind]] = {
    "title": frozenset({AnswerKind.LINE}),
    "description": frozenset({AnswerKind.TEXT}),
    "organisation-name": frozenset({AnswerKind.LINE}),
    "observables": frozenset({AnswerKind.TEXT}),
    "sector": frozenset({AnswerKind.CHOICE}),
    "territory": frozenset({AnswerKind.CHOICE}),
    "moment": frozenset({AnswerKind.MOMENT}),
    "impact": frozenset({AnswerKind.NUMBER}),
    "attribute": frozenset({AnswerKind.YES_NO}),
}
# The words of the profile that a choice may be made of, instead of options of its own.
LISTS = ("sectors", "territories")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer of a choice. `sets` are the facts that choosing it states, such as `taxonomy:fraud`."""

    code: str
    name: str
    name_local: str
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that a report is asked for."""

    code: str
    name: str
    name_local: str
    hint: str
    hint_local: str
    answer: AnswerKind
    tells: str
    options_from: str
    options: tuple[Option, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a stage of a duty demands: questions without whose answers it is not whole, and others that it asks."""

    required: tuple[str, ...]
    asked: tuple[str, ...]
    citation: str
    status: Status
    sources: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that hangs on no duty, such as the one that everybody may fill in. `questions` stand in its own order."""

    code: str
    name: str
    name_local: str
    questions: tuple[str, ...]
    required: tuple[str, ...]
    basis: Basis
