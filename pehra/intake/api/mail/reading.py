"""A mail that is kept, read for whoever sorts it: opened where it is sealed, taken apart, and its kind found.

Files that may go on to the machine road are put into the vault here, before the transaction that names them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.conf import settings

from pehra.intake.api.mail import documents
from pehra.intake.gateways import mailboxes, sealed_mail
from pehra.intake.gateways.sealed_mail import Opened
from pehra.intake.models import Mail
from pehra.intake.rules.mail import arf, events, feeds, headers, letters, sorting, trust, xarf
from pehra.intake.rules.mail.letters import Letter, Unreadable
from pehra.intake.rules.mail.mailboxes import Mailbox
from pehra.intake.rules.mail.sorting import Own, Sort, Sorted, Why
from pehra.kernel.refusals import Fault
from pehra.vault import api as vault

NAME_CHARACTERS_MAX = 120
VALID = sealed_mail.Verdict.VALID.value


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Something for the machine road that lies in the vault."""

    name: str
    form: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Read:
    """A mail as it was read. `letter` is None for one that cannot be taken apart."""

    mailbox: Mailbox | None
    own: Own
    raw: vault.Kept
    letter: Letter | None
    sorted: Sorted
    content_key: str
    told: documents.Told = field(default_factory=documents.Told)
    is_believed: bool = False
    signer: str = ""
    verdict: str = ""
    problem: str = ""
    doubt: str = ""  # what is wrong with its signature, if anything
    is_encrypted: bool = False
    is_open: bool = True  # false: sealed for none of our keys, or broken
    road: tuple[Handover, ...] = field(default_factory=tuple)


def read(row: Mail) -> Read:
    """Read a mail; what cannot be taken apart is read as such."""
    content = vault.read(row.sha256)
    kept = vault.Kept(sha256=row.sha256, size=len(content))
    mailbox = _mailbox_of(row)
    own = own_of(mailbox)
    if not row.is_whole:
        return _beginning_of(row, content, kept, mailbox, own)
    try:
        letter, opened = _opened(content, at=row.received_at)
    except Unreadable as refusal:
        found = Sorted(sort=Sort.UNREADABLE, why=Why.NOT_PARSED, detail=refusal.message)
        return Read(
            mailbox=mailbox, own=own, raw=kept, letter=None, sorted=found,
            content_key=row.sha256, problem=refusal.message,
        )  # fmt: skip
    found = _kind(row, letter, own)
    told = documents.told_in(letter) if found.sort in (Sort.REPORT, Sort.REPLY) else documents.Told()
    if found.why is Why.NOTHING_ELSE:
        why = Why.INCIDENT_DOCUMENT if told.incidents else found.why
        found = Sorted(sort=found.sort, why=why, detail=told.detail)
    believed = mailbox is not None and trust.is_believed(letter, mailbox.believes, mailbox.server)
    return Read(
        mailbox=mailbox,
        own=own,
        raw=kept,
        letter=letter,
        sorted=found,
        told=told,
        content_key=content_key(letter, content),
        is_believed=believed,
        signer=" ".join([opened.signer, *opened.signer_names]).strip() if opened else "",
        verdict=opened.verdict if opened and opened.signed else "",
        problem=opened.problem if opened and opened.unreadable else "",
        doubt=opened.problem if opened and not opened.unreadable else "",
        is_encrypted=opened is not None and opened.encrypted,
        is_open=opened is None or not opened.unreadable,
        road=_for_the_road(letter, found, at=row.received_at) if believed else (),
    )


def _opened(content: bytes, *, at: datetime) -> tuple[Letter, Opened | None]:
    """Take a mail apart, and what is sealed in it as well: both within the limits of what may be read at all."""
    outer = letters.parsed(content)
    if not letters.is_sealed(outer):
        return outer, None
    opened = sealed_mail.opened(content, at=at)
    return (outer if opened.raw == content else letters.parsed(opened.raw)), opened


def own_of(mailbox: Mailbox | None) -> Own:
    """Return what is ours: the outbox's address and its domain, and the addresses that a mailbox reads."""
    sender = headers.mailbox(settings.PEHRA_OUTBOX_FROM).address
    if mailbox is not None:
        return mailbox.own(sender=sender)
    return Own(addresses=frozenset({sender}), domains=frozenset({sender.rpartition("@")[2]}))


def _mailbox_of(row: Mail) -> Mailbox | None:
    """Return the mailbox that a mail came by; None when the operator took it out of the file, or the file is broken."""
    try:
        return next((one for one in mailboxes.configured() if one.name == row.mailbox), None)
    except Fault:
        return None


def _kind(row: Mail, letter: Letter, own: Own) -> Sorted:
    if row.wanted:
        return Sorted(sort=Sort(row.wanted), why=Why.PERSON, detail="")
    return sorting.sorted_as(letter, own)


def _beginning_of(row: Mail, content: bytes, kept: vault.Kept, mailbox: Mailbox | None, own: Own) -> Read:
    """Read the beginning of a mail that is too large to be taken in: its header and the text it begins with."""
    try:
        letter: Letter | None = letters.parsed(content)
    except Unreadable:
        letter = None
    problem = f"the mail has {row.size} bytes: only its beginning was taken in, the whole is in its mailbox"
    found = Sorted(sort=Sort.TOO_LARGE, why=Why.OVER_LIMIT, detail=str(row.size))
    return Read(
        mailbox=mailbox, own=own, raw=kept, letter=letter, sorted=found, content_key=row.sha256, problem=problem
    )  # fmt: skip


def content_key(letter: Letter, content: bytes) -> str:
    """Return what is the same for a letter that came twice: its own words and none of those put on it on the way."""
    body = content.partition(b"\r\n\r\n")[2] or content.partition(b"\n\n")[2]
    digest = sha256(body.replace(b"\r\n", b"\n").rstrip())
    for name in ("message-id", "from", "date", "subject"):
        digest.update(b"\0" + letter.header(name).encode("utf-8", "replace"))
    return digest.hexdigest()


def _for_the_road(letter: Letter, found: Sorted, *, at: datetime) -> tuple[Handover, ...]:
    """Keep what of a believed sender's mail goes on to the machine road, and return what it is called there."""
    if found.sort is Sort.FEED:
        return tuple(
            Handover(name=file_name(one.part.name, one.form), form=one.form, sha256=_kept(one.part.content))
            for one in feeds.feed_files(letter)
        )
    event = None
    if found.sort is Sort.COMPLAINT and (complaint := arf.complaint(letter)):
        event = events.of_complaint(complaint, at=at)
    elif found.sort is Sort.ABUSE and (abuse := xarf.of_letter(letter)):
        event = events.of_abuse(abuse, at=at)
    if event is None:
        return ()
    lines = events.lines_of([event], feed=letter.sender.domain, at=at)
    return (Handover(name=f"{found.sort}.json", form="intelmq", sha256=_kept(lines)),)


def file_name(said: str, form: str) -> str:
    """Return a plain file name; the end of it tells the machine road which report it is."""
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in said).lstrip("._-")
    return plain[-NAME_CHARACTERS_MAX:] or f"{form}.csv"


def _kept(content: bytes) -> str:
    return vault.keep(content, limit=len(content)).sha256
