"""STIX patterns as plain values, where a pattern is no more than a choice of values.

`[ipv4-addr:value = '198.51.100.1']`, ISSUBSET of a prefix, IN a set, and any of these joined by OR, become match
values. AND, FOLLOWEDBY, qualifiers, negation and other properties say more than a table can hold: such a pattern
gives None and is kept as it is. Refused: what is no pattern at all.
"""

import re
from typing import Any

from pehra.intel.rules.indicators import MATCHABLE, as_prefix_or_address
from pehra.kernel.observables import ObservableType, parse
from pehra.kernel.refusals import Invalid

PATTERN_LENGTH_MAX = 65_536

_TYPES = {
    "ipv4-addr": (ObservableType.IPV4, ObservableType.PREFIX),
    "ipv6-addr": (ObservableType.IPV6, ObservableType.PREFIX),
    "domain-name": (ObservableType.DOMAIN,),
    "url": (ObservableType.URL,),
}
# By far the most patterns are one comparison; the grammar's own parser takes a hundred times as long for it.
_SIMPLE = re.compile(
    r"\s*\[\s*(ipv4-addr|ipv6-addr|domain-name|url):value\s*(=|ISSUBSET)\s*'((?:[^'\\]|\\.)*)'\s*\]\s*"
)


def values_of(pattern: str) -> list[tuple[str, str]] | None:
    """Return type and value of everything the pattern would match, or None when it says more than that."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise Invalid(f"the pattern is longer than {PATTERN_LENGTH_MAX} characters", field="pattern")
    simple = _SIMPLE.fullmatch(pattern)
    if simple:
        kind, operator, text = simple.groups()
        return _settled([(kind, operator, re.sub(r"\\(.)", r"\1", text))])
    comparisons = _comparisons(pattern)
    return _settled(comparisons) if comparisons is not None else None


def _settled(comparisons: list[tuple[str, str, str]]) -> list[tuple[str, str]] | None:
    found: list[tuple[str, str]] = []
    for kind, operator, text in comparisons:
        try:
            observable = parse(text)
        except Invalid:
            return None
        if observable.type not in _TYPES[kind] or (operator == "ISSUBSET" and kind not in ("ipv4-addr", "ipv6-addr")):
            return None
        if observable.type.value not in MATCHABLE:
            return None
        found.append(as_prefix_or_address(observable.type.value, observable.value))
    return found


def _comparisons(pattern: str) -> list[tuple[str, str, str]] | None:
    """Take a pattern apart by its grammar; None when it is no plain choice."""
    from stix2patterns.exceptions import ParseException
    from stix2patterns.v21.pattern import Pattern

    try:
        parsed = Pattern(pattern)
    except ParseException as error:
        raise Invalid(f"this is no STIX pattern: {str(error).splitlines()[0]}", field="pattern") from error
    data = parsed.inspect()
    if data.observation_ops - {"OR"} or data.qualifiers:
        return None
    found: list[tuple[str, str, str]] = []
    for kind, comparisons in data.comparisons.items():
        if kind not in _TYPES:
            return None
        for path, operator, value in comparisons:
            texts = _texts(path, operator, value)
            if texts is None:
                return None
            found += [(kind, "=" if operator == "IN" else operator, text) for text in texts]
    # What AND joins must all be true at once, which no single value can show.
    return found if found and not _has_and(pattern) else None


def _texts(path: list[Any], operator: str, value: Any) -> list[str] | None:
    if list(path) != ["value"] or operator not in ("=", "ISSUBSET", "IN"):
        return None
    texts = re.findall(r"'((?:[^'\\]|\\.)*)'", str(value))
    return [re.sub(r"\\(.)", r"\1", text) for text in texts] or None


def _has_and(pattern: str) -> bool:
    without_texts = re.sub(r"'(?:[^'\\]|\\.)*'", "''", pattern)
    return bool(re.search(r"\b(?:AND|NOT|FOLLOWEDBY)\b", without_texts))
