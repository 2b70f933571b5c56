"""Mails leave their mailbox: into the vault first, then a row each, and only then out of the folder they lay in.

Nothing is understood here, so that nothing in a mail can stop the next one. Killed at any moment: what has no row is
fetched again, what has one already is known by its hash and only moved. A mail over the limit stays whole on its
server; its beginning is kept, shown, and becomes a report that says so.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from pehra.intake.gateways import mailboxes
from pehra.intake.gateways.imap import ImapServer, signed_in
from pehra.intake.models import Mail, MailboxStand
from pehra.intake.rules.mail import headers, letters, turns
from pehra.intake.rules.mail.mailboxes import Mailbox
from pehra.intake.rules.mail.states import MailState
from pehra.intake.rules.mail.turns import Waiting
from pehra.kernel.actors import Actor, system
from pehra.kernel.clock import Clock
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Fault, Forbidden, Invalid
from pehra.registry import api as registry
from pehra.vault import api as vault

MAIL_BYTES_MAX = 40 * 1024 * 1024
BEGINNING_BYTES = 1024 * 1024  # of a larger one so much is kept
BATCH = 50
MAILS_A_ROUND = 1_000
ROUND = timedelta(seconds=20)  # then the next mailbox has its turn
SENDER_COUNTED = timedelta(hours=1)
_SYSTEM = system("intake")


@dataclass(frozen=True, kw_only=True)
class FetchSummary:
    """What one look into one mailbox came to. `left` is what waits on the server still."""

    mailbox: str
    fetched: int = 0
    known: int = 0
    too_large: int = 0
    left: int = 0
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A mail that lies in the vault: its row, and what it is called on the server."""

    uid: str
    row: Mail


def fetch_mail(*, by: Actor, clock: Clock, ending: Callable[[], bool] = lambda: False) -> list[FetchSummary]:
    """Fetch what waits in every mailbox; one that fails is written down with its reason and the others go on."""
    if not by.is_system:
        raise Forbidden("mail is fetched by Pehra itself")
    try:
        configured = mailboxes.configured()
    except Fault as fault:
        # Nobody looks into any of them: those that were looked into before must not seem to be empty.
        MailboxStand.objects.update(looked_at=clock.now(), problem=str(fault))
        return [FetchSummary(mailbox=mailboxes.FILE, problem=str(fault))]
    failing = set(MailboxStand.objects.exclude(problem="").values_list("name", flat=True))
    told = []
    # Those that failed last come last: a server that does not answer costs its own mailbox half a minute, and no other.
    for mailbox in sorted(configured, key=lambda one: one.name in failing):
        if ending():
            break
        try:
            summary = _fetch(mailbox, clock=clock, ending=ending)
        except Fault as fault:
            summary = FetchSummary(mailbox=mailbox.name, problem=str(fault))
        _write_down(mailbox, summary, at=clock.now())
        told.append(summary)
    return told


def take_in_mail(*, content: bytes, mailbox: str, by: Actor, at: datetime) -> bool:
    """Take in a mail that somebody has as a file, as if it had come to a mailbox; whether it is new there."""
    if not by.is_system:
        raise Forbidden("mail is taken in by Pehra itself")
    found = next((one for one in mailboxes.configured() if one.name == mailbox), None)
    if found is None:
        raise Invalid(f"there is no mailbox {mailbox!r} in {mailboxes.FILE}", field="mailbox")
    kept = vault.keep(content, limit=MAIL_BYTES_MAX)
    return bool(_add_rows([_row(found, content[:BEGINNING_BYTES], kept, size=kept.size, is_whole=True, at=at)], at=at))


def _fetch(mailbox: Mailbox, *, clock: Clock, ending: Callable[[], bool]) -> FetchSummary:
    if mailbox.team not in {team.code for team in registry.teams(by=_SYSTEM)}:
        raise Fault(f"mailboxes.toml: there is no team {mailbox.team}")
    until = clock.now() + ROUND
    fetched = known = large = done = 0
    with signed_in(mailbox) as server:
        waiting = turns.in_turn(server.waiting())
        for start in range(0, min(len(waiting), MAILS_A_ROUND), BATCH):
            if ending() or clock.now() >= until:
                break
            at = clock.now()
            kept = [one for mail in waiting[start : start + BATCH] if (one := _keep(server, mail, mailbox, at=at))]
            fresh = _add_rows([one.row for one in kept], at=at)
            _move(server, kept, mailbox)
            fetched, known, done = fetched + fresh, known + len(kept) - fresh, done + len(kept)
            large += sum(not one.row.is_whole for one in kept)
        left = max(0, server.count - done)
    return FetchSummary(mailbox=mailbox.name, fetched=fetched, known=known, too_large=large, left=left)


def _keep(server: ImapServer, mail: Waiting, mailbox: Mailbox, *, at: datetime) -> _Kept | None:
    """Put one mail into the vault; None for one that somebody else took from the folder meanwhile."""
    is_whole = mail.size <= MAIL_BYTES_MAX
    beginning: list[bytes] = []
    limit = MAIL_BYTES_MAX if is_whole else BEGINNING_BYTES
    kept = vault.keep_stream(_remembering(server.pieces(mail.uid, limit=limit), beginning), limit=limit)
    if not kept.size and mail.size:
        return None
    size = kept.size if is_whole else mail.size
    row = _row(mailbox, beginning[0] if beginning else b"", kept, size=size, is_whole=is_whole, at=at)
    return _Kept(uid=mail.uid, row=row)


def _row(mailbox: Mailbox, beginning: bytes, kept: vault.Kept, *, size: int, is_whole: bool, at: datetime) -> Mail:
    """Return a mail's row, with what its header says for lists: it is not understood yet."""
    named = letters.header_only(beginning)
    sender = headers.mailbox(headers.first(named, "from") or headers.first(named, "sender"))
    return Mail(
        id=new_id(at),
        mailbox=mailbox.name,
        team=mailbox.team,
        teams=[mailbox.team],
        sha256=kept.sha256,
        size=size,
        is_whole=is_whole,
        message_id=next(iter(headers.ids([headers.first(named, "message-id")])), ""),
        sender_address=sender.address,
        sender_name=sender.name,
        subject=headers.words(headers.first(named, "subject")),
        sent_at=headers.moment(headers.first(named, "date")),
        received_at=at,
        state=MailState.WAITING,
        due_at=at,
    )


def _remembering(pieces: Iterable[bytes], first: list[bytes]) -> Iterator[bytes]:
    """Yield pieces and remember the first: the header is in it."""
    for piece in pieces:
        if not first:
            first.append(piece)
        yield piece


@transaction.atomic(durable=True)
def _add_rows(rows: Sequence[Mail], *, at: datetime) -> int:
    """Write mails down, each once, and return how many are new. Each is told how many of its sender came before it."""
    senders = {row.sender_address for row in rows}
    recent = Mail.objects.filter(sender_address__in=senders, received_at__gte=at - SENDER_COUNTED)
    counted = recent.values("sender_address").annotate(many=Count("id"))
    before: Counter[str] = Counter({one["sender_address"]: one["many"] for one in counted})
    known = set(Mail.objects.filter(sha256__in=[row.sha256 for row in rows]).values_list("mailbox", "sha256"))
    fresh = []
    for row in rows:
        if (row.mailbox, row.sha256) not in known:
            known.add((row.mailbox, row.sha256))
            row.turn = min(before[row.sender_address], turns.TURN_MAX)
            before[row.sender_address] += 1
            fresh.append(row)
    Mail.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _move(server: ImapServer, kept: Sequence[_Kept], mailbox: Mailbox) -> None:
    server.move([one.uid for one in kept if one.row.is_whole], mailbox.done_folder)
    server.move([one.uid for one in kept if not one.row.is_whole], mailbox.aside_folder)


def _write_down(mailbox: Mailbox, summary: FetchSummary, *, at: datetime) -> None:
    values: dict[str, Any] = {"team": mailbox.team, "looked_at": at, "problem": summary.problem}
    if not summary.problem:
        values |= {"succeeded_at": at, "waiting": summary.left}
    MailboxStand.objects.update_or_create(name=mailbox.name, defaults=values)
