"""A mailbox on an IMAP server (RFC 9051): what waits in it, a mail's bytes piece by piece, and mails moved out of it.

The mailbox itself remembers what was taken: a mail leaves the folder once its row is certain. Nothing is deleted, no
mail is fetched whole into memory, and every call ends in time; what the server does wrong is a fault of it.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from pehra.intake.gateways.mailboxes import authority_of, password_of
from pehra.intake.rules.mail import headers
from pehra.intake.rules.mail.mailboxes import Mailbox
from pehra.intake.rules.mail.turns import Waiting
from pehra.kernel.refusals import Fault

TIMEOUT_SECONDS = 30
LOOK_OLDEST = 4_000  # of a full mailbox the oldest and the newest are looked at: a flood hides neither
LOOK_NEWEST = 1_000
PIECE_BYTES = 1 << 20
MOVED_AT_ONCE = 200

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DELETED = re.compile(rb"\\Deleted\b")
_FAULTS = (ImapToolsError, imaplib.IMAP4.error, OSError, ssl.SSLError, EOFError, ValueError)


class ImapServer:
    """One mailbox, signed in."""

    def __init__(self, box: BaseMailBox, mailbox: Mailbox) -> None:
        self._box = box
        self._mailbox = mailbox
        self._client = box.client
        self.count = 0

    def waiting(self) -> list[Waiting]:
        """Return what waits in the folder, oldest first: all of it, or of a very full one the oldest and the newest."""
        self.count = int(self._box.folder.status(self._mailbox.folder)["MESSAGES"])
        if not self.count:
            return []
        ranges = [f"1:{min(LOOK_OLDEST, self.count)}"]
        if self.count > LOOK_OLDEST:
            ranges.append(f"{max(LOOK_OLDEST + 1, self.count - LOOK_NEWEST + 1)}:{self.count}")
        found: dict[str, Waiting] = {}
        for numbers in ranges:
            answer = _answered(self._client.fetch(numbers, "(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM)])"))
            found |= {mail.uid: mail for mail in _listed(answer)}
        return list(found.values())

    def pieces(self, uid: str, *, limit: int) -> Iterator[bytes]:
        """Yield a mail's bytes, at most so many, without marking it as read."""
        place = 0
        while place < limit:
            wanted = min(PIECE_BYTES, limit - place)
            try:
                answer = _answered(self._client.uid("FETCH", uid, f"(BODY.PEEK[]<{place}.{wanted}>)"))
            except _FAULTS as error:
                # Whoever keeps the pieces would take a line that broke for a disk that is full.
                raise Fault(f"{self._mailbox.host} failed: {_reason(error)}") from error
            piece = next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")
            if piece:
                yield piece
            place += len(piece)
            if len(piece) < wanted:
                return

    def move(self, uids: Sequence[str], folder: str) -> None:
        """Move mails into a folder, which is made where it is not there yet."""
        if not uids:
            return
        if not self._box.folder.exists(folder):
            self._box.folder.create(folder)
        self._box.move(list(uids), folder, chunks=MOVED_AT_ONCE)


@contextmanager
def signed_in(mailbox: Mailbox) -> Iterator[ImapServer]:
    """Sign in at a mailbox and select its folder; what goes wrong on the other side is one fault with its reason."""
    try:
        box = _connected(mailbox)
    except _FAULTS as error:
        raise Fault(f"{mailbox.host}:{mailbox.port} cannot be reached: {_reason(error)}") from error
    try:
        try:
            box.login(mailbox.user, password_of(mailbox), initial_folder=None)
        except _FAULTS as error:
            raise Fault(f"{mailbox.host} does not let {mailbox.user} in: {_reason(error)}") from error
        _learn_abilities(box)
        box.folder.set(mailbox.folder)
        yield ImapServer(box, mailbox)
    except _FAULTS as error:
        raise Fault(f"{mailbox.host} failed: {_reason(error)}") from error
    finally:
        _leave(box)


def _connected(mailbox: Mailbox) -> BaseMailBox:
    if mailbox.security == "none":
        return MailBoxUnencrypted(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context(cafile=authority_of(mailbox))
    kind = MailBox if mailbox.security == "tls" else MailBoxStartTls
    return kind(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS, ssl_context=context)


def _learn_abilities(box: BaseMailBox) -> None:
    """Ask again what the server can do: before the sign-in it does not say that it can move mails."""
    words = b" ".join(part for part in _answered(box.client.capability()) if isinstance(part, bytes))
    box.client.capabilities = tuple(words.decode("ascii", "replace").upper().split())


def _leave(box: BaseMailBox) -> None:
    try:
        box.logout()
    except _FAULTS:
        box.client.shutdown()


def _answered(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    status, parts = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server answered {status}")
    return [part for part in parts if part is not None]


def _listed(answer: Sequence[object]) -> list[Waiting]:
    """Read a listing: a mail is a line with a literal and what stands behind it, or one line where From is missing."""
    found = []
    behind = False
    for place, part in enumerate(answer):
        if isinstance(part, tuple):
            after = answer[place + 1] if place + 1 < len(answer) else b""
            line = bytes(part[0]) + b" " + (bytes(after) if isinstance(after, bytes) else b"")
            said = bytes(part[1]).partition(b":")[2].decode("utf-8", "surrogateescape")
        elif isinstance(part, bytes) and not behind:
            line, said = part, ""
        else:
            behind = False
            continue
        behind = isinstance(part, tuple)
        uid, size = _UID.search(line), _SIZE.search(line)
        if uid and size and not _DELETED.search(line):
            found.append(Waiting(uid=uid[1].decode(), size=int(size[1]), sender=headers.mailbox(said).address))
    return found


def _reason(error: BaseException) -> str:
    return headers.clean(str(error), 300) or type(error).__name__
