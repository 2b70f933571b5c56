"""The file that the offline form saves: filled in without network, handed in later, by whoever carries it.

`{"pehra-form": 1, "content": "…", "sha256": "…"}`: the content is JSON as text, and the hash is over its UTF-8 bytes,
so that a file that was damaged on a stick or changed on its way is told from a whole one, however its outside was
reformatted. The hash proves no writer: what the file says is its writer's word, like any form's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid

MARK, VERSION = "pehra-form", 1
FILE_BYTES_MAX = 512 * 1024
QUESTIONS_MAX, VALUES_MAX = 200, 60
REPORTER = ("name", "email", "phone", "anonymous")
_OUTER = frozenset({MARK, "content", "sha256"})
_INNER = frozenset({"form", "profile", "version", "language", "answers", "reporter"})


class Unusable(StrEnum):
    """Why a file cannot be taken as a form."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"
    NOT_A_FORM = "not-a-form"
    NEWER = "newer"
    DAMAGED = "damaged"
    OTHER_COUNTRY = "other-country"


class FileRefused(Invalid):
    """The file is no form that can be read; `reason` says why, `part` where."""

    def __init__(self, reason: Unusable, part: str = "") -> None:
        super().__init__(f"this file cannot be taken as a form: {reason.value} {part}".strip(), field="file")
        self.reason = reason
        self.part = part


@dataclass(frozen=True, kw_only=True)
class OfflineForm:
    """A form that was filled in offline: what was typed, by question, and who says they typed it."""

    form: str
    profile: str
    version: str
    language: str
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reporter: Mapping[str, str] = field(default_factory=dict)


def read(raw: bytes, *, profile: str) -> OfflineForm:
    """Return the form that a file holds; refuse what is no such file, or not as it was saved."""
    if not raw.strip():
        raise FileRefused(Unusable.EMPTY)
    if len(raw) > FILE_BYTES_MAX:
        raise FileRefused(Unusable.TOO_LARGE, f"{FILE_BYTES_MAX // 1024} KiB")
    outer = _object(_json(raw), _OUTER, "file")
    if outer.get(MARK) != VERSION:
        raise FileRefused(Unusable.NEWER if isinstance(outer.get(MARK), int) else Unusable.NOT_A_FORM, MARK)
    content = _text(outer.get("content"), "content")
    if sha256(content.encode("utf-8", errors="surrogatepass")).hexdigest() != _text(outer.get("sha256"), "sha256"):
        raise FileRefused(Unusable.DAMAGED)
    inner = _object(_json(content), _INNER, "content")
    if _text(inner.get("profile"), "profile") != profile:
        raise FileRefused(Unusable.OTHER_COUNTRY, _text(inner.get("profile"), "profile")[:40])
    return OfflineForm(
        form=_text(inner.get("form"), "form")[:64],
        profile=profile,
        version=_text(inner.get("version"), "version")[:64],
        language=_text(inner.get("language"), "language")[:16],
        typed=_answers(inner.get("answers")),
        reporter=_reporter(inner.get("reporter")),
    )


def _json(text: bytes | str) -> Any:
    try:
        # A browser may cut a text in the middle of a character, at the end of a field: no reason to lose a report.
        return json_text.read(text, any_text=True)
    except json_text.NotJson as error:
        raise FileRefused(Unusable.NOT_JSON, error.message) from error


def _object(value: Any, keys: frozenset[str], part: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != keys:
        raise FileRefused(Unusable.NOT_A_FORM, part)
    return value


def _text(value: Any, part: str) -> str:
    if not isinstance(value, str):
        raise FileRefused(Unusable.NOT_A_FORM, part)
    return value


def _answers(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or len(value) > QUESTIONS_MAX:
        raise FileRefused(Unusable.NOT_A_FORM, "answers")
    for name, words in value.items():
        if not isinstance(words, list) or len(words) > VALUES_MAX or not all(isinstance(word, str) for word in words):
            raise FileRefused(Unusable.NOT_A_FORM, f"answers.{name[:64]}")
    return {name: tuple(words) for name, words in value.items()}


def _reporter(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not set(value) <= set(REPORTER):
        raise FileRefused(Unusable.NOT_A_FORM, "reporter")
    return {name: _text(text, f"reporter.{name}") for name, text in value.items()}
