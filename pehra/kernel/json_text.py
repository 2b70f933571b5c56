"""JSON from outside, read strictly: what is doubtful is refused, and the refusal says where it stands.

RFC 8259 leaves it to the reader what becomes of a name that stands twice, of a number beyond its range and of half a
surrogate pair, so two programs may read two things out of one document; RFC 7493 (I-JSON) says what a sender must not
write. Here each of them is a refusal at the door, never a fault further in, where the database or the stack would meet
it. Only UTF-8 is read, with or without a byte order mark.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pehra.kernel.refusals import Invalid

DEPTH_MAX = 64
# Any whole number of this length still fits a float, so that no sum or comparison further in breaks; the serial
# numbers of certificates, the longest that programs write, have 49.
NUMBER_LENGTH_MAX = 300
_SHOWN_MAX = 60
_STEPS_SHOWN_MAX = 12


class NotJson(Invalid):
    """This is no JSON, or none that can be read in one way only; the message says what is wrong, and where."""


@dataclass(frozen=True)
class _Doubtful:
    """Stands in what was read for what must not be there, until its place is known."""

    why: str


def read(
    raw: bytes | str, *, field: str = "", depth_max: int = DEPTH_MAX, any_case: bool = False, any_text: bool = False
) -> Any:
    """Return what a JSON document says; refuse a doubtful one with the place of what is wrong, as of `field`.

    `any_case` takes names that differ in case alone for the same. `any_text` lets NUL and half characters pass: for
    documents of programs, whose texts are cleaned one by one when they are taken.
    """
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
        said = (_IN_ANY_CASE if any_case else _AS_WRITTEN).decode(text)
    except UnicodeDecodeError as error:
        raise NotJson(f"this is not JSON: no UTF-8 text from byte {error.start + 1} on", field=field) from error
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]}".rstrip(": ").removesuffix(" at")
        raise NotJson(f"this is not JSON: {why} at line {error.lineno} column {error.colno}", field=field) from error
    except RecursionError as error:
        raise NotJson(f"this is nested deeper than {depth_max} levels", field=field) from error
    _require_certain(said, field, depth_max=depth_max, any_text=any_text)
    return said


def read_object(raw: bytes | str, *, field: str = "", **rules: Any) -> dict[str, Any]:
    """Return what a JSON document says that is one object; refuse everything else."""
    said = read(raw, field=field, **rules)
    if not isinstance(said, dict):
        raise NotJson("a JSON object is wanted, which begins with { and ends with }", field=field)
    return said


def _pairs(same: Callable[[str], str]) -> Callable[[list[tuple[str, Any]]], Any]:
    def once(pairs: list[tuple[str, Any]]) -> Any:
        if len({same(name) for name, _ in pairs}) == len(pairs):
            return dict(pairs)
        names: set[str] = set()
        for name, _ in pairs:
            if same(name) in names:
                break
            names.add(same(name))
        return _Doubtful(f"the key {_shown(name)!r} stands twice")

    return once


def _whole(text: str) -> Any:
    return int(text) if len(text) <= NUMBER_LENGTH_MAX else _Doubtful("a number is too long to be one")


def _broken(text: str) -> Any:
    number = float(text) if len(text) <= NUMBER_LENGTH_MAX else float("inf")
    return number if abs(number) != float("inf") else _Doubtful(f"the number {_shown(text)} is beyond reading")


def _constant(text: str) -> Any:
    return _Doubtful(f"{text} is no number of JSON")


def _decoder(same: Callable[[str], str]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_pairs(same), parse_int=_whole, parse_float=_broken, parse_constant=_constant
    )


_AS_WRITTEN, _IN_ANY_CASE = _decoder(str), _decoder(str.lower)


def _require_certain(said: Any, field: str, *, depth_max: int, any_text: bool) -> None:
    """Walk through what was read, in its order, without the stack: its depth is the writer's."""
    waiting: list[tuple[Any, Any, int]] = [(said, None, 1)]  # a value, the steps to it as links, its depth
    while waiting:
        value, steps, depth = waiting.pop()
        match value:
            case _Doubtful():
                raise NotJson(f"this is not JSON to rely on: {value.why}{_place(steps)}", field=field)
            case str() if not any_text:
                _require_text(value, steps, field)
            case dict() | list():
                if depth > depth_max:
                    raise NotJson(f"this is nested deeper than {depth_max} levels{_place(steps)}", field=field)
                inner = value.items() if isinstance(value, dict) else enumerate(value)
                found = [(each, (steps, step), depth + 1) for step, each in inner]
                waiting.extend(reversed(found))
                if isinstance(value, dict) and not any_text:
                    for name in value:
                        _require_text(name, steps, field)


def _require_text(text: str, steps: Any, field: str) -> None:
    wrong = "a text holds a NUL, which no text needs" if "\0" in text else ""
    if not wrong and not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        wrong = "a text holds half a character (a lone surrogate)"
    if wrong:
        raise NotJson(f"this is not JSON to rely on: {wrong}{_place(steps)}", field=field)


def _place(steps: Any) -> str:
    """Return where something stands, such as `, in objects[3].name`; nothing for the document itself."""
    found: list[str] = []
    while steps is not None:
        steps, step = steps
        if isinstance(step, int):
            found.append(f"[{step}]")
        else:
            found.append(f".{step}" if step.isidentifier() and len(step) <= _SHOWN_MAX else f"[{_shown(step)!r}]")
    if not found:
        return ""
    # The last steps tell most: the first of a deep one are left out.
    more = "…" if len(found) > _STEPS_SHOWN_MAX else ""
    return f", in {more}{''.join(reversed(found[:_STEPS_SHOWN_MAX])).lstrip('.')}"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
