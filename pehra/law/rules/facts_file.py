"""Stated facts, read strictly against a profile.

A misspelt class or attribute would be taken for "no" and a legal duty would be missed. So every word must be one that
the profile defines, and an unknown or doubled key is refused. What is absent, or null, is unknown.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pehra.kernel.clock import parse_time
from pehra.kernel.refusals import Invalid
from pehra.law.rules.facts import Attributes, EntityFacts, IncidentFacts, Moments
from pehra.law.rules.profile import Profile
from pehra.law.rules.rsit import TAXONOMIES

_EVENTS = ("occurrence", "discovery", "awareness", "ransom_payment", "handling_end")
_YEARS = (1900, 2999)  # beyond them a moment is a slip, and the calendar ends within a deadline of its last year


@dataclass(frozen=True, kw_only=True)
class StatedFacts:
    """The facts of one question to the law."""

    entity: EntityFacts
    incident: IncidentFacts
    moments: Moments


def read(document: object, profile: Profile) -> StatedFacts:
    """Return the facts of a decoded JSON document; refuse what the profile does not know."""
    facts = _mapping(document, "facts", ("entity", "incident", "moments"))
    return StatedFacts(
        entity=_entity(facts.get("entity"), profile),
        incident=_incident(facts.get("incident"), profile),
        moments=_moments(facts.get("moments"), profile),
    )


def _entity(document: object, profile: Profile) -> EntityFacts:
    stated = _mapping(document, "entity", ("sector", "territory", "classes"))
    return EntityFacts(
        sector=_word(stated, "entity.sector", {sector.code for sector in profile.sectors}),
        territory=_word(stated, "entity.territory", {territory.code for territory in profile.territories}),
        classes=_words(stated, "entity.classes", {item.code for item in profile.entity_classes}),
    )


def _incident(document: object, profile: Profile) -> IncidentFacts:
    stated = _mapping(document, "incident", ("class", "type", "severity", "attributes", "impact"))
    return IncidentFacts(
        taxonomy=_word(stated, "incident.class", TAXONOMIES),
        type=_word(stated, "incident.type", None),
        severity=_word(stated, "incident.severity", profile.severity_levels),
        attributes=_attributes(stated, {word.code for word in profile.attributes}),
        impact=_impact(stated.get("impact"), profile),
    )


def _attributes(stated: Mapping[str, Any], known: Collection[str]) -> Attributes | None:
    """Return a list as a complete one, and an object as what is known of each attribute that it names."""
    field, said = "incident.attributes", stated.get("attributes")
    if not isinstance(said, dict):
        if said is not None and not isinstance(said, list):
            forms = "a list of all that hold, an object of true and false, or absent when it is unknown"
            raise Invalid(f"this must be {forms}", field=field)
        words = _words(stated, field, known)
        return None if words is None else Attributes.complete(words)
    for word, holds in said.items():
        if word not in known:
            raise Invalid(f"{word!r} is not one of: {', '.join(sorted(known))}", field=field)
        if not (holds is None or isinstance(holds, bool)):
            raise Invalid("this must be true, false, or absent when it is unknown", field=f"{field}.{word}")
    return Attributes.known(said)


def _impact(document: object, profile: Profile) -> Mapping[str, Any]:
    measured = _mapping(document, "incident.impact", tuple(word.code for word in profile.measures))
    for name, value in measured.items():
        number = isinstance(value, int | float)
        if (number and not 0 <= value < math.inf) or not (number or value is None or isinstance(value, str)):
            raise Invalid(
                "this must be a number from 0 on, or absent when it is unknown", field=f"incident.impact.{name}"
            )
    return measured


def _moments(document: object, profile: Profile) -> Moments:
    stages = {f"{duty.code}/{stage.code}" for duty in profile.duties for stage in duty.stages}
    settled = {f"{stage}:{end}" for stage in stages for end in ("start", "due")}
    short = {stage.code for duty in profile.duties for stage in duty.stages}
    stated = _mapping(document, "moments", (*_EVENTS, *sorted(stages | settled | short)))
    found = {}
    for name, value in stated.items():
        if value is None:
            continue
        if not isinstance(value, str):
            raise Invalid("a moment is a text such as 2026-11-24T09:30:00Z", field=f"moments.{name}")
        found[name] = parse_time(value, field=f"moments.{name}")
        if not _YEARS[0] <= found[name].year <= _YEARS[1]:
            raise Invalid(f"{value!r} is outside the years {_YEARS[0]} to {_YEARS[1]}", field=f"moments.{name}")
    return Moments(at=found)


def _mapping(document: object, field: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise Invalid("this must be a JSON object", field=field)
    for key in document:
        if key not in known:
            raise Invalid(f"unknown key {key!r}; known are: {', '.join(known) or 'none'}", field=f"{field}.{key}")
    return document


def _word(stated: Mapping[str, Any], field: str, known: Collection[str] | None) -> str | None:
    value = stated.get(field.rpartition(".")[2])
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid("this must be a text, or absent when it is unknown", field=field)
    if known is not None and value not in known:
        raise Invalid(f"{value!r} is not one of: {', '.join(sorted(known))}", field=field)
    return value


def _words(stated: Mapping[str, Any], field: str, known: Collection[str]) -> frozenset[str] | None:
    value = stated.get(field.rpartition(".")[2])
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid("this must be a list of texts, or absent when it is unknown", field=field)
    for item in value:
        if item not in known:
            raise Invalid(f"{item!r} is not one of: {', '.join(sorted(known))}", field=field)
    return frozenset(value)
