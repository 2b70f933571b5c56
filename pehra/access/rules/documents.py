"""JSON from outside, read strictly.

A key that is said twice, a number that is none, a depth no message needs, a NUL or half a surrogate pair: each is a
refusal, never a fault further in, where the database or the stack would meet it.
"""

import json
from typing import Any

from pehra.kernel.refusals import Invalid

DEPTH_MAX = 16
INTEGER_DIGITS_MAX = 18


def read_object(text: bytes) -> dict[str, Any]:
    """Return the JSON object that the bytes hold; refuse all else."""
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_once,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is not one well-formed JSON object in UTF-8") from error
    if not isinstance(value, dict):
        raise Invalid("the body is not one well-formed JSON object in UTF-8")
    _walk(value)
    return value


def is_clean(text: str) -> bool:
    """Whether a text holds neither a control character nor half a surrogate pair."""
    return all(character >= " " and character != "\x7f" and not "\ud800" <= character <= "\udfff" for character in text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Attribute names are compared without case, so `userName` and `username` are one key said twice.
    if len({key.lower() for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS_MAX:
        raise ValueError("a number beyond reading")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number beyond reading")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _walk(value: Any) -> None:
    """Refuse what nests too deep, and texts that no column takes."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise Invalid(f"the body nests deeper than {DEPTH_MAX}")
        if isinstance(item, str) and not is_clean(item):
            raise Invalid("the body holds a control character or half a surrogate pair")
        if isinstance(item, dict):
            waiting.extend((key, depth + 1) for key in item)
            waiting.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            waiting.extend((child, depth + 1) for child in item)
