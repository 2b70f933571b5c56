"""What is known of an incident's attributes, when somebody says more and when several incidents are one matter.

An attribute is known to hold, known not to, or not known yet. What nobody said is never taken for "no": a duty that
counts on it would be dropped, and nobody would have decided so.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from pehra.law.api import Attributes

WIDESPREAD = "widespread"
"""The attribute that is counted, and not said."""


def told(said: Mapping[str, bool | None], *, known: Attributes, words: Collection[str]) -> Attributes:
    """Return what is known after somebody spoke of some attributes; None takes back what was said of one.

    Of a list that was complete the profile's other `words` stay denied.
    """
    before = dict.fromkeys(known.present, True) | dict.fromkeys(_denied(known, words), False)
    return Attributes.known({**before, **said})


def absent(known: Attributes, words: Collection[str]) -> tuple[str, ...]:
    """Return the attributes that an incident is known not to have, in order."""
    return tuple(sorted(_denied(known, words)))


def joined(first: Attributes, *others: Attributes) -> Attributes:
    """Return what is known of incidents that are one matter.

    What one of them has, the whole has. Only the first denies for the whole, since only it is asked while they are
    one; a part that denies something says nothing of the others.
    """
    present = first.present.union(*(part.present for part in others))
    return Attributes(present=present, absent=first.absent - present, is_complete=first.is_complete)


def uncounted(known: Attributes) -> Attributes:
    """Return the same without that it is widespread: true of the whole, and of none of those that it is spread over."""
    return replace(known, present=known.present - {WIDESPREAD}, absent=known.absent - {WIDESPREAD})


def _denied(known: Attributes, words: Collection[str]) -> frozenset[str]:
    return frozenset(words) - known.present if known.is_complete else known.absent
