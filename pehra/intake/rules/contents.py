"""What a file is, by its first bytes. Its name and the type that its sender claims are words."""

import filetype

FIRST_BYTES = 8_192
UNKNOWN = "application/octet-stream"


def media_type_of(content: bytes, *, claimed: str = "") -> str:
    """Return the media type that the bytes say, or the claimed one where they say nothing; never a type with words."""
    guessed = filetype.guess_mime(content[:FIRST_BYTES])
    if guessed is not None:
        return str(guessed)
    named = claimed.partition(";")[0].strip().lower()
    known = named.isascii() and named.count("/") == 1 and len(named) <= 127 and " " not in named and named.isprintable()
    return named if known else UNKNOWN
