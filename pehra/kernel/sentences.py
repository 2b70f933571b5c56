"""What the software says by itself, kept so that each reader reads it in their language.

A sentence made of facts cannot be translated once it is finished. So its pattern, which is English and the message of
the catalogue, and the facts that stand in it stay apart; a face puts them together. As a string it is the English one.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Self


class Sentence(str):
    """A sentence by its pattern and its facts: `Sentence("due on %(day)s", day="2026-11-27")`."""

    __slots__ = ("facts", "pattern")

    pattern: str
    facts: Mapping[str, Any]

    def __new__(cls, pattern: str, **facts: Any) -> Self:
        """Make the English sentence, and remember of what."""
        made = super().__new__(cls, pattern % facts if facts else pattern)
        made.pattern, made.facts = pattern, facts
        return made

    def kept(self) -> str:
        """Return it as it is kept: without facts its pattern, else both as JSON."""
        if not self.facts:
            return self.pattern
        return json.dumps({"sentence": self.pattern, "facts": dict(self.facts)}, ensure_ascii=False, sort_keys=True)


def from_kept(text: str) -> Sentence:
    """Return a sentence from how it was kept; no pattern begins as a JSON object does."""
    if not text.startswith("{"):
        return Sentence(text)
    said = json.loads(text)
    pattern, facts = said["sentence"], said["facts"]
    return Sentence(pattern, **facts)


def in_language(said: str, translate: Callable[[str], str]) -> str:
    """Return what is said as plain text in a reader's language; what people wrote stays as they wrote it."""
    if not isinstance(said, Sentence):
        return said
    pattern = translate(said.pattern)
    return pattern % said.facts if said.facts else pattern
