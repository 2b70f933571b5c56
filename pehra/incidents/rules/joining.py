"""Which incidents may become one matter, and how two may be tied without becoming one. Pure tables and guards.

A merge is a tie and no move: the merged incident keeps every row and its own state, and reads as part of the other
until the merge is undone. So whatever is done in between stays where it was done, and undoing loses nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from pehra.kernel.refusals import Refusal
from pehra.kernel.sentences import Sentence

FAMILY_MAX = 200  # incidents that one matter may hold; more is a mistake of a program, not of a person


class JoiningRefused(Refusal):
    """These incidents cannot be tied, or untied, this way."""


class LinkKind(StrEnum):
    """What one incident is to another."""

    RELATED = "related"
    DUPLICATE_OF = "duplicate-of"
    CAUSED_BY = "caused-by"
    PART_OF = "part-of"
    SPLIT_FROM = "split-from"


INVERSE: Mapping[LinkKind, str] = {
    LinkKind.RELATED: "related",
    LinkKind.DUPLICATE_OF: "has-duplicate",
    LinkKind.CAUSED_BY: "caused",
    LinkKind.PART_OF: "contains",
    LinkKind.SPLIT_FROM: "split-into",
}
"""How the other side of a link reads."""

BY_HAND: frozenset[LinkKind] = frozenset(LinkKind) - {LinkKind.SPLIT_FROM}
"""Links that people make; that something was split off is written by the split."""


def require_mergeable(
    *,
    incident: UUID,
    into: UUID,
    incident_ended: bool,
    into_ended: bool,
    incident_merged: bool,
    into_merged: bool,
    exercises: tuple[bool, bool],
    family: int,
) -> None:
    """Refuse what cannot become part of the other; each refusal says what to do instead."""
    if incident == into:
        raise JoiningRefused(Sentence("an incident cannot be merged into itself"), field="into")
    if incident_merged:
        raise JoiningRefused(Sentence("this incident is merged already; undo that first"), field="into")
    if into_merged:
        raise JoiningRefused(
            Sentence("that incident is itself merged; merge into the one that it is part of"), field="into"
        )
    if incident_ended or into_ended:
        raise JoiningRefused(Sentence("only incidents that have not ended are merged; link them instead"), field="into")
    if exercises[0] != exercises[1]:
        raise JoiningRefused(Sentence("an exercise and a real incident are never one matter"), field="into")
    if family > FAMILY_MAX:
        raise JoiningRefused(Sentence("one matter holds at most %(n)s incidents", n=FAMILY_MAX), field="into")
