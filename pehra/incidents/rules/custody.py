"""The custody log of a piece of evidence: who had it in hand, when, and why, each entry tied to the one before.

An entry's digest is SHA-256 over the canonical JSON (RFC 8785) of what it says, its place and the digest before it, so
that an exported log can be checked by anybody: nothing left out, nothing moved, nothing reworded. Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pehra.kernel.canonical import canonical

BEGINNING = ""  # what stands before the first entry
SAID = ("position", "act", "at", "by", "by_name", "to", "reason", "facts", "previous")


class Act(StrEnum):
    """What is done with evidence, each with its own line in the log."""

    RECEIVED = "received"
    GIVEN_OUT = "given-out"
    HANDED_OVER = "handed-over"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    CHECKED = "checked"
    STAMPED = "stamped"
    RETENTION_SET = "retention-set"
    HELD = "held"
    HOLD_LIFTED = "hold-lifted"
    DISPOSAL_ASKED = "disposal-asked"
    DISPOSAL_DECLINED = "disposal-declined"
    DISPOSAL_WITHDRAWN = "disposal-withdrawn"
    DISPOSAL_UNANSWERED = "disposal-unanswered"
    DESTROYED = "destroyed"
    ERASED = "erased"


def digest(said: Mapping[str, Any]) -> str:
    """Return the digest of an entry as it is exported."""
    return hashlib.sha256(canonical({name: said[name] for name in SAID})).hexdigest()


def first_wrong(entries: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the place of the first entry that is not what was written, or does not follow; None when all do."""
    before = BEGINNING
    for place, entry in enumerate(entries, start=1):
        if entry.get("position") != place or entry.get("previous") != before or set(SAID) - set(entry):
            return place
        before = digest(entry)
        if entry.get("digest") != before:
            return place
    return None
