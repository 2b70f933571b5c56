"""A letter: from what is to be said to whom, the exact bytes of an Internet message (RFC 5322, MIME).

The same letter gives the same bytes on every day and machine, so that a message sent again after a crash can be
recognised and its SHA-256 is a proof. Refuses a control character in any header (header injection) and anything over a
named limit.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from uuid import UUID

import idna

from pehra.kernel.markings import Circle
from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

SUBJECT_CHARACTERS_MAX = 250
NAME_CHARACTERS_MAX = 200
BODY_CHARACTERS_MAX = 200_000
ATTACHMENTS_MAX = 10
ATTACHMENTS_BYTES_MAX = 10 * 1024 * 1024
ADDRESS_CHARACTERS_MAX = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
LOCAL_PART_CHARACTERS_MAX = 64
PLAIN_CHARACTERS_MAX = 60
MESSAGE_ID_CHARACTERS_MAX = 250

# 7 bit: a relay on the way may not know 8BITMIME, and a signature must survive it.
_WRITING = SMTP.clone(cte_type="7bit")

# C0, C1 and DEL, the line and paragraph separators, and lone surrogates: none belongs in a header line.
_FORBIDDEN_IN_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FORBIDDEN_IN_BODY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FORBIDDEN_IN_FILE_NAME = re.compile(r'[/\\:*?"<>|]|^\.')
# The dot-atom of RFC 5322; quoted local parts are legal, and in use by nobody but attackers.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom a message is for. `circle` says how far from the source they stand, as TLP 2.0 draws its circles.

    An empty `email` means that nobody knows an address: the message is then kept and shown as held.
    """

    name: str
    email: str
    language: str
    circle: Circle


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes along."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """All that decides the bytes of a message."""

    id: UUID
    sender: str
    to_name: str
    to_email: str
    language: str
    subject: str
    body: str
    written_at: datetime
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""  # the Message-ID of what it answers or goes on from


def one_line(text: str, *, field: str, limit: int) -> str:
    """Return a text that is safe in a header line; refuse control characters and excess."""
    if _FORBIDDEN_IN_HEADER.search(text):
        raise Invalid(
            Sentence("the %(field)s holds a line break or another control character", field=field), field=field
        )
    if len(text) > limit:
        raise Invalid(Sentence("the %(field)s is longer than %(n)s characters", field=field, n=limit), field=field)
    return text.strip()


def address(text: str, *, field: str = "email") -> str:
    """Return a mail address in the spelling that SMTP takes everywhere: local part as is, domain as A-labels."""
    text = one_line(text, field=field, limit=ADDRESS_CHARACTERS_MAX)
    local, at_sign, domain = text.rpartition("@")
    if not at_sign or len(local) > LOCAL_PART_CHARACTERS_MAX or not _LOCAL_PART.fullmatch(local):
        raise Invalid(Sentence("%(text)s is not a mail address", text=text), field=field)
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise Invalid(f"{text!r} is not a mail address: {error}", field=field) from error


def sender_address(text: str) -> Address:
    """Read `Name <address>` or a bare address, as an operator writes it in the settings."""
    match = re.fullmatch(r"\s*(?P<name>[^<>]*?)\s*<(?P<email>[^<>]+)>\s*", text)
    name, email = (match["name"].strip('"'), match["email"]) if match else ("", text)
    name = one_line(name, field="sender", limit=NAME_CHARACTERS_MAX)
    return Address(display_name=name, addr_spec=address(email, field="sender"))


def check_attachments(attachments: tuple[Attachment, ...]) -> None:
    """Refuse attachments that are too many, too large or oddly named."""
    if len(attachments) > ATTACHMENTS_MAX:
        raise Invalid(f"more than {ATTACHMENTS_MAX} attachments", field="attachments")
    if sum(len(attachment.content) for attachment in attachments) > ATTACHMENTS_BYTES_MAX:
        raise Invalid(f"the attachments are larger than {ATTACHMENTS_BYTES_MAX} bytes together", field="attachments")
    for attachment in attachments:
        name = one_line(attachment.name, field="attachment name", limit=NAME_CHARACTERS_MAX)
        if not name or _FORBIDDEN_IN_FILE_NAME.search(name):
            raise Invalid(f"{name!r} is not a plain file name", field="attachment name")
        if not _MEDIA_TYPE.fullmatch(attachment.media_type):
            raise Invalid(f"{attachment.media_type!r} is not a media type", field="attachments")


def check_body(body: str) -> str:
    """Return a body with plain line ends; refuse control characters and excess."""
    if len(body) > BODY_CHARACTERS_MAX:
        raise Invalid(Sentence("the body is longer than %(n)s characters", n=BODY_CHARACTERS_MAX), field="body")
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    if _FORBIDDEN_IN_BODY.search(body):
        raise Invalid("the body holds a control character", field="body")
    return body


def message_id(message: UUID, *, sender: str) -> str:
    """Return the Message-ID of a message: the same at every attempt."""
    return f"<{message}@{sender_address(sender).domain}>"


def known_message_id(text: str) -> str:
    """Return a Message-ID as others gave it, with its angle brackets, or nothing where a header could not hold it."""
    return text if len(text) <= MESSAGE_ID_CHARACTERS_MAX and _MESSAGE_ID.fullmatch(text) else ""


def reply_lines(letter: Letter) -> bytes:
    """Return the header lines that put a letter beside what it answers (RFC 5322, section 3.6.4); often none."""
    named = letter.in_reply_to
    return f"In-Reply-To: {named}\r\nReferences: {named}\r\n".encode("ascii") if named else b""


def mailbox_line(header: str, *, name: str, email: str) -> bytes:
    """Return a header line that names one mailbox.

    Written here because the library's own folding puts spaces into long names of which a part needs quoting.
    """
    if not name:
        phrase = ""
    elif _is_plain(name):
        phrase = f'"{quote(name)}" '
    else:
        phrase = f"{_encoded(header, name)}\r\n "
    return f"{header}: {phrase}<{email}>\r\n".encode("ascii")


def text_line(header: str, text: str) -> bytes:
    """Return a header line of free text; one that looks encoded is encoded once more, so that it stays what it is."""
    return f"{header}: {text if _is_plain(text) else _encoded(header, text)}\r\n".encode("ascii")


def _is_plain(text: str) -> bool:
    return text.isascii() and len(text) <= PLAIN_CHARACTERS_MAX and "=?" not in text


def _encoded(header: str, text: str) -> str:
    """Return a text as encoded words (RFC 2047), folded."""
    return Header(text, charset="utf-8", header_name=header, maxlinelen=75).encode(linesep="\r\n")


def compose(letter: Letter) -> bytes:
    """Return the message as it goes over the wire."""
    mail = EmailMessage(policy=_WRITING)
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = message_id(letter.id, sender=letter.sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    if letter.language:
        mail["Content-Language"] = letter.language
    mail.set_content(letter.body)
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        mail.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    if letter.attachments:
        mail.set_boundary(f"=_pehra_{letter.id.hex}")  # the library's own would be a new one each time
    sender = sender_address(letter.sender)
    return b"".join(
        (
            mailbox_line("From", name=sender.display_name, email=sender.addr_spec),
            mailbox_line("To", name=letter.to_name, email=letter.to_email),
            text_line("Subject", letter.subject),
            reply_lines(letter),
            mail.as_bytes(),
        )
    )
