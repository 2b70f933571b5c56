"""A complaint about mail in the Abuse Reporting Format: which host sent what, and what is wrong with it.

RFC 5965, and RFC 6591 for failed authentication. A part that its sender packed in base64 against the standard is read
as well, and so is one in a letter whose own type says nothing of a report.
"""

import re
from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter, Part

FIELDS_MAX = 100
ORIGINAL_BYTES_MAX = 64 * 1024
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*(.*)")


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What a feedback report says. `kind` is its Feedback-Type; `source` the host that sent, where one is named."""

    kind: str
    source: str
    seen_at: datetime | None
    times: int
    domains: tuple[str, ...]
    urls: tuple[str, ...]
    mail_from: str
    original_subject: str
    original_id: str
    fields: Mapping[str, tuple[str, ...]]


def complaint(letter: Letter) -> Complaint | None:
    """Return the complaint in a letter; None where it holds no feedback report."""
    report = next((part for part in letter.parts if part.media_type == "message/feedback-report"), None)
    if report is None:
        return None
    fields = _fields(report.text) or _fields(_unpacked(report.content))
    original = _original(letter)
    source = _address(_one(fields, "source-ip"))
    return Complaint(
        kind=lines.clean(_one(fields, "feedback-type").lower(), 60) or "other",
        source=source,
        seen_at=lines.moment(_one(fields, "arrival-date") or _one(fields, "received-date")),
        times=_times(_one(fields, "incidents")),
        domains=tuple(lines.clean(value.lower(), 255) for value in fields.get("reported-domain", ()))[:FIELDS_MAX],
        urls=tuple(lines.clean(value.strip("<>"), 2_000) for value in fields.get("reported-uri", ()))[:FIELDS_MAX],
        mail_from=lines.mailbox(_one(fields, "original-mail-from")).address,
        original_subject=lines.words(_one(original, "subject")),
        original_id=next(iter(lines.ids([_one(original, "message-id")])), ""),
        fields={name: tuple(lines.clean(value, 500) for value in values) for name, values in fields.items()},
    )


def _unpacked(content: bytes) -> str:
    """Return what is in a report that was packed in base64, which the standard does not allow."""
    try:
        return b64decode(content[:ORIGINAL_BYTES_MAX].strip(), validate=False).decode("utf-8", "replace")
    except (BinasciiError, ValueError):
        return ""


def _fields(text: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    last = ""
    for line in text.replace("\r\n", "\n").split("\n")[: FIELDS_MAX * 3]:
        matched = _FIELD.fullmatch(line)
        if line[:1] in (" ", "\t") and last:
            fields[last][-1] = f"{fields[last][-1]} {line.strip()}"[:2_000]
        elif matched and len(fields) < FIELDS_MAX:
            last = matched[1].lower()
            fields.setdefault(last, []).append(matched[2].strip()[:2_000])
    return fields


def _original(letter: Letter) -> dict[str, list[str]]:
    """Return the header of the mail that is complained about."""
    types = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "text/rfc822")
    part: Part | None = next((part for part in letter.parts if part.media_type in types), None)
    if part is None:
        return {}
    return _fields(
        re.split(r"\r?\n[ \t]*\r?\n", part.content[:ORIGINAL_BYTES_MAX].decode("utf-8", "replace"), maxsplit=1)[0]
    )


def _one(fields: Mapping[str, list[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _address(text: str) -> str:
    """Return the host that a report names, in the one spelling of its address; nothing where it names none."""
    words = text.strip("[] ").split()
    try:
        return str(ip_address(words[0].strip("[],;"))) if words else ""
    except ValueError:
        return ""


def _times(text: str) -> int:
    return min(int(text), 1_000_000_000) if text.isascii() and text.isdigit() and len(text) < 12 and int(text) else 1
