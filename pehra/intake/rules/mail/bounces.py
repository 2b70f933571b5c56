"""A letter that could not be delivered, as its carrier says it: whose address failed, for good or for now, and why.

RFC 3464 where the carrier follows it, and the forms that are met beside it: qmail's, Exim's, and a postmaster's
letter with nothing but text. Refuses to take a letter from a person for one: without the null sender or a machine's
name on it, words about failure decide nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter, Part

RECIPIENTS_MAX = 50
DIAGNOSTIC_CHARACTERS_MAX = 500
ORIGINAL_BYTES_MAX = 64 * 1024

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY_CODE = re.compile(r"(?:^|[\s(:#-])([45])\d\d(?=[\s-])")
_MACHINE = re.compile(
    r"(?i)^(mailer-daemon|postmaster|mail-daemon|mailerdaemon|mdaemon)@|<mailer-daemon>|^mailer-daemon$"
)
_SUBJECT = re.compile(
    r"(?i)undeliver|delivery (?:status|has )?(?:notification|failure|fail|report)|mail delivery (?:failed|system|"
    r"subsystem)|returned mail|failure notice|could not be delivered|warning: message .* delayed|rejected: |"
    r"delivery delayed|non remis|unzustellbar"
)
_QMAIL = re.compile(r"(?i)^hi\. this is the .{1,60}(?:program|qmail)")
_QMAIL_RECIPIENT = re.compile(r"(?m)^<([^<>\s@]{1,64}@[^<>\s]{1,190})>:\s*$")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9]")
_DELAYED = re.compile(r"(?i)delayed|will (?:keep|continue) (?:trying|to try)|not yet been delivered|still trying")
_PERMANENT_WORDS = re.compile(
    r"(?i)user unknown|unknown user|no such (?:user|recipient|mailbox|address)|does not exist|address rejected|"
    r"mailbox (?:unavailable|not found|disabled)|account (?:disabled|is disabled|has been)|giving up|unrouteable|"
    r"permanent(?:ly)? (?:error|fail)|host (?:or domain name )?not found|couldn.t be delivered|"
    r"recipient.{0,20}not found"
)


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What became of a letter of ours at one address. `permanent`: never; else the carrier goes on trying, or gave up
    on what might have worked.
    """

    recipient: str
    status: str
    permanent: bool
    delayed: bool
    diagnostic: str


def bounces(letter: Letter) -> tuple[Bounce, ...]:
    """Return what a letter says failed; empty where it is no bounce, or tells only of success."""
    reports = [part for part in letter.parts if part.media_type == "message/delivery-status"]
    if reports:
        found = [bounce for part in reports for bounce in _of_report(part)]
        return tuple(found[:RECIPIENTS_MAX])
    return _of_words(letter) if is_from_carrier(letter) else ()


def is_delivery_report(letter: Letter) -> bool:
    """Whether a letter is a carrier's, whatever it says of the delivery."""
    return any(part.media_type == "message/delivery-status" for part in letter.parts) or is_from_carrier(letter)


def is_from_carrier(letter: Letter) -> bool:
    """Whether a letter without a delivery report is a carrier's: a machine wrote it, and it tells of failure."""
    if letter.headers.get("x-failed-recipients"):
        return True
    if not is_null_sender(letter) and not _MACHINE.search(letter.sender.address or letter.sender.name):
        return False
    return bool(_SUBJECT.search(letter.subject) or _QMAIL.match(letter.text.lstrip()))


def is_null_sender(letter: Letter) -> bool:
    """Whether the letter's envelope named nobody to send an answer to."""
    values = letter.headers.get("return-path", ())
    return any(value.strip() == "<>" for value in values)


def original_ids(letter: Letter) -> tuple[str, ...]:
    """Return the Message-IDs of the letters that came back within this one, or that it answers to."""
    found: list[str] = []
    for part in letter.parts:
        if part.media_type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            found += _ids_within(part.content[:ORIGINAL_BYTES_MAX].decode("utf-8", "replace"))
    found += _ids_within(letter.text)
    return tuple(dict.fromkeys([*found, *letter.answers_to]))[: lines.IDS_MAX]


def _ids_within(text: str) -> list[str]:
    return [f"<{found}>" for found in re.findall(r"(?im)^\s{0,20}message-id:\s{0,20}<([^<>\s]{1,318})>", text)]


def _of_report(part: Part) -> list[Bounce]:
    """Return the recipients of a delivery report: blocks of fields, the first of which is about the whole letter."""
    found = []
    for block in re.split(r"\n[ \t]*\n", part.text.replace("\r\n", "\n"))[: RECIPIENTS_MAX * 2]:
        fields = _fields(block)
        action = fields.get("action", "").lower().split(" ", 1)[0]
        recipient = _bare(fields.get("final-recipient", "") or fields.get("original-recipient", ""))
        if not recipient and not action:
            continue
        if action in ("delivered", "relayed", "expanded"):
            continue
        status = _status_of(fields.get("status", ""))
        diagnostic = fields.get("diagnostic-code", "") or fields.get("status", "")
        found.append(
            Bounce(
                recipient=recipient,
                status=status,
                permanent=action != "delayed" and _is_permanent(status, diagnostic),
                delayed=action == "delayed",
                diagnostic=lines.clean(diagnostic.partition(";")[2] or diagnostic, DIAGNOSTIC_CHARACTERS_MAX),
            )
        )
    return found


def _fields(block: str) -> dict[str, str]:
    """Return the fields of a block by small names; lines that go on are joined."""
    fields: dict[str, str] = {}
    last = ""
    for line in block.split("\n")[:100]:
        if line[:1] in (" ", "\t") and last:
            fields[last] = f"{fields[last]} {line.strip()}"[:2_000]
        elif ":" in line:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            fields.setdefault(last, value.strip()[:2_000])
    return fields


def _bare(value: str) -> str:
    found = _ADDRESS.search(value.partition(";")[2] or value)
    return found[0].strip("<>")[: lines.ADDRESS_CHARACTERS_MAX] if found else ""


def _status_of(text: str) -> str:
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


def _is_permanent(status: str, diagnostic: str) -> bool:
    """Whether a failure is for good: class 5 of RFC 3463. A full mailbox is none, whoever gave up on it."""
    if status:
        return status.startswith("5") and status != "5.2.2"
    code = _REPLY_CODE.search(f" {diagnostic} ")
    return code is not None and code[1] == "5"


def _of_words(letter: Letter) -> tuple[Bounce, ...]:
    text = letter.text[:20_000]
    recipients: Sequence[str] = lines.addresses(letter.headers.get("x-failed-recipients", ()))
    recipients = recipients or _QMAIL_RECIPIENT.findall(text)
    if not recipients:
        own = {*letter.recipients, letter.sender.address}
        named = [found for found in _ADDRESS.findall(f"{letter.subject}\n{text}") if found not in own]
        recipients = named[:1]
    status = _status_of(text)
    delayed = bool(_DELAYED.search(f"{letter.subject}\n{text}")) and not status.startswith("5")
    code = _REPLY_CODE.search(text)
    permanent = not delayed and (
        _is_permanent(status, "") if status else bool(_PERMANENT_WORDS.search(text) or (code and code[1] == "5"))
    )
    said = next((line.strip() for line in text.split("\n") if _STATUS.search(line) or _REPLY_CODE.search(line)), "")
    diagnostic = lines.clean(said or letter.subject, DIAGNOSTIC_CHARACTERS_MAX)
    return tuple(
        Bounce(recipient=one, status=status, permanent=permanent, delayed=delayed, diagnostic=diagnostic)
        for one in dict.fromkeys(recipients or [""])
    )[:RECIPIENTS_MAX]
