"""In which order waiting mails are taken: each sender's first before anybody's second, small ones before large ones.

Five thousand bounces of one night, or one mail of two hundred megabytes, then wait for themselves and for nobody else.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LARGE_BYTES = 4 * 1024 * 1024
TURN_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A mail on the server: its number there, its size, and who it says it is from."""

    uid: str
    size: int
    sender: str


def in_turn(mails: Iterable[Waiting]) -> list[Waiting]:
    """Return mails in the order in which they are taken; as many as there were, each once."""
    seen: dict[str, int] = defaultdict(int)
    placed = []
    for place, mail in enumerate(mails):
        turn = seen[mail.sender]
        seen[mail.sender] += 1
        placed.append((mail.size > LARGE_BYTES, turn, mail.size if mail.size > LARGE_BYTES else 0, place, mail))
    return [mail for *_order, mail in sorted(placed, key=lambda one: one[:4])]
