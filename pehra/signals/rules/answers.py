"""What a receiver's answer to a push means (RFC 8935, sections 2.2 to 2.4). Pure.

Taken, refused (this token, by a receiver that read it), or failed (this receiver, now): a refusal is tried for a day
because a receiver is mended more often than a token is wrong; a failure is tried until the stream is paused.
"""

from dataclasses import dataclass
from enum import StrEnum

from pehra.kernel import json_text
from pehra.signals.rules.requests import error_words


class Meaning(StrEnum):
    """What became of one push."""

    TAKEN = "taken"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one push, in words for whoever keeps the node."""

    meaning: Meaning
    words: str = ""


def outcome(*, status: int, media_type: str, body: bytes) -> Outcome:
    """Return what an answer means; nothing of it is believed but its status and, of 400, a short error."""
    if status in (200, 202, 204):  # 202 is the standard's; the others are what receivers say as well
        return Outcome(meaning=Meaning.TAKEN)
    if 300 <= status < 400:
        return Outcome(meaning=Meaning.FAILED, words=f"answered {status}: a redirect is not followed")
    if status == 400 and media_type == "application/json":
        return Outcome(meaning=Meaning.REFUSED, words=_error(body) or "answered 400")
    return Outcome(meaning=Meaning.FAILED, words=f"answered {status}")


def _error(body: bytes) -> str:
    try:
        return error_words(json_text.read_object(body, any_text=True))  # its words are cleaned there
    except json_text.NotJson:
        return ""
