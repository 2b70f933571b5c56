"""JSON of others, read strictly: no key twice, no number that is none, not nested beyond reading."""

import json
from typing import Any

from pehra.incidents.rules.documents import DEPTH_MAX, Unreadable


def parsed(raw: bytes) -> Any:
    """Return what a file says; refuse one that is doubtful."""
    try:
        said = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable("this is not JSON as we read it", field="document") from error
    _require_shallow(said)
    return said


def object_or_none(raw: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None for anything else."""
    try:
        said = parsed(raw)
    except Unreadable:
        return None
    return said if isinstance(said, dict) else None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a key stands twice")
    return said


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _require_shallow(said: Any) -> None:
    level, depth = [said], 0
    while level:
        if depth > DEPTH_MAX:
            raise Unreadable("nested too deep", field="document")
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1
