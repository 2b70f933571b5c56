"""The controls that an organisation assesses itself against, as a profile states them, and those of one day.

A control asks; it decides nothing. What no law was found to ask stands as an operational default, and says so. A fact
that nobody stated leaves a control in the set: better a question too many than one never put.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pehra.kernel.reasons import Because
from pehra.law.rules.basis import Basis, current
from pehra.law.rules.conditions import Condition, Order, judge
from pehra.law.rules.facts import EntityFacts, stated
from pehra.law.rules.reading import Notes
from pehra.law.rules.truth import Truth

THEME_KIND, SET_KIND, CONTROL_KIND = "control theme", "control set", "control"


@dataclass(frozen=True, kw_only=True)
class ControlTheme:
    """What some controls are about, such as privileged accounts."""

    code: str
    name: str
    name_local: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ControlSetRecord:
    """A set of controls: how often an organisation assesses itself, and how soon its team answers."""

    code: str
    version: str
    name: str
    name_local: str
    assess_every: timedelta
    review_within: timedelta
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control: the question, what is meant by it, and what shows that it is so.

    `weight` is a whole number from 1. A `critical` control that is not there is never made up for by others. `maps`
    names the places of public standards that ask for the same.
    """

    code: str
    theme: str
    title: str
    title_local: str
    question: str
    question_local: str
    guidance: str
    guidance_local: str
    evidence: str
    evidence_local: str
    weight: int
    critical: bool
    maps: tuple[str, ...]
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ControlSet:
    """The controls of a day, in the profile's order, those of one theme together."""

    code: str
    version: str
    name: str
    name_local: str
    assess_every: timedelta
    review_within: timedelta
    themes: tuple[ControlTheme, ...]
    controls: tuple[Control, ...]
    because: Because

    def control(self, code: str) -> Control | None:
        """Return one control by its code."""
        return next((control for control in self.controls if control.code == code), None)

    def of_theme(self, code: str) -> tuple[Control, ...]:
        """Return the controls of one theme."""
        return tuple(control for control in self.controls if control.theme == code)

    def as_json(self) -> dict[str, Any]:
        """Return the set as plain JSON values."""
        return {
            "control_set": self.code,
            "version": self.version,
            "name": self.name,
            "name_local": self.name_local,
            "assess_every_days": self.assess_every.days,
            "review_within_days": self.review_within.days,
            "because": self.because.as_json(),
            "themes": [
                {"theme": theme.code, "name": theme.name, "name_local": theme.name_local} for theme in self.themes
            ],
            "controls": [_control_json(control) for control in self.controls],
        }


def _control_json(control: Control) -> dict[str, Any]:
    said = ("theme", "title", "title_local", "question", "question_local", "guidance", "guidance_local", "evidence")
    return {
        "control": control.code,
        **{name: getattr(control, name) for name in (*said, "evidence_local", "weight", "critical")},
        "maps": list(control.maps),
        "citation": control.basis.cited,
        "status": control.basis.status.value,
    }


def controls_for(
    themes: Iterable[ControlTheme], controls: Iterable[Control], *, entity: EntityFacts | None, order: Order, on: date
) -> tuple[tuple[ControlTheme, ...], tuple[Control, ...]]:
    """Return the themes and controls of a day that are put to an entity, or to anybody when none is named."""
    facts = stated(entity, None) if entity else {}
    asked = [
        control
        for control in current(controls, on)
        if entity is None or judge(control.when, facts, order).truth is not Truth.FALSE
    ]
    held = tuple(theme for theme in current(themes, on) if any(control.theme == theme.code for control in asked))
    placed = tuple(control for theme in held for control in asked if control.theme == theme.code)
    return held, placed


def check(sets: Iterable[ControlSetRecord], controls: Iterable[Control], notes: Notes) -> None:
    """Note what shows only over the whole: controls in no set, and a set that asks nothing."""
    places = {(item.kind, item.code): item.place for item in notes.definitions}
    held_sets, asked = list(sets), list(controls)
    for control in asked:
        if not any(_meet(control.basis, held.basis) for held in held_sets) and (CONTROL_KIND, control.code) in places:
            message = f"no control set is in use on a day of the control {control.code!r}: it would never be asked"
            notes.problem(places[CONTROL_KIND, control.code], message)
    for held in held_sets:
        if not any(_meet(control.basis, held.basis) for control in asked) and (SET_KIND, held.code) in places:
            notes.problem(places[SET_KIND, held.code], f"the control set {held.code!r} asks nothing")
    # Two titles that read alike would be answered as one.
    for title, times in Counter(control.title for control in asked if control.title).items():
        codes = sorted({control.code for control in asked if control.title == title})
        if times > 1 and len(codes) > 1 and (CONTROL_KIND, codes[-1]) in places:
            notes.problem(places[CONTROL_KIND, codes[-1]], f"{codes[0]!r} has the same title, {title!r}")


def _meet(one: Basis, other: Basis) -> bool:
    return one.first <= other.last and other.first <= one.last
