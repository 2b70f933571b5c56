"""How a program's own JSON becomes a report: which place of the document is which part. Pure.

A place is a JSON Pointer (RFC 6901); `*` stands for every item of a list or every value of an object. What begins with
`=` is the part itself, for what a source never says. A place that is not there says nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pehra.intake.rules.saying import OBSERVABLES_MAX, Said, Stated, writable
from pehra.kernel import json_text
from pehra.kernel.clock import parse_time
from pehra.kernel.markings import Tlp, parse_tlp
from pehra.kernel.refusals import Invalid

TEXTS = ("title", "description", "taxonomy", "type", "organisation", "organisation_name", "sector", "territory")
MOMENTS = ("occurrence", "discovery", "awareness")
LISTS = ("observables",)
OTHERS = ("source_ref", "tlp", "exercise")
PARTS = frozenset({*TEXTS, *MOMENTS, *LISTS, *OTHERS})
PLACES_MAX = 20
PLACE_LENGTH_MAX = 300
VALUES_MAX = 5_000
FIXED = "="


def checked(mapping: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return a mapping that can be used; refuse a part or a place that is none, naming it."""
    good: dict[str, list[str]] = {}
    for part, places in mapping.items():
        if part not in PARTS:
            raise Invalid(f"{part!r} is no part of a report; one of: {', '.join(sorted(PARTS))}", field="mapping")
        if not places or len(places) > PLACES_MAX:
            raise Invalid(f"{part}: name 1 to {PLACES_MAX} places", field="mapping")
        for place in places:
            if len(place) > PLACE_LENGTH_MAX or not (place.startswith((FIXED, "/")) or place == ""):
                raise Invalid(f"{part}: {place[:50]!r} is no place such as /alert/name, nor =text", field="mapping")
        good[part] = list(places)
    if not good.keys() & {"title", "description"}:
        raise Invalid("say at least where the title or the description stands", field="mapping")
    return good


def read(raw: bytes) -> Any:
    """Return a document; refuse what is no JSON."""
    return json_text.read(raw, field="body", any_text=True)


def said_by(document: Any, mapping: Mapping[str, Sequence[str]]) -> tuple[Said, str]:
    """Return what a document says by a mapping, and what the matter is called at its source (empty: nothing)."""
    found = {part: [text for place in places for text in _texts(document, place)] for part, places in mapping.items()}
    texts: dict[str, Any] = {part: found[part][0] for part in TEXTS if found.get(part)}
    texts["description"] = "\n".join(found.get("description", ()))
    stated = list(dict.fromkeys(found.get("observables", ())))[:OBSERVABLES_MAX]
    moments = {}
    for name in MOMENTS:
        if found.get(name):
            moments[name] = parse_time(found[name][0], field=name)
    said = Said(
        **texts,
        moments=moments,
        observables=tuple(Stated(written=text) for text in stated),
        tlp=_tlp(found.get("tlp", ())),
        exercise=found.get("exercise", ["false"])[:1] in (["true"], ["yes"]),
    )
    return said, next(iter(found.get("source_ref", ())), "")


def _tlp(words: Sequence[str]) -> Tlp | None:
    return parse_tlp(words[0]) if words else None


def _texts(document: Any, place: str) -> list[str]:
    """Return the texts at a place, those that are there; a whole part of the document is its JSON."""
    if place.startswith(FIXED):
        return [place[len(FIXED) :]]
    values = [document]
    for token in place.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        values = [inner for value in values for inner in _inside(value, name)][:VALUES_MAX]
    return [text for value in values if (text := _text(value))]


def _inside(value: Any, name: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values()) if name == "*" else [value[name]] if name in value else []
    if isinstance(value, list):
        if name == "*":
            return value
        return [value[int(name)]] if name.isdecimal() and len(name) < 7 and int(name) < len(value) else []
    return []


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return writable(value).strip()
        case int() | float():
            return str(value)
    return writable(json.dumps(value, ensure_ascii=False))
