"""When a signing key is published, when it signs, and when it may be forgotten. Pure.

A key carries one date, from which it signs; all else follows from the key after it. One that signs later is published
at once, so that every verifier knows it before it meets the first token; one that signs no more stays published for as
long as anything it signed may still be verified.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

ANNOUNCED_FOR = timedelta(days=1)  # longer than anybody may keep the published keys without asking again
VERIFIED_FOR = timedelta(days=30)  # the longest that a signed event may wait for a receiver, with room


@dataclass(frozen=True, kw_only=True)
class KeyDates:
    """A key by its name (`kid`), when it was made, and from when it signs."""

    kid: str
    made_at: datetime
    signs_from: datetime


@dataclass(frozen=True, kw_only=True)
class KeyStanding:
    """What a key is for at a moment: `next`, `signing`, `verifying` (until a day) or `retired`."""

    key: KeyDates
    standing: str
    until: datetime | None


def standings(keys: Iterable[KeyDates], *, at: datetime) -> list[KeyStanding]:
    """Return what each key is for at a moment, oldest first.

    When no key has begun to sign yet, the first of them does: a node with a clock that went back still signs.
    """
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.kid))
    begun = [key for key in ordered if key.signs_from <= at] or ordered[:1]
    found = []
    for key, after in zip_longest(ordered, ordered[1:]):
        until = None if after is None else after.signs_from + VERIFIED_FOR
        if key not in begun:
            found.append(KeyStanding(key=key, standing="next", until=None))
        elif key == begun[-1]:
            found.append(KeyStanding(key=key, standing="signing", until=until))
        else:
            standing = "verifying" if until is None or until > at else "retired"
            found.append(KeyStanding(key=key, standing=standing, until=until))
    return found
