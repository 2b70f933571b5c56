"""Canonical JSON: one value, one sequence of bytes, so that a hash or a signature means something.

RFC 8785 (JSON Canonicalization Scheme) through `rfc8785`. What Pehra's own values become is settled here: moments are
RFC 3339 in UTC, dates ISO 8601, identifiers and enumerations their text, sets a sorted list. Anything else is refused,
with the place where it stands; a value is never guessed into text.
"""

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
    try:
        return rfc8785.dumps(plain(value))
    except rfc8785.CanonicalizationError as error:
        raise Invalid(f"this value has no canonical form: {error}") from error
    except UnicodeEncodeError as error:
        raise Invalid("this value holds half of a surrogate pair, which is no character") from error


def plain(value: Any, *, place: str = "value") -> Any:
    """Return the value in JSON's own terms (dict, list, str, int, float, bool, None), ready to be stored or hashed."""
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
            return {_key(key, place): plain(item, place=f"{place}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [plain(item, place=f"{place}[{index}]") for index, item in enumerate(value)]
        case set() | frozenset():
            return sorted((plain(item, place=place) for item in value), key=rfc8785.dumps)
    raise Invalid(f"{place}: a {type(value).__name__} has no canonical form", field=place)


def _key(key: Any, place: str) -> str:
    """Return a mapping's key as text; only text (and text enumerations) may be one."""
    if not isinstance(key, str):
        raise Invalid(f"{place}: the key {key!r} is not text", field=place)
    return str(key.value) if isinstance(key, Enum) else key
