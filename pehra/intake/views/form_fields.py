"""A form's questions as a page shows them: in the reader's language, with what was typed and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pehra.intake.rules.forms.answers import NO, YES, Filled, Problem, Wrong
from pehra.intake.rules.forms.shapes import Shape
from pehra.intake.rules.saying import Handed
from pehra.kernel.clock import parse_time
from pehra.law import api as law
from pehra.law.api import AnswerKind, Asked

PREFIX = "q-"


@dataclass(frozen=True, kw_only=True)
class OptionView:
    """One option of a choice."""

    code: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class FieldView:
    """One question as a page shows it. `needed_by` are the stages that are not whole without its answer."""

    code: str
    label: str
    hint: str
    kind: str
    is_required: bool
    value: str
    problem: str
    options: tuple[OptionView, ...]
    is_list: bool = False
    needed_by: tuple[str, ...] = ()
    needed_for: str = ""
    meanwhile: str = ""

    @property
    def name(self) -> str:
        """What the field is called in the page."""
        return f"{PREFIX}{self.code}"


def fields(
    shape: Shape,
    filled: Filled,
    *,
    required: Sequence[str],
    needed_for: Mapping[str, str] | None = None,
    meanwhile: Mapping[str, Sequence[str]] | None = None,
) -> tuple[FieldView, ...]:
    """Return the questions of a form, in its order.

    `needed_for` says beside some of them who needs the answer, `meanwhile` what a colleague saved there.
    """
    found = []
    for entry in shape.asked:
        view = _field(entry, shape, filled, entry.question.code in required, needed_for or {})
        if entry.question.code in (meanwhile or {}):
            view = replace(view, meanwhile=_in_words(view, (meanwhile or {})[entry.question.code]))
        found.append(view)
    return tuple(found)


def _in_words(view: FieldView, typed: Sequence[str]) -> str:
    """Return an answer as a person reads it: options by their names, nothing as a dash."""
    labels = {option.code: option.label for option in view.options}
    return ", ".join(labels.get(word, word) for word in typed) or "–"


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One answer of a report as whoever decides about it reads it: the question as it was asked, options by name."""

    question: str
    said: str
    moment: datetime | None = None


def answers(given: Mapping[str, str], *, besides: str) -> tuple[AnswerView, ...]:
    """Return what was answered, in the reader's language; what stands on the page already is not said again."""
    asked = {question.code: question for question in law.load(settings.PEHRA_PROFILE).questions}
    left = {code: said for code, said in given.items() if said.strip() != besides.strip()}
    return tuple(_read(asked.get(code), code, said) for code, said in left.items())


def _read(question: law.Question | None, code: str, said: str) -> AnswerView:
    if question is None:
        return AnswerView(question=code.replace("-", " "), said=said)
    label = named(question.name, question.name_local)
    if question.answer is AnswerKind.MOMENT:
        return AnswerView(question=label, said=said, moment=parse_time(said))
    options = {option.code: named(option.name, option.name_local) for option in question.options}
    if question.answer is AnswerKind.YES_NO:
        options = {YES: _("Yes"), NO: _("No")}
    words = said.split(",") if question.answer is AnswerKind.CHOICES else [said]
    return AnswerView(question=label, said=", ".join(options.get(word, word) for word in words))


def lists_of(request: HttpRequest) -> dict[str, list[str]]:
    """Return what a page sent, each name with all its values."""
    return {name: request.POST.getlist(name) for name in request.POST}


def files_of(request: HttpRequest) -> list[Handed]:
    """Return the files that came with a page."""
    return [
        Handed(name=given.name or "", content=given.read(), media_type=given.content_type or "")
        for given in request.FILES.getlist("files")
        if given.size
    ]


def _field(entry: Asked, shape: Shape, filled: Filled, is_required: bool, needed_for: Mapping[str, str]) -> FieldView:
    question = entry.question
    typed = filled.typed.get(question.code, ())
    problem = filled.problem_of(question.code)
    # A browser shows nothing where a moment is not written its way: what was typed stands in a plain field then.
    kind = "moment-as-text" if problem and question.answer is AnswerKind.MOMENT else question.answer.value
    return FieldView(
        code=question.code,
        label=named(question.name, question.name_local),
        hint=named(question.hint, question.hint_local),
        kind=kind,
        is_required=is_required,
        value=typed[0] if typed else "",
        problem=problem_words(problem) if problem else "",
        options=tuple(
            OptionView(code=option.code, label=named(option.name, option.name_local), is_chosen=option.code in typed)
            for option in shape.options.get(question.code, ())
        ),
        is_list=bool(question.options_from),
        needed_by=entry.required_by,
        needed_for=needed_for.get(question.code, ""),
    )


def named(name: str, name_local: str) -> str:
    """Return a name of the profile in the reader's language."""
    return name_local if name_local and (get_language() or "en").split("-")[0] != "en" else name


def stage_words(name: str) -> str:
    """Return a stage (`duty/stage`) in the reader's words."""
    duty_code, _slash, stage_code = name.partition("/")
    for duty in law.load(settings.PEHRA_PROFILE).duties:
        for stage in duty.stages:
            if (duty.code, stage.code) == (duty_code, stage_code):
                return named(stage.name, stage.name_local)
    return stage_code


def typed_in(posted: Mapping[str, Sequence[str]], shape: Shape) -> dict[str, tuple[str, ...]]:
    """Return what a page sent for the questions of a form, and nothing else that it sent."""
    found = {code: tuple(posted.get(f"{PREFIX}{code}", ())) for code in shape.codes}
    return {code: words for code, words in found.items() if any(words)}


def problem_words(problem: Problem) -> str:
    """Return what is wrong, and what to do, in the reader's language."""
    words = {
        Wrong.MISSING: _("Please answer this: a few words are enough."),
        Wrong.TOO_LONG: _("This is too long: at most %(limit)s characters. Send the rest as a file or afterwards."),
        Wrong.TOO_LARGE: _("This number is too large."),
        Wrong.NOT_A_NUMBER: _("Please write a whole number in digits, such as 250."),
        Wrong.NOT_A_MOMENT: _("Please write day and time like this: 2026-03-25 14:30."),
        Wrong.IN_THE_FUTURE: _("This time has not come yet."),
        Wrong.TOO_LONG_AGO: _("This time is too long ago."),
        Wrong.NOT_AN_OPTION: _("Please choose one of the answers below."),
        Wrong.NOT_YES_OR_NO: _("Please choose yes or no, or leave it open."),
    }
    limit = {"limit": problem.limit} if problem.limit is not None else {}
    return words[problem.wrong] % limit if limit else words[problem.wrong]
