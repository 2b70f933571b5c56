"""Bodies as programs send them: JSON, strictly.

Refused: a key given twice, a number that is none, a text that no column holds. A body is small: the door has refused a
large one unread.
"""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

NESTING_MAX = 32


class StrictParser(Parser):
    """Reads a body once and well."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return a JSON body; raise ValueError for one that is doubtful."""
        said = json.loads(request.body, object_pairs_hook=_without_doubles, parse_constant=_no_number)
        _require_plain(said, NESTING_MAX)
        return said  # type: ignore[no-any-return]


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a key stands twice")
    return said


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _require_plain(value: Any, depth: int) -> None:
    """Refuse a NUL and half of a surrogate pair, which no column takes, and what is nested beyond reading."""
    if depth < 0:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("a NUL is in a text")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _require_plain(name, depth)
            _require_plain(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _require_plain(inner, depth - 1)
