"""A directory's JSON: names count without case, no text holds a control character, and numbers are small."""

from typing import Any

from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid

DEPTH_MAX = 16
INTEGER_MAX = 10**18


def read_object(text: bytes) -> dict[str, Any]:
    """Return the JSON object that the bytes hold; refuse all else."""
    # Attribute names are compared without case, so `userName` and `username` are one key said twice.
    value = json_text.read_object(text, depth_max=DEPTH_MAX, any_case=True)
    _walk(value)
    return value


def is_clean(text: str) -> bool:
    """Whether a text holds neither a control character nor half a surrogate pair."""
    return all(character >= " " and character != "\x7f" and not "\ud800" <= character <= "\udfff" for character in text)


def _walk(value: Any) -> None:
    """Refuse texts and numbers that no column takes."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and not is_clean(item):
            raise Invalid("the body holds a control character")
        if isinstance(item, int) and abs(item) >= INTEGER_MAX:
            raise Invalid("the body holds a number of more than 18 digits")
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
