"""Observables in free text, as people and mails write them: defanged, glued to Urdu words, in brackets, in prose.

What is found is a proposal that a person confirms; so a doubtful word is left out rather than turned into a name.
Nothing is looked up or resolved, reserved networks and names count like all others (the drill lives in them), and the
time is linear in the text: every repetition begins at a border and has a limit. Each value is given once, at its first
place. Sources: those of `kernel.observables`, and its normal forms.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from pehra.kernel.observables import ObservableType, parse
from pehra.kernel.refusals import Invalid

TEXT_CHARACTERS_MAX = 1 << 20
FOUND_MAX = 2_000
URL_CHARACTERS_MAX = 4_096
LABELS_DROPPED_MAX = 2
SHORT_TOP_MAX = 3


@dataclass(frozen=True, kw_only=True)
class Found:
    """One observable: what it is, its normal form, and how and where the text writes it."""

    kind: ObservableType
    value: str
    written: str
    start: int


# Digits and dots of other keyboards, one character for one, so that a place in the text stays where it is.
_SAME_PLACE = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩۔。．：＠", "01234567890123456789...:@")

_DOT = r"(?:\.\]?|\\\.| ?[\[({] ?(?:\.|dot) ?[\])}] ?|\[\.)"
_AT = r"(?:@| ?[\[({] ?(?:@|at) ?[\])}] ?)"
_COLON = r"(?:\[:\]|:)"
_LATIN = r"a-z0-9_\u00c0-\u024f"
_OTHER = r"[^\W\x00-\u024f]"  # letters of scripts that names do not mix with Latin
_LABEL = rf"(?:[{_LATIN}](?:[{_LATIN}-]{{0,61}}[{_LATIN}])?|{_OTHER}(?:{_OTHER}|[\u064b-\u065f\u200c]){{0,61}})"
_NAME = rf"{_LABEL}(?:{_DOT}{_LABEL})+"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = rf"{_OCTET}(?:(?:{_DOT}| \. ){_OCTET}){{3}}"
# `[IPv6:2001:db8::1]` and `dst:2001:db8::1`, where the word before the colon cannot be a group of the address.
_BEFORE_V6 = r"(?:(?<![a-z0-9:.])|(?<=[g-z]:)|(?<=ip6:)|(?<=ipv6:)|(?<=source:))"
_HEX = r"[0-9a-f]{1,4}"
# A full stop without its blank: `10.0.0.1.Then`; names do not capitalise one label in the middle.
_SENTENCE = r"(?-i:\.[A-Z][a-z]{1,60})(?![a-z0-9_-]|\.[a-z0-9])"
_LENGTH = r"(?:/[0-9]{1,3}(?![0-9/]))?"

_HYPHEN = r"[-_\u2010-\u2014\u2212]"  # what word processors make of a hyphen

_SCHEME = r"(?:h(?:tt|xx|\*\*|xt|tx)ps?|f[tx]ps?|sftp|wss?|tcp|udp|ldaps?|rmi|smb)"
_SEPARATOR = r"(?:\[:\]|\[:/{1,2}\]|\(:\)|: (?=//)|:|\[://\])(?:\[/{1,2}\]|\\?/){0,2}"
# A mark with gaps around it (`portal [ . ] example`) belongs to the host, where a blank is no end.
_GAPPED = r" ?[\[({] ?(?:\.|dot) ?[\])}] ?(?=[^\s])"
# A list without blanks: `http://a.example/,http://b.example/`.
_NEXT = rf"[,;]{_SCHEME}{_SEPARATOR}(?<=[/\]])"
_URL = rf"(?<![a-z0-9]){_SCHEME}{_SEPARATOR}(?<=[/\]])"
_SIGN = r"[^\s<>\"`«»“”‘’‹›„|()\[\]{}\u0600-\u0605\u060c\u061b]"
# Read by pieces, so that a URL's text ends where it does, and is not read to its limit and cut.
_PIECE = re.compile(rf"{_GAPPED}|(?:(?!{_NEXT}){_SIGN})+|[()\[\]{{}}]", re.IGNORECASE)
# Both words in capitals, or every `at` of a sentence would make a mailbox.
_SPELT_OUT = rf"[a-z0-9][a-z0-9._+-]{{0,63}}(?-i: AT ){_LABEL}(?:(?-i: DOT ){_LABEL})+"

_PATTERN = re.compile(
    "|".join(
        (
            rf"(?P<url>{_URL})",
            rf"(?P<email>(?<![a-z0-9._%+=-])(?:mailto:)?[a-z0-9](?:[a-z0-9._%+='/-]{{0,62}}[a-z0-9_+=-])?{_AT}{_NAME})",
            rf"(?P<spelt>(?<![a-z0-9._%+=-]){_SPELT_OUT})",
            rf"(?P<v6>{_BEFORE_V6}(?:(?:{_HEX})?{_COLON}){{2,8}}(?:{_V4}|{_HEX})?{_LENGTH}(?![a-z0-9:]))",
            rf"(?P<v4>(?<![0-9a-z.]){_V4}{_LENGTH}(?!(?!{_SENTENCE})\.?[0-9a-z]|-[a-z0-9-]{{0,60}}\.[a-z]))",
            rf"(?P<cve>(?<![a-z0-9])CVE(?:{_HYPHEN}|[ :]{{1,2}})[0-9]{{4}}{_HYPHEN}[0-9]{{4,19}}(?![0-9]))",
            r"(?P<digest>(?<![a-z0-9_])(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![a-z0-9_]))",
            r"(?P<asn>(?<![a-z0-9.-])(?:(?-i:ASN?[ :#]{0,2})|as)(?:[0-9]{1,5}\.)?[0-9]{1,10}(?![a-z0-9.-]*[a-z0-9]))",
            rf"(?P<name>(?<![{_LATIN}@-])(?<![^\s*\"'(,;]\.){_NAME})",
        )
    ),
    re.IGNORECASE,
)

_FILE_TOPS = frozenset(
    {"zip", "mov", "md", "py", "name", "sh", "rs", "ps", "so", "java", "cab", "bat", "swift", "foo", "shell", "open"}
)
_WORD_TOPS = frozenset(
    {"it", "in", "is", "to", "so", "my", "me", "at", "be", "no", "as", "do", "am", "us", "and", "you"}
)
_VERSION = re.compile(
    r"(?<![a-z])(?:version|ver|release|firmware|build|update|rv|v|section|chapter|clause|n/a through|ورژن|نسخہ)"
    r"[ .:=\"']*$",
    re.IGNORECASE,
)
# What looks like an address after such a word names a mail or a record, not a mailbox.
_IDENTIFIER = re.compile(
    r"(?:[a-z]-id|message id|references|in-reply-to)(?::| of)?[ <\"']*(?:\s?<[^>\s]{1,200}>\s*){0,8}<?$", re.IGNORECASE
)
_IDENTIFIER_BEFORE_MAX = 300
_FINGERPRINT = re.compile(r"(?:fingerprint|key-?id|serial|commit|revision|changeset)[ :=]*$", re.IGNORECASE)
_FIELD = re.compile(r"^[a-z.-]+=(?=[^@])", re.IGNORECASE)
# What people write and the kernel, which guesses nothing, does not read.
_SPELLINGS = (
    (re.compile(r"^(ASN?)[ :#]+", re.IGNORECASE), r"\1"),
    (re.compile(r"^h(?:xt|tx)p", re.IGNORECASE), "hxxp"),
    (re.compile(r"^([^ ]{1,20}): (?=//)"), r"\1:"),
    (re.compile(r"^CVE[^0-9]+([0-9]{4})[^0-9]", re.IGNORECASE), r"CVE-\1-"),
    (re.compile(r" AT "), "@"),
    (re.compile(r" (?:DOT|\.) "), "."),
)
_BYTES = re.compile(r"(?:[0-9a-f]{2}:){7}[0-9a-f]{2}", re.IGNORECASE)  # a serial number or EUI-64
_NETMASKS = frozenset(str(ip_network(f"0.0.0.0/{length}").netmask) for length in range(8, 33))
_CLOSING = {")": "(", "]": "[", "}": "{"}
_URL_ENDS = ".,;:!?'\"*_~،؛۔؟…\u200e\u200f\u2066\u2067\u2068\u2069"


def observables_in(text: str, *, is_registrable: Callable[[str], bool]) -> tuple[Found, ...]:
    """Return the observables of a text in the order in which they stand there, each value once.

    `is_registrable` says whether a name in its normal form stands under a suffix under which names are given out.
    """
    found: dict[tuple[ObservableType, str], Found] = {}
    for one in _every(text[:TEXT_CHARACTERS_MAX], is_registrable):
        found.setdefault((one.kind, one.value), one)
        if len(found) == FOUND_MAX:
            break
    return tuple(found.values())


def _every(text: str, is_registrable: Callable[[str], bool]) -> Iterator[Found]:
    plain = text.translate(_SAME_PLACE)
    place = 0
    while match := _PATTERN.search(plain, place):
        kind, start, place = str(match.lastgroup), match.start(), match.end()
        written = match[0].strip()
        if kind == "url":
            written = text[start : _url_end(plain, place)].rstrip(_URL_ENDS)
            place = max(place, start + len(written))
        if not _reads_as(kind, written, plain, start, match.end()):
            continue
        if kind == "email" and (label := _FIELD.match(written)):
            written, start = written[label.end() :], start + label.end()
        one = _named(written, is_registrable) if kind in {"name", "email"} else _read(written)
        if one is not None and _is_worth(one):
            value, written = one[1], one[2]
            yield Found(kind=one[0], value=value, written=text[start : start + len(written)], start=start)


_Read = tuple[ObservableType, str, str]


def _read(written: str) -> _Read | None:
    """Return type, normal form and spelling of what the text writes, or nothing where it is none."""
    candidate = written
    for spelling, plainly in _SPELLINGS:
        candidate = spelling.sub(plainly, candidate)
    if ":\\/" in candidate:  # JSON may escape the solidus
        candidate = candidate.replace("\\/", "/")
    try:
        observable = parse(candidate)
    except Invalid:
        return _as_network(written)
    return observable.type, observable.value, written


def _as_network(written: str) -> _Read | None:
    """Return the network of a prefix written with host bits; in prose that is how people say `the net of`."""
    try:
        network = ip_network(parse(written.partition("/")[0]).value + "/" + written.partition("/")[2], strict=False)
    except (Invalid, ValueError):
        return None
    return ObservableType.PREFIX, str(network), written


def _named(written: str, is_registrable: Callable[[str], bool]) -> _Read | None:
    """Return the name, without the words that a missing blank after a full stop has glued to it."""
    for _ in range(LABELS_DROPPED_MAX + 1):
        one = _read(written)
        if one is None or one[0] not in {ObservableType.DOMAIN, ObservableType.EMAIL}:
            return None
        # The @ says that a mailbox is meant, under whatever name; a bare word with a dot must stand under a known one.
        is_name = (one[0] is ObservableType.EMAIL and written.isascii()) or _is_known(one[1], is_registrable)
        if is_name and not _ends_in_a_word(written):
            return one
        head, _, last = written.rpartition(".")
        begins_a_sentence = last.isalpha() and (last.istitle() or not last.isascii())
        if not begins_a_sentence or "." not in head:
            return None
        written = head
    return None


def _ends_in_a_word(written: str) -> bool:
    """Whether the last label begins a sentence (`restored.It`, `gai.Report`), which names do not do.

    Of short ones only words do: `Portal.Com` and `portal.Pk` are what a telephone makes of a name.
    """
    head, _, last = written.rpartition(".")
    is_a_word = len(last) > SHORT_TOP_MAX or last.lower() in _WORD_TOPS
    return last.istitle() and is_a_word and not head.rpartition(".")[2].istitle()


def _is_known(name: str, is_registrable: Callable[[str], bool]) -> bool:
    top = name.rpartition(".")[2]
    if top in _FILE_TOPS and not name.startswith("www."):
        return False
    return is_registrable(name)


def _is_worth(one: _Read) -> bool:
    kind, value, _ = one
    if kind is ObservableType.ASN:
        return value != "AS0"  # RFC 7607: it names no network; anonymised reports write it
    if kind in {ObservableType.MD5, ObservableType.SHA1}:
        return not value.isdigit()
    return value not in {"::", "0.0.0.0/0", "::/0"} and value not in _NETMASKS


def _reads_as(kind: str, written: str, plain: str, start: int, end: int) -> bool:
    """Whether what stands around a candidate lets it be one: no version, no part of a path or program, no mail's id."""
    before, after = plain[max(0, start - 16) : start], plain[end : end + 2]
    match kind:
        case "v4":
            return not _VERSION.search(before)
        case "v6":
            return any(sign.isdigit() for sign in written) and not _BYTES.fullmatch(written)
        case "name":
            in_a_path = before[-1:] in {"/", "\\"} and before[-2:] not in {"//", "\\\\"}
            return (
                not in_a_path and after[:1] not in {"(", "@", "$"} and not (after[:1] == "=" and written.count(".") < 2)
            )
        case "email":
            return not _IDENTIFIER.search(plain[max(0, start - _IDENTIFIER_BEFORE_MAX) : start])
        case "spelt":
            return written.rpartition(" ")[2].lower() not in _WORD_TOPS
        case "digest":
            return not _FINGERPRINT.search(before)
        case "asn":
            digits = sum(sign.isdigit() for sign in written)
            return digits >= 3 or written[:3].upper() == "ASN"
    return True


def _url_end(plain: str, start: int) -> int:
    """Return where a URL ends whose scheme ends at `start`: at the first bracket that it does not open itself."""
    opened: list[str] = []
    place, limit = start, start + URL_CHARACTERS_MAX
    while place < limit and (piece := _PIECE.match(plain, place, limit)):
        sign = piece[0]
        if sign in _CLOSING.values():
            opened.append(sign)
        elif sign in _CLOSING and (not opened or opened.pop() != _CLOSING[sign]):
            break
        place = piece.end()
    return place
