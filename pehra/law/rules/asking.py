"""What a day's law asks of a report: the demands of stages, and the questions of several stages asked once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pehra.law.rules.basis import current
from pehra.law.rules.profile import Duty, Profile
from pehra.law.rules.questions import FORM_KIND, Demands, Form, Question


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as a form asks it; `required_by` names the stages (`duty/stage`) that are not whole without it."""

    question: Question
    required_by: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StageDemands:
    """What one stage demands on a day, and on what that rests."""

    duty: str
    stage: str
    required: tuple[str, ...]
    asked: tuple[str, ...]
    demands: Demands | None = None

    @property
    def name(self) -> str:
        """The stage's name among all duties."""
        return f"{self.duty}/{self.stage}"

    @property
    def is_known(self) -> bool:
        """Whether the profile says what it demands: where it does not, a person must."""
        return self.demands is not None


def asked(questions: Iterable[Question], stages: Sequence[StageDemands]) -> tuple[Asked, ...]:
    """Return each question that any of the stages asks, once, in the order in which the stages first ask."""
    known = {question.code: question for question in questions}
    order = [code for stage in stages for code in (*stage.required, *stage.asked) if code in known]
    return tuple(
        Asked(
            question=known[code],
            required_by=tuple(stage.name for stage in stages if code in stage.required),
            asked_by=tuple(stage.name for stage in stages if code in stage.asked),
        )
        for code in dict.fromkeys(order)
    )


def demands_of(duties: Iterable[Duty], on: date) -> dict[str, StageDemands]:
    """Return what every stage of the duties in use on a day demands, by `duty/stage`."""
    found = [
        StageDemands(
            duty=duty.code,
            stage=stage.code,
            required=stage.demands.required if stage.demands else (),
            asked=stage.demands.asked if stage.demands else (),
            demands=stage.demands,
        )
        for duty in current(duties, on)
        for stage in duty.stages
    ]
    return {stage.name: stage for stage in found}


def form_of(profile: Profile, code: str, on: date) -> tuple[Form, tuple[Asked, ...]] | None:
    """Return a form of the day with its questions, in its own order; None where the profile has none of that code."""
    form = next((form for form in current(profile.forms, on) if form.code == code), None)
    if form is None:
        return None
    known = {question.code: question for question in current(profile.questions, on)}
    name = f"{FORM_KIND}/{form.code}"
    return form, tuple(
        Asked(
            question=known[question],
            required_by=(name,) if question in form.required else (),
            asked_by=() if question in form.required else (name,),
        )
        for question in form.questions
        if question in known
    )
