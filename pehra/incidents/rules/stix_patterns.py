"""What a STIX object says can be seen: the values of observables, and those that an indicator's pattern compares with.

Of a pattern only plain equality is taken. What it excludes or orders (`NOT`, `FOLLOWEDBY`) is left to a person: an
address that must not match is no observable of the incident.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

PATTERN_LENGTH_MAX = 65_536
_VALUES = frozenset({"ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr"})
UNDERSTOOD = _VALUES | frozenset(
    {
        *("incident", "identity", "event", "observed-data", "relationship", "marking-definition"),
        *("extension-definition", "file", "autonomous-system", "vulnerability", "indicator"),
    }
)
_EQUALS = re.compile(
    r"(?P<not>NOT\s+)?(?:ipv4-addr:value|ipv6-addr:value|domain-name:value|url:value|email-addr:value"
    r"|file:hashes\.(?:'[A-Za-z0-9-]+'|\"[A-Za-z0-9-]+\"|[A-Za-z0-9]+))\s*=\s*'(?P<value>(?:[^'\\]|\\.){1,8192})'"
)


def canonical_text(value: Mapping[str, Any]) -> str:
    """Return the text from which STIX 2.1 (section 2.9) makes an observable's identifier: RFC 8785 of what names it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def texts_of(each: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one object says can be seen, as text."""
    kind = each.get("type")
    if kind in _VALUES:
        yield from _said(each.get("value"))
    elif kind == "file" and isinstance(each.get("hashes"), dict):
        for digest in each["hashes"].values():
            yield from _said(digest)
    elif kind == "autonomous-system" and isinstance(each.get("number"), int):
        yield f"AS{each['number']}"
    elif kind == "vulnerability":
        yield from _said(each.get("name"))
        references = each.get("external_references")
        for reference in references if isinstance(references, list) else ():
            if isinstance(reference, dict):
                yield from _said(reference.get("external_id"))
    elif kind == "indicator" and each.get("pattern_type", "stix") == "stix":
        yield from _compared(each.get("pattern"))


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value


def _compared(pattern: Any) -> Iterator[str]:
    if not isinstance(pattern, str) or len(pattern) > PATTERN_LENGTH_MAX:
        return
    for found in _EQUALS.finditer(pattern):
        if not found["not"]:
            yield re.sub(r"\\(.)", r"\1", found["value"])
