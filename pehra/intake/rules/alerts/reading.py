"""What every alert is read with: fields of a kind, tags, moments. One of the wrong kind is a refusal that names it."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pehra.intake.rules.saying import ANSWER_LENGTH_MAX
from pehra.kernel import rsit
from pehra.kernel.markings import Tlp, parse_tlp
from pehra.kernel.refusals import Invalid

TAGS_MAX = 200
ITEMS_MAX = 2_000
_MACHINE_TAG = re.compile(r'rsit:(?P<taxonomy>[a-z-]+)(?:="?(?P<kind>[a-z0-9-]+)"?)?', re.IGNORECASE)
_TLP_TAG = re.compile(r"tlp:[a-z+_ -]+", re.IGNORECASE)
_EARLIEST, _LATEST = 0, 253_402_300_799_000  # milliseconds of the calendar's last second


def text(body: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    """Return a text field; refuse another kind of value, and an absent one that is needed."""
    value = body.get(name)
    if value is None or value == "":
        if needed:
            raise Invalid(f"an alert needs {name}", field=name)
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid(f"{name} is a text", field=name)
    return str(value)


def number(body: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number, or None; refuse another kind of value."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise Invalid(f"{name} is a whole number", field=name)
    return int(value)


def items(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects; refuse another kind of value."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Invalid(f"{name} is a list of objects", field=name)
    if len(value) > ITEMS_MAX:
        raise Invalid(f"{name} has at most {ITEMS_MAX} members", field=name)
    return value


def tags(value: Any, name: str = "tags") -> list[str]:
    """Return tags, given as a list or as one text with commas."""
    if value is None:
        return []
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said) or len(said) > TAGS_MAX:
        raise Invalid(f"{name} are at most {TAGS_MAX} texts", field=name)
    return [each.strip() for each in said if each.strip()]


def category(said: Iterable[str]) -> tuple[str, str]:
    """Return RSIT class and type that a machine tag names, such as `rsit:fraud="phishing"`."""
    for tag in said:
        found = _MACHINE_TAG.fullmatch(tag)
        if found and rsit.is_known(found["taxonomy"].lower(), (found["kind"] or "").lower()):
            return found["taxonomy"].lower(), (found["kind"] or "").lower()
    return "", ""


def tlp_tag(said: Iterable[str]) -> Tlp | None:
    """Return the strictest TLP that a tag names."""
    marks = []
    for tag in said:
        if _TLP_TAG.fullmatch(tag):
            try:
                marks.append(parse_tlp(tag))
            except Invalid:
                continue
    return max(marks, default=None)


def of_milliseconds(value: int | None, name: str) -> datetime | None:
    """Return the moment that milliseconds since 1970 name."""
    if value is None:
        return None
    if not _EARLIEST <= value <= _LATEST:
        raise Invalid(f"{name} is no moment in milliseconds since 1970", field=name)
    return datetime.fromtimestamp(value / 1000, tz=UTC)


def answers(**said: Any) -> dict[str, str]:
    """Return what has no place of its own in a report, as answers; what is not said is left out."""
    return {name: str(value)[:ANSWER_LENGTH_MAX] for name, value in said.items() if value not in (None, "", [])}
