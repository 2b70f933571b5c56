"""What people may decide about a report, and which of it can be taken back: one table."""

from enum import StrEnum

from pehra.kernel.refusals import Invalid


class Act(StrEnum):
    """A decision in triage."""

    OPEN = "open"
    JOIN = "join"
    MERGE = "merge"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    ASSIGN = "assign"
    HAND_OVER = "hand-over"


# Others work on an incident that was opened, and letters went out: it is not undone but ended by its own states.
UNDOABLE = frozenset(Act) - {Act.OPEN}
# One incident a report, or one for all of them, is a decision about each: never done to all that match a filter.
IN_BULK = frozenset(Act) - {Act.OPEN}
NEEDS_REASON = frozenset({Act.DISMISS, Act.MERGE, Act.REOPEN, Act.HAND_OVER})


def parse_act(text: str) -> Act:
    """Read an act by its name; refuse another word."""
    try:
        return Act(text.strip().lower())
    except ValueError as error:
        raise Invalid(f"{text!r} is nothing that is done to a report; one of: {', '.join(Act)}", field="act") from error
