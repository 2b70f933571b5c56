"""Header lines of a mail as they came, made readable: encoded words, addresses, Message-IDs, moments.

Nothing here fails on what a stranger can write: what cannot be decoded is shown with replacement characters, what is no
address is none. Every text is cut to a named limit before it is looked at, and no control character survives.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime

VALUE_CHARACTERS_MAX = 16 * 1024
HEADERS_MAX = 1_000
IDS_MAX = 100
ID_CHARACTERS_MAX = 320
ADDRESS_CHARACTERS_MAX = 254
NAME_CHARACTERS_MAX = 200
SUBJECT_CHARACTERS_MAX = 500

# Control characters, other ends of lines, and the marks that turn the order of what is read.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,190}")
_ANGLED = re.compile(r"<\s*([^\s<>\"]{1,64}@[^\s<>\"]{1,190})\s*>")
_ID = re.compile(r"<([^<>\s]{1,318})>")
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
Headers = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A name and an address, either of which may be empty."""

    name: str = ""
    address: str = ""

    @property
    def domain(self) -> str:
        """Return what stands behind the at sign, in small letters."""
        return self.address.rpartition("@")[2].lower()


def clean(text: str, limit: int) -> str:
    """Return a text in one line without controls, at most so long."""
    return " ".join(_CONTROLS.sub(" ", text).split())[:limit]


def raw_text(value: str) -> str:
    """Return the text of a header line whose bytes above ASCII were kept as surrogates."""
    octets = value[:VALUE_CHARACTERS_MAX].encode("utf-8", "surrogateescape")
    return decoded(octets, "")


def decoded(octets: bytes, charset: str) -> str:
    """Return bytes as text by the charset that was said, else UTF-8, else the one in which every byte is something."""
    for name in (charset, "utf-8"):
        if name and _is_text(name):
            try:
                return octets.decode(name)
            except (UnicodeError, ValueError):
                if name == charset:
                    return octets.decode(name, "replace")
    return octets.decode("cp1252", "replace")


def _is_text(charset: str) -> bool:
    """Whether Python knows a charset as one of text: `zip` is a codec as well, and `idna` one of quadratic cost."""
    if charset.lower().replace("_", "-") in _NO_CHARSETS:
        return False
    try:
        return isinstance(b"x".decode(charset, "replace"), str)
    except (LookupError, UnicodeError, ValueError):
        return False


def words(value: str, limit: int = SUBJECT_CHARACTERS_MAX) -> str:
    """Return a header's value with its encoded words (RFC 2047) decoded, in one line."""
    text = raw_text(_FOLD.sub("", value[:VALUE_CHARACTERS_MAX]))
    if "=?" not in text:
        return clean(text, limit)
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return clean(text, limit)
    return clean("".join(_piece(piece, charset) for piece, charset in pieces), limit)


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # What stands between encoded words comes back as bytes of the raw line, by `raw-unicode-escape`.
    return decoded(piece, charset) if charset else piece.decode("raw-unicode-escape", "replace")


def mailbox(value: str) -> Mailbox:
    """Return the first mailbox of a header line. The address is read before the name is decoded, which could forge one.

    An address in angle brackets counts before one in the name: `ceo@bank.example <x@evil.example>` is from x.
    """
    text = raw_text(_FOLD.sub("", value[:VALUE_CHARACTERS_MAX]))
    angled = _ANGLED.search(text)
    if angled:
        name = text[: angled.start()].strip().strip('"')
        return Mailbox(name=words(name, NAME_CHARACTERS_MAX), address=_address(angled[1]))
    bare = _ADDRESS.search(text)
    return Mailbox(address=_address(bare[0])) if bare else Mailbox(name=words(text, NAME_CHARACTERS_MAX))


def _address(text: str) -> str:
    local, _, domain = clean(text, ADDRESS_CHARACTERS_MAX).rpartition("@")
    return f"{local}@{domain.rstrip('.').lower()}"


def addresses(values: Sequence[str]) -> tuple[str, ...]:
    """Return every address that header lines name, each once, in their order."""
    text = raw_text(" ".join(values)[:VALUE_CHARACTERS_MAX])
    return tuple(dict.fromkeys(_address(found) for found in _ADDRESS.findall(text)[:IDS_MAX]))


def ids(values: Sequence[str]) -> tuple[str, ...]:
    """Return the Message-IDs of header lines with their brackets, each once; the nearest ones of a long thread."""
    found: dict[str, None] = {}
    for value in values:
        text = raw_text(value)
        found |= {f"<{clean(one, ID_CHARACTERS_MAX)}>": None for one in _ID.findall(text)}
    return tuple(found)[-IDS_MAX:]


def moment(value: str) -> datetime | None:
    """Return the moment that a Date line names, where it names one; without a zone it is taken as UTC."""
    try:
        said = parsedate_to_datetime(clean(raw_text(value), 200))
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError):
        return None


def first(headers: Headers, name: str) -> str:
    """Return the first value of a header line, or nothing."""
    return next(iter(headers.get(name, ())), "")


def parameter(value: str) -> str:
    """Return what stands before the first semicolon, in small letters."""
    return clean(raw_text(value).partition(";")[0], 200).lower()
