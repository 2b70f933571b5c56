"""What may be answered by a one-time link, and what each answer means: one table, read by page, guard, docs and tests.

An answer is somebody's word and not a proof: it moves what the table says, never closes anything, and can be corrected
for as long as the link holds.
"""

from dataclasses import dataclass
from enum import StrEnum

from pehra.kernel.refusals import Invalid

NOTE_CHARACTERS_MAX = 4_000
ANSWERS_A_LETTER_MAX = 20  # a first one and its corrections


class Choice(StrEnum):
    """What somebody says to a letter."""

    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"
    FALSE_POSITIVE = "false-positive"
    NEED_HELP = "need-help"


class Turn(StrEnum):
    """Who has to do something in a thread."""

    US = "us"
    THEM = "them"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an answer leads to: whose turn it then is, whether our team is told, and what becomes of findings."""

    turn: Turn
    tells_team: bool = False
    is_urgent: bool = False
    marks_fixed: bool = False
    disputes: bool = False


MEANINGS: dict[Choice, Meaning] = {
    Choice.ACKNOWLEDGED: Meaning(turn=Turn.THEM),
    Choice.FIXED: Meaning(turn=Turn.US, marks_fixed=True),
    Choice.FALSE_POSITIVE: Meaning(turn=Turn.US, tells_team=True, disputes=True),
    Choice.NEED_HELP: Meaning(turn=Turn.US, tells_team=True, is_urgent=True),
}


def parse_choice(text: str) -> Choice:
    """Read a choice by its name; refuse another word."""
    try:
        return Choice(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is no answer; one of: {', '.join(Choice)}", field="choice") from error
