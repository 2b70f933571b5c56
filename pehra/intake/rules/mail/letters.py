"""A mail taken apart: its header, the text a person wrote, and its files, whatever its sender wanted.

Read by the standard library with its oldest policy, which fails on none of what was tried (docs/use/mail.md says what).
What would cost too much is refused before it is parsed, as *unreadable*: a depth or number of parts, a header line, a
product of boundaries and lines. The raw mail is kept by whoever asks, so that refusing to read it loses nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import Message

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail import plain_text
from pehra.intake.rules.mail.headers import Mailbox
from pehra.kernel.refusals import Refusal

PARTS_MAX = 1_000
FILES_MAX = 200
NAME_CHARACTERS_MAX = 200
PARAMETERS_BYTES_MAX = 8 * 1024  # of one line that describes a part: the library splits it in quadratic time
PARAMETERS_COST_MAX = 1 << 28
BOUNDARY_LINES_MAX = 40_000_000  # boundaries times lines: the library holds each line against each open boundary
DEFECTS_MAX = 20

_SEALED = ("multipart/encrypted", "multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime")
_ARMOR = (b"-----BEGIN PGP MESSAGE-----", b"-----BEGIN PGP SIGNED MESSAGE-----")
_DESCRIBES = re.compile(rb"(?im)^content-(?:type|disposition)[ \t]*:")
_LINE_END = re.compile(rb"\r?\n(?![ \t])")
_BOUNDARY = re.compile(rb"(?i)boundary")


class Unreadable(Refusal):
    """The mail cannot be taken apart within the limits; it is kept as it came."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One leaf: what it says it is, its name where it has one, and its bytes. `is_body`: text to read, no file."""

    media_type: str
    name: str
    content: bytes = field(repr=False)
    charset: str = ""
    is_body: bool = False

    @property
    def text(self) -> str:
        """Return the bytes as text."""
        return lines.decoded(self.content, self.charset)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail that was taken apart. `headers` are by small names; `parts` are its leaves in their order."""

    headers: Mapping[str, Sequence[str]] = field(repr=False)
    media_type: str
    report_type: str
    sender: Mailbox
    reply_to: Mailbox
    recipients: tuple[str, ...]
    message_id: str
    answers_to: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    text: str = field(repr=False)
    links: tuple[str, ...] = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    defects: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Part, ...]:
        """Return what came along and is not the text itself."""
        return tuple(part for part in self.parts if not part.is_body)

    def header(self, name: str) -> str:
        """Return the first header line of a name, decoded and in one line."""
        return lines.words(lines.first(self.headers, name), lines.VALUE_CHARACTERS_MAX)


def parsed(raw: bytes) -> Letter:
    """Take a mail apart; refuse as unreadable what would cost too much, or is no mail at all."""
    _require_affordable(raw)
    try:
        message = message_from_bytes(raw)
        parts, defects = _leaves(message)
    except RecursionError as error:
        raise Unreadable("its parts are nested too deeply", field="mail") from error
    named = _headers(message)
    if not named:
        raise Unreadable("it has no header", field="mail")
    bodies = [part for part in parts if part.is_body]
    text, links = _text(bodies)
    answers_to = lines.ids([*named.get("references", ()), *named.get("in-reply-to", ())])
    return Letter(
        headers=named,
        media_type=message.get_content_type(),
        report_type=_parameter(message, "report-type"),
        sender=lines.mailbox(lines.first(named, "from") or lines.first(named, "sender")),
        reply_to=lines.mailbox(lines.first(named, "reply-to")),
        recipients=lines.addresses([*named.get("to", ()), *named.get("cc", ())]),
        message_id=next(iter(lines.ids([lines.first(named, "message-id")])), ""),
        answers_to=answers_to,
        subject=lines.words(lines.first(named, "subject")),
        sent_at=lines.moment(lines.first(named, "date")),
        text=text,
        links=links,
        parts=tuple(parts),
        defects=tuple(dict.fromkeys(defects))[:DEFECTS_MAX],
    )


def is_sealed(letter: Letter) -> bool:
    """Whether a mail as a whole is signed or encrypted."""
    body = next((part for part in letter.parts if part.is_body), None)
    return letter.media_type in _SEALED or (body is not None and body.content.lstrip().startswith(_ARMOR))


def shown(value: str) -> str:
    """Return a header line's value for people to read."""
    return lines.words(value, lines.VALUE_CHARACTERS_MAX)


def header_only(raw: bytes) -> Mapping[str, Sequence[str]]:
    """Return the header lines at the beginning of a mail by small names; of a broken one what can be read."""
    end = re.search(rb"\r?\n\r?\n", raw)
    return _headers(message_from_bytes(raw[: end.end() if end else lines.VALUE_CHARACTERS_MAX * 16] + b"\n"))


def _require_affordable(raw: bytes) -> None:
    """Refuse what the library would read in quadratic time."""
    cost = 0
    for count, found in enumerate(_DESCRIBES.finditer(raw)):
        end = _LINE_END.search(raw, found.end())
        size = (end.start() if end else len(raw)) - found.start()
        cost += size * size
        if size > PARAMETERS_BYTES_MAX or cost > PARAMETERS_COST_MAX or count >= 2 * PARTS_MAX:
            raise Unreadable("a line that describes a part is too long, or there are too many of them", field="mail")
    boundaries = sum(1 for _found in _BOUNDARY.finditer(raw))
    if boundaries * raw.count(b"\n") > BOUNDARY_LINES_MAX:
        raise Unreadable("it has too many boundaries for its length", field="mail")


def _headers(message: Message) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(message.raw_items()):
        if number >= lines.HEADERS_MAX:
            break
        named.setdefault(str(name).lower(), []).append(str(value))
    return named


def _walk(message: Message) -> Iterator[Message]:
    """Yield the leaves from first to last, without calling itself: depth is the sender's to choose."""
    waiting, seen = [message], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > PARTS_MAX:
            raise Unreadable(f"it has more than {PARTS_MAX} parts", field="mail")
        held = part.get_payload()
        if isinstance(held, list) and part.get_content_maintype() == "multipart":
            waiting += [inner for inner in reversed(held) if isinstance(inner, Message)]
        else:
            yield part


def _leaves(message: Message) -> tuple[list[Part], list[str]]:
    parts: list[Part] = []
    defects = [type(defect).__name__ for defect in message.defects]
    for leaf in _walk(message):
        defects += [type(defect).__name__ for defect in leaf.defects]
        if len(parts) < FILES_MAX:
            parts.append(_part(leaf, alone=leaf is message))
        else:
            defects.append("MoreFilesThanTaken")
    return parts, defects


def _part(leaf: Message, *, alone: bool) -> Part:
    media_type = leaf.get_content_type()
    name = _name(leaf)
    held = leaf.get_payload()
    content: bytes
    if isinstance(held, list):  # message/rfc822, message/delivery-status: messages within the message
        content = b"\n".join(_bytes_of(inner) for inner in held[:PARTS_MAX])
    else:
        payload = leaf.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
    attached = lines.parameter(str(leaf.get("content-disposition", ""))) == "attachment"
    is_text = media_type in ("text/plain", "text/html") or (alone and leaf.get_content_maintype() == "multipart")
    return Part(
        media_type=media_type,
        name=name,
        content=content,
        charset=lines.clean(_parameter(leaf, "charset"), 40),
        is_body=is_text and not attached and not name,
    )


def _bytes_of(inner: object) -> bytes:
    if isinstance(inner, Message):
        try:
            return inner.as_bytes()
        except (UnicodeError, LookupError, ValueError, KeyError, AttributeError, TypeError):
            # A part that cannot be written as it was read; the mail as received is kept whole.
            return lines.raw_text(str(inner.get("subject", ""))).encode()
    return str(inner).encode("utf-8", "surrogateescape")


def _name(leaf: Message) -> str:
    try:
        return lines.words(str(leaf.get_filename() or ""), NAME_CHARACTERS_MAX)
    except (LookupError, UnicodeError, ValueError, TypeError):
        return "unnamed"


def _parameter(message: Message, name: str) -> str:
    try:
        found = message.get_param(name, "")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""
    text = found[2] if isinstance(found, tuple) else str(found or "")
    return lines.clean(text, 200).lower()


def _text(bodies: Sequence[Part]) -> tuple[str, tuple[str, ...]]:
    """Return what a person wrote: plain text where there is some, else the words of the HTML; and all links of it."""
    plain = [part.text for part in bodies if part.media_type != "text/html"]
    html = [plain_text.of_html(part.text) for part in bodies if part.media_type == "text/html"]
    links = tuple(dict.fromkeys(link for _words, found in html for link in found))[: plain_text.LINKS_MAX]
    written = plain_text.tidy("\n\n".join(plain))
    if not written:
        written = plain_text.tidy("\n\n".join(words for words, _links in html))
    return written, links
