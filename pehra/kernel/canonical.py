"""Canonical JSON: one value, one sequence of bytes, so that a hash or a signature means something.

RFC 8785 (JSON Canonicalization Scheme) through `rfc8785`. What Pehra's own values become is settled here: moments are
RFC 3339 in UTC, dates ISO 8601, identifiers and enumerations their text, sets a sorted list. Anything else is refused,
with the place where it stands; a value is never guessed into text.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import rfc8785

from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Invalid

INTEGER_MAX = 2**53 - 1  # RFC 8785 takes numbers as IEEE 754 doubles: beyond this they would lose digits silently


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value; refuse what has no certain canonical form."""
    ready = plain(value)
    try:
        if _is_simple(ready):
            return _write(ready).encode()
        return rfc8785.dumps(ready)
    except rfc8785.CanonicalizationError as error:
        raise Invalid(f"this value has no canonical form: {error}") from error
    except UnicodeEncodeError as error:
        raise Invalid("this value holds half of a surrogate pair, which is no character") from error


# The standard encoder, six times faster, writes the same bytes as long as no number has a fraction or an exponent and
# keys sort alike by code point and by UTF-16 unit; a property test holds the two against each other.
_write = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _is_simple(value: Any) -> bool:
    """Whether plain JSON has neither a float nor a key beyond ASCII."""
    kind = type(value)
    if kind is dict:
        return all(key.isascii() and (type(item) is str or _is_simple(item)) for key, item in value.items())
    if kind is list:
        return all(type(item) is str or _is_simple(item) for item in value)
    return kind is not float


def plain(value: Any, *, place: str = "value") -> Any:
    """Return the value in JSON's own terms (dict, list, str, int, float, bool, None), ready to be stored or hashed."""
    kind = type(value)
    if kind is str:  # by far the most common, like dict: not worth a look at the rest
        return value
    if kind is dict:
        return _plain_mapping(value, place)
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value, place=place)
        case int():
            if abs(value) > INTEGER_MAX:
                raise Invalid(f"{place}: {value} is beyond 2^53-1; write it as text", field=place)
            return int(value)
        case float():
            return float(value)
        case str():
            return str(value)
        case datetime():
            if value.tzinfo is None:
                raise Invalid(f"{place}: a moment without an offset names no moment", field=place)
            return format_time(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return _plain_mapping(value, place)
        case list() | tuple():
            return [plain(item, place=f"{place}[{index}]") for index, item in enumerate(value)]
        case set() | frozenset():
            return sorted((plain(item, place=place) for item in value), key=rfc8785.dumps)
    raise Invalid(f"{place}: a {type(value).__name__} has no canonical form", field=place)


def _plain_mapping(value: Mapping[Any, Any], place: str) -> dict[str, Any]:
    return {
        _key(key, place): item if type(item) is str else plain(item, place=f"{place}.{key}")
        for key, item in value.items()
    }


def _key(key: Any, place: str) -> str:
    """Return a mapping's key as text; only text (and text enumerations) may be one."""
    if not isinstance(key, str):
        raise Invalid(f"{place}: the key {key!r} is not text", field=place)
    return str(key.value) if isinstance(key, Enum) else key
