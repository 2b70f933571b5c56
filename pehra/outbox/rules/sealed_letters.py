"""The bytes of a message that is signed or encrypted: PGP/MIME (RFC 3156) and S/MIME (RFC 8551).

What is signed follows from the message alone, as the bytes of a plain one do; the signature or the ciphertext, which
comes out differently each time it is made, is handed in. So a message that is sent again is the same, byte for byte.
Inside something encrypted stands the true subject; outside, only what the message is about.
"""

from base64 import b64encode
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from pehra.outbox.rules import letters
from pehra.outbox.rules.letters import Letter

HIDDEN_SUBJECT = "..."
_WRITING = SMTP.clone(cte_type="7bit")
_LINE_CHARACTERS = 76


class Standard(StrEnum):
    """By which standard a message is sealed."""

    OPENPGP = "openpgp"
    SMIME = "smime"


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A signature or a ciphertext over a letter: armoured for OpenPGP, DER for S/MIME. `digest` is the signature's."""

    standard: Standard
    encrypted: bool
    content: bytes
    digest: str = "sha256"


def entity(letter: Letter, *, with_subject: bool) -> bytes:
    """Return what is sealed: the body and the files, as one MIME entity; with its own subject, where it is hidden."""
    mail = EmailMessage(policy=_WRITING)
    mail.set_content(letter.body)
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        mail.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    if letter.attachments:
        mail.set_boundary(f"=_pehra_{letter.id.hex}")
    del mail["MIME-Version"]
    if not with_subject:
        return mail.as_bytes()
    mail.set_param("protected-headers", "v1")
    return letters.text_line("Subject", letter.subject) + mail.as_bytes()


def signed_entity(letter: Letter, content: bytes, sealed: Sealed) -> bytes:
    """Return an entity with its signature beside it. The line end before a boundary is the boundary's (RFC 2046)."""
    boundary = f"=_pehra_signed_{letter.id.hex}".encode()
    if sealed.standard is Standard.OPENPGP:
        protocol, name, signature = b"application/pgp-signature", b"signature.asc", _wire(sealed.content)
        encoding, digest = b"7bit", b"pgp-" + sealed.digest.encode()
    else:
        protocol, name, signature = b"application/pkcs7-signature", b"smime.p7s", _base64(sealed.content)
        encoding, digest = b"base64", b"sha-256"
    return b"\r\n".join(
        (
            b"Content-Type: multipart/signed; micalg=" + digest + b";",
            b' protocol="' + protocol + b'";',
            b' boundary="' + boundary + b'"',
            b"",
            b"--" + boundary,
            content,
            b"--" + boundary,
            b"Content-Type: " + protocol + b'; name="' + name + b'"',
            b"Content-Transfer-Encoding: " + encoding,
            b'Content-Disposition: attachment; filename="' + name + b'"',
            b"",
            signature + b"--" + boundary + b"--",
            b"",
        )
    )


def compose(letter: Letter, sealed: Sealed, *, about: str = "") -> bytes:
    """Return the message as it goes over the wire."""
    if not sealed.encrypted:
        return _head(letter) + signed_entity(letter, entity(letter, with_subject=False), sealed)
    hidden = replace(letter, subject=f"[{about}] {HIDDEN_SUBJECT}" if about else HIDDEN_SUBJECT)
    body = _openpgp_encrypted(letter, sealed) if sealed.standard is Standard.OPENPGP else _smime_encrypted(sealed)
    return _head(hidden) + body


def _openpgp_encrypted(letter: Letter, sealed: Sealed) -> bytes:
    boundary = f"=_pehra_sealed_{letter.id.hex}".encode()
    return b"\r\n".join(
        (
            b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";',
            b' boundary="' + boundary + b'"',
            b"",
            b"--" + boundary,
            b"Content-Type: application/pgp-encrypted",
            b"",
            b"Version: 1",
            b"",
            b"--" + boundary,
            b'Content-Type: application/octet-stream; name="encrypted.asc"',
            b'Content-Disposition: inline; filename="encrypted.asc"',
            b"",
            _wire(sealed.content) + b"--" + boundary + b"--",
            b"",
        )
    )


def _smime_encrypted(sealed: Sealed) -> bytes:
    return b"\r\n".join(
        (
            b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
            b"Content-Transfer-Encoding: base64",
            b'Content-Disposition: attachment; filename="smime.p7m"',
            b"",
            _base64(sealed.content),
        )
    )


def _head(letter: Letter) -> bytes:
    """Return who writes to whom, when and about what: the same fields as of a plain message."""
    sender = letters.sender_address(letter.sender)
    fields = [
        letters.mailbox_line("From", name=sender.display_name, email=sender.addr_spec),
        letters.mailbox_line("To", name=letter.to_name, email=letter.to_email),
        letters.text_line("Subject", letter.subject),
        f"Date: {format_datetime(letter.written_at)}\r\n".encode(),
        f"Message-ID: {letters.message_id(letter.id, sender=letter.sender)}\r\n".encode(),
        letters.reply_lines(letter),
        b"Auto-Submitted: auto-generated\r\n",
        *([f"Content-Language: {letter.language}\r\n".encode()] if letter.language else []),
        b"MIME-Version: 1.0\r\n",
    ]
    return b"".join(fields)


def _wire(armoured: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in armoured.splitlines())


def _base64(content: bytes) -> bytes:
    written = b64encode(content)
    lines = [written[start : start + _LINE_CHARACTERS] for start in range(0, len(written), _LINE_CHARACTERS)]
    return b"".join(line + b"\r\n" for line in lines)
