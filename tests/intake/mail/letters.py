"""Mails as tests write them: whole, with what each is about, from nobody real."""

import gzip
import hashlib
from email.message import EmailMessage
from pathlib import Path

OUR_ID = "<0198c0de-0000-7000-8000-00000000{:04x}@cert.example>"


def letter(
    text: str = "Our mail server sends spam since this morning.",
    *,
    sender: str = "Ayesha Khan <ayesha@works.example>",
    subject: str = "Spam from our server",
    message_id: str = "<m1@works.example>",
    files: tuple[tuple[str, str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """A mail of a person; `in_reply_to="…"` becomes the header `In-Reply-To`."""
    message = EmailMessage()
    message["From"], message["To"] = sender, "Reports <reports@cert.example>"
    message["Subject"], message["Message-ID"] = subject, message_id
    message["Date"] = "Tue, 24 Nov 2026 09:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def bounce(message_id: str, *, recipient: str = "desk@works.example", number: int = 1) -> bytes:
    """A delivery status notification (RFC 3464) about a letter of ours."""
    return f"""\
Return-Path: <>
From: Mail Delivery System <mailer-daemon@mx{number % 7}.works.example>
To: pehra@cert.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce{number}@mx.works.example>
Date: Tue, 24 Nov 2026 09:00:00 +0000
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

Your letter could not be delivered.

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.works.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: no such user

--=b
Content-Type: text/rfc822-headers

From: pehra@cert.example
To: {recipient}
Message-ID: {message_id}
Subject: Notice

--=b--
""".encode()


def body_hash(content: bytes) -> str:
    """What no server on the way changes: the bytes below the header, whatever their line ends."""
    whole = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(whole.partition(b"\n\n")[2].rstrip()).hexdigest()[:16]


def shared_mails(folder: Path) -> list[bytes]:
    """Every mail of the shared samples, as it was sent."""
    found = []
    for path in sorted((folder / "mail").rglob("*.eml*")):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        # The line by which a folder of mails tells one from the next was never sent.
        found.append(content.partition(b"\n")[2] if content.startswith(b"From ") else content)
    return found
