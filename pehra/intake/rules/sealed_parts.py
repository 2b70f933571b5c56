"""Taking a mail apart where something is sealed, byte for byte: a signature holds for bytes and not for their meaning.

Pure. A part that was signed is the exact slice between its boundaries (RFC 1847), with line ends as on the wire;
nothing here writes a part anew. Only the outermost entity is looked at: a sealed part inside a mail with other parts
proves nothing of those, and splicing it into them is how sealed mail is stolen (EFAIL).
"""

import binascii
import quopri
import re
from base64 import b64decode
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

HEADER_BYTES_MAX = 256 * 1024
ARMOR_WITHIN = 4 * 1024
PARTS_MAX = 2  # of what is signed or encrypted; one more is already wrong
LAYERS_MAX = 4  # signed inside encrypted inside signed is three

_BLANK = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r\n|\r|\n")
# From the start of a line alone: a long line without a colon would else be tried from each of its letters.
_FIELD = re.compile(rb"^[^\r\n:]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n?", re.MULTILINE)
_ARMOR = re.compile(rb"\A\s*-----BEGIN PGP (MESSAGE|SIGNED MESSAGE)-----")


@dataclass(frozen=True, kw_only=True)
class Entity:
    """An entity as bytes: its header fields with their line ends, its body, and the fields read."""

    head: bytes
    body: bytes
    fields: Message

    @property
    def media_type(self) -> str:
        """Return its media type in lower case."""
        return self.fields.get_content_type()

    def parameter(self, name: str) -> str:
        """Return a parameter of its media type in lower case."""
        found = self.fields.get_param(name, "")
        return found.lower() if isinstance(found, str) else ""

    @property
    def content(self) -> bytes:
        """Return its body without the transfer encoding; what cannot be decoded is as it is."""
        encoding = str(self.fields.get("Content-Transfer-Encoding", "")).strip().lower()
        try:
            if encoding == "base64":
                return b64decode(b"".join(self.body.split()), validate=True)
            return quopri.decodestring(self.body) if encoding == "quoted-printable" else self.body
        except (binascii.Error, ValueError):
            return self.body


def entity(raw: bytes) -> Entity:
    """Take header and body apart; one without a blank line is all header, unless it begins with one."""
    if raw.startswith((b"\r\n", b"\n")):
        head, body = b"", raw.split(b"\n", 1)[1]
    else:
        blank = _BLANK.search(raw)
        head, body = (raw[: blank.start()] + b"\r\n", raw[blank.end() :]) if blank else (raw, b"")
    return Entity(head=head, body=body, fields=BytesHeaderParser().parsebytes(head[:HEADER_BYTES_MAX]))


def parts(whole: Entity) -> list[bytes]:
    """Return the slices between the boundaries of a multipart; a boundary owns the line end before it."""
    boundary = whole.fields.get_boundary()
    if not boundary:
        return []
    mark_of = re.escape(boundary.encode("utf-8", "surrogateescape"))
    line = re.compile(rb"(?:\A|\r?\n)--" + mark_of + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found: list[bytes] = []
    start: int | None = None
    for mark in line.finditer(whole.body):
        if start is not None:
            found.append(whole.body[start : mark.start()])
        if mark[1]:
            break
        if len(found) > PARTS_MAX:
            break
        end = mark.end()
        start = end + (2 if whole.body.startswith(b"\r\n", end) else 1 if whole.body.startswith(b"\n", end) else 0)
    return found


def on_the_wire(part: bytes) -> bytes:
    """Return a part with the line ends under which it was signed."""
    return _LINE_END.sub(b"\r\n", part)


def armored(whole: Entity) -> str:
    """Return what a plain text body is as a whole: `message`, `signed message`, or nothing sealed."""
    if whole.media_type != "text/plain":
        return ""
    packed = b"".join(whole.body[:ARMOR_WITHIN].split())
    encoded = str(whole.fields.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
    try:
        beginning = b64decode(packed[: len(packed) // 4 * 4]) if encoded else whole.body[:ARMOR_WITHIN]
    except (binascii.Error, ValueError):
        return ""
    found = _ARMOR.match(beginning)
    return found[1].decode().lower() if found else ""


def put_in(outer: Entity, inner: bytes, *, hides_subject: bool) -> bytes:
    """Return the mail with what was inside in place of what it was sealed in.

    Who wrote to whom stays as the outer header says it. A subject inside something encrypted is the true one.
    """
    within = entity(inner)
    own_subject = hides_subject and within.fields.get("Subject") is not None
    dropped = [b"content-", b"mime-version:", *([b"subject:"] if own_subject else [])]
    kept = [field for field in _FIELD.findall(outer.head) if not field.lower().startswith(tuple(dropped))]
    taken = [b"content-", *([b"subject:"] if own_subject else [])]
    fields = [field for field in _FIELD.findall(within.head) if field.lower().startswith(tuple(taken))]
    head = b"".join(on_the_wire(field.rstrip(b"\r\n") + b"\r\n") for field in [*kept, b"MIME-Version: 1.0", *fields])
    return head + b"\r\n" + within.body


def with_text(outer: Entity, text: bytes) -> bytes:
    """Return the mail with a plain text in place of an armoured one."""
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return put_in(outer, head + text, hides_subject=False)
