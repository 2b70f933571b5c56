"""How like two texts are: the share of their trigrams that is common. Pure, and the same in every script."""

import re
import unicodedata

COMPARED_CHARACTERS_MAX = 1_000
WORDS_MAX = 24
WORD_LETTERS_MIN = 4
LIKE_FROM = 20  # hundredths: below this two texts share a language and little else

_WORD = re.compile(r"\w+")


def trigrams(text: str) -> frozenset[str]:
    """Return the trigrams of a text's words, each word with two blanks before and one behind it."""
    folded = unicodedata.normalize("NFKC", text[:COMPARED_CHARACTERS_MAX]).casefold()
    padded = (f"  {word} " for word in _WORD.findall(folded))
    return frozenset(word[place : place + 3] for word in padded for place in range(len(word) - 2))


def likeness(one: frozenset[str], other: frozenset[str]) -> int:
    """Return in hundredths how much of both is common to both."""
    either = len(one | other)
    return 100 * len(one & other) // either if either else 0


def telling_words(text: str) -> list[str]:
    """Return the longest distinct words of a text: those by which others like it are looked for."""
    folded = unicodedata.normalize("NFKC", text[:COMPARED_CHARACTERS_MAX]).casefold()
    words = {word for word in _WORD.findall(folded) if len(word) >= WORD_LETTERS_MIN and not word.isdigit()}
    return sorted(words, key=lambda word: (-len(word), word))[:WORDS_MAX]
