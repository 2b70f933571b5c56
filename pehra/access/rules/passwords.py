"""What makes a password one that nobody guesses: its length, and that it is not what everybody would try.

After NIST SP 800-63B-4 and OWASP ASVS 5.0, 6.2: length counts, composition does not, nothing expires by itself. What
is common is the caller's to know; here is what is about the person.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

CHARACTERS_MIN = 12
CHARACTERS_MAX = 256  # enough for any sentence; hashing a megabyte would be a way to keep the machine busy
WORD_CHARACTERS_MIN = 4  # shorter pieces of a name are in many a good password
OWN_WORDS = frozenset({"pehra"})
_PIECES = re.compile(r"[\W_]+")
_ROUND = frozenset({("9", "0"), ("0", "9"), ("z", "a")})  # where an order begins again


def words_about(*texts: str) -> frozenset[str]:
    """Return the words that somebody who knows the person would try: pieces of names and addresses."""
    pieces = (piece for text in texts for piece in _PIECES.split(_plain(text)))
    return OWN_WORDS | {piece for piece in pieces if len(piece) >= WORD_CHARACTERS_MIN}


def is_about(password: str, *, words: Iterable[str]) -> bool:
    """Whether little is left of a password when the person's own words are taken out of it."""
    left = _plain(password)
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return len(left) < CHARACTERS_MIN // 2


def is_monotonous(password: str) -> bool:
    """Whether a password is a few characters or one word again and again, or characters in their order."""
    plain = _plain(password)
    steps = {ord(after) - ord(before) for before, after in pairwise(plain) if (before, after) not in _ROUND}
    return len(set(plain)) < CHARACTERS_MIN // 3 or len(set(plain.split())) == 1 < len(plain.split()) or len(steps) <= 1


def heart_of(password: str) -> str:
    """Return a password without the digits and signs around it: what somebody puts there, everybody puts there."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", _plain(password))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
