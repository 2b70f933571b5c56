"""When a rule applies: conditions over facts, answered yes, no or unknown.

A condition holds when everything it names holds. It has no code: a lawyer reads it as a list. What a condition cannot
say (a national test that needs judgement) belongs in the rule's text, and a person decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pehra.law.rules import truth
from pehra.law.rules.facts import UNKNOWN, Attributes, public_name
from pehra.law.rules.truth import Truth, Verdict

MATTER_FIELDS = frozenset(
    {
        "taxonomies",
        "types",
        "identifiers",
        "malware",
        "severity_at_least",
        "attributes_any",
        "attributes_all",
        "attributes_none",
        "impact",
    }
)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A measured effect of an incident against a bound, such as more than 5 % of users."""

    measure: str
    at_least: float | None = None
    above: float | None = None
    equals: bool | str | None = None

    def judge(self, facts: Mapping[str, Any]) -> Verdict:
        """Say whether the measured value passes the bound."""
        name = f"impact.{self.measure}"
        if name not in facts:
            return _missing(name)
        value = facts[name]
        if self.equals is not None:
            return _judged(name, value, value == self.equals)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _missing(name)
        holds = (self.at_least is None or value >= self.at_least) and (self.above is None or value > self.above)
        return _judged(name, value, holds)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Everything that must hold for a rule to apply. An empty condition always holds."""

    sectors: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    classes_any: tuple[str, ...] = ()
    classes_all: tuple[str, ...] = ()
    classes_none: tuple[str, ...] = ()
    taxonomies: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    malware: tuple[str, ...] = ()
    severity_at_least: str = ""
    attributes_any: tuple[str, ...] = ()
    attributes_all: tuple[str, ...] = ()
    attributes_none: tuple[str, ...] = ()
    impact: tuple[Threshold, ...] = ()
    any: "tuple[Condition, ...]" = ()
    none: "tuple[Condition, ...]" = ()

    @property
    def is_empty(self) -> bool:
        """Whether it holds for everything."""
        return self == ALWAYS

    @property
    def asks_about_matter(self) -> bool:
        """Whether it needs facts of a finding or an incident, not only of the entity."""
        own = any(getattr(self, name) for name in MATTER_FIELDS)
        return own or any(part.asks_about_matter for part in self.any + self.none)


ALWAYS = Condition()
CONDITION_FIELDS = tuple(field.name for field in fields(Condition))


@dataclass(frozen=True, kw_only=True)
class Order:
    """What of a profile a condition needs to compare facts: sector parents, implied classes, severity order."""

    parents: Mapping[str, str]
    implied: Mapping[str, frozenset[str]]
    severities: tuple[str, ...]

    def lineage(self, sector: str) -> frozenset[str]:
        """Return a sector with all the sectors it is part of."""
        found: list[str] = []
        while sector and sector not in found:
            found.append(sector)
            sector = self.parents.get(sector, "")
        return frozenset(found)

    def classes(self, stated: Iterable[str]) -> frozenset[str]:
        """Return classes with all those they imply."""
        found: set[str] = set()
        waiting = list(stated)
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting += self.implied.get(code, frozenset())
        return frozenset(found)


def judge(condition: Condition, facts: Mapping[str, Any], order: Order) -> Verdict:
    """Say whether a condition holds for these facts."""
    if condition.is_empty:
        return truth.YES
    verdicts = [*_entity(condition, facts, order), *_matter(condition, facts, order)]
    verdicts += [threshold.judge(facts) for threshold in condition.impact]
    if condition.any:
        verdicts.append(truth.any_of(judge(part, facts, order) for part in condition.any))
    if condition.none:
        verdicts.append(truth.none_of(judge(part, facts, order) for part in condition.none))
    return truth.all_of(verdicts)


def _entity(condition: Condition, facts: Mapping[str, Any], order: Order) -> list[Verdict]:
    verdicts = []
    if condition.sectors:
        wanted = frozenset(condition.sectors)
        verdicts.append(_asked("sector", facts, lambda value: bool(order.lineage(value) & wanted)))
    if condition.territories:
        verdicts.append(_asked("territory", facts, lambda value: value in condition.territories))
    if condition.classes_any:
        verdicts.append(_asked("classes", facts, lambda value: bool(order.classes(value) & {*condition.classes_any})))
    if condition.classes_all:
        verdicts.append(_asked("classes", facts, lambda value: order.classes(value) >= {*condition.classes_all}))
    if condition.classes_none:
        verdicts.append(_asked("classes", facts, lambda value: not order.classes(value) & {*condition.classes_none}))
    return verdicts


def _matter(condition: Condition, facts: Mapping[str, Any], order: Order) -> list[Verdict]:
    verdicts = []
    for name, wanted in (
        ("taxonomy", condition.taxonomies),
        ("type", condition.types),
        ("identifier", condition.identifiers),
        ("malware", condition.malware),
    ):
        if wanted:
            verdicts.append(_asked(name, facts, lambda value, wanted=wanted: value in wanted))
    if condition.severity_at_least:
        verdicts.append(_severity(condition.severity_at_least, facts, order))
    for codes, joined in (
        (condition.attributes_any, truth.any_of),
        (condition.attributes_all, truth.all_of),
        (condition.attributes_none, truth.none_of),
    ):
        if codes:
            verdicts.append(joined(_attribute(code, facts) for code in codes))
    return verdicts


def _attribute(code: str, facts: Mapping[str, Any]) -> Verdict:
    """Say whether an incident has an attribute. Those known one by one are named one by one, and so are those asked."""
    known: Attributes | None = facts.get("attributes")
    if known is None:
        return _missing("attributes")
    if known.is_complete:
        return _judged("attributes", known.present, code in known.present)
    holds, name = known.holds(code), f"{public_name('attributes')}.{code}"
    return Verdict(truth=holds, facts={name: holds.value}, missing=(name,) if holds is Truth.UNKNOWN else ())


def _severity(least: str, facts: Mapping[str, Any], order: Order) -> Verdict:
    level = facts.get("severity")
    if level is None or level not in order.severities:
        return _missing("severity")
    return _judged("severity", level, order.severities.index(level) >= order.severities.index(least))


def _asked(name: str, facts: Mapping[str, Any], holds: Any) -> Verdict:
    if name not in facts:
        return _missing(name)
    return _judged(name, facts[name], holds(facts[name]))


def _judged(name: str, value: Any, holds: bool) -> Verdict:
    plain = sorted(value) if isinstance(value, frozenset) else value
    return Verdict(truth=truth.of(holds), facts={public_name(name): plain})


def _missing(name: str) -> Verdict:
    shown = public_name(name)
    return Verdict(truth=Truth.UNKNOWN, facts={shown: UNKNOWN}, missing=(shown,))
