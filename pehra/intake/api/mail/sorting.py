"""Mails that wait are sorted, one transaction each, the first of every sender before the second of any.

A mail is taken for the length of a lease, and the taking is counted before the mail is looked at: one that kills
whoever reads it is tried three times and then set aside. What a mail's sorting failed on is written beside it; no mail
waits for another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from pehra.intake.api.mail import acting, reading
from pehra.intake.models import Mail
from pehra.intake.rules.mail.states import MailState
from pehra.kernel.actors import Actor
from pehra.kernel.clock import Clock
from pehra.kernel.refusals import Fault, Forbidden, Refusal
from pehra.ledger import api as ledger

LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 3
AGAIN = timedelta(minutes=2)
ROUND_MAX = 500
NEVER_FINISHED = "it was begun three times and never finished: whoever read it was killed"


@dataclass(kw_only=True)
class SortSummary:
    """What one round of sorting came to: how many of which kind, set aside, and put off."""

    sorts: dict[str, int] = field(default_factory=dict)
    set_aside: int = 0
    put_off: int = 0

    @property
    def count(self) -> int:
        """How many mails were taken in hand."""
        return sum(self.sorts.values()) + self.set_aside + self.put_off


def sort_mail(
    *, by: Actor, clock: Clock, ending: Callable[[], bool] = lambda: False, limit: int = ROUND_MAX
) -> SortSummary:
    """Sort what waits, at most so many mails."""
    if not by.is_system:
        raise Forbidden("mail is sorted by Pehra itself")
    summary = SortSummary()
    while summary.count < limit and not ending():
        row = _claim(at=clock.now())
        if row is None:
            break
        _sort(row, summary, by=by, at=clock.now())
    return summary


def _claim(*, at: datetime) -> Mail | None:
    """Take the next mail for the length of a lease."""
    with transaction.atomic(durable=True):
        waiting = Mail.objects.filter(state=MailState.WAITING, due_at__lte=at).order_by("turn", "id")
        row = waiting.select_for_update(skip_locked=True).first()
        if row is not None:
            row.attempts += 1
            row.due_at = at + LEASE
            row.save(update_fields=["attempts", "due_at"])
        return row


def _sort(row: Mail, summary: SortSummary, *, by: Actor, at: datetime) -> None:
    if row.attempts > ATTEMPTS_MAX:
        _set_aside(row, NEVER_FINISHED, by=by, at=at)
        summary.set_aside += 1
        return
    try:
        mail = reading.read(row)
        with transaction.atomic(durable=True):
            mine = Mail.objects.select_for_update().filter(id=row.id, state=MailState.WAITING, attempts=row.attempts)
            taken = mine.first()
            if taken is None:
                return  # its lease ended, and somebody else has it
            acting.note(taken, mail)
            acting.act(taken, mail, by=by, at=at)
            taken.save()
            if taken.state == MailState.SET_ASIDE:
                _record("intake.mail.set_aside", taken, by=by, at=at)
    except Fault as fault:
        if row.attempts >= ATTEMPTS_MAX:
            _set_aside(row, str(fault), by=by, at=at)
            summary.set_aside += 1
        else:
            _put_off(row, str(fault), at=at)
            summary.put_off += 1
    except Refusal as refusal:
        _set_aside(row, refusal.message, by=by, at=at)
        summary.set_aside += 1
    else:
        _count(taken, summary)


def _count(row: Mail, summary: SortSummary) -> None:
    if row.state == MailState.SET_ASIDE:
        summary.set_aside += 1
    else:
        summary.sorts[row.sort] = summary.sorts.get(row.sort, 0) + 1


@transaction.atomic(durable=True)
def _set_aside(row: Mail, problem: str, *, by: Actor, at: datetime) -> None:
    mine = Mail.objects.filter(id=row.id, state=MailState.WAITING, attempts=row.attempts)
    if mine.update(state=MailState.SET_ASIDE, due_at=None, problem=problem[:2_000]):
        row.problem = problem
        _record("intake.mail.set_aside", row, by=by, at=at)


def _put_off(row: Mail, problem: str, *, at: datetime) -> None:
    mine = Mail.objects.filter(id=row.id, state=MailState.WAITING, attempts=row.attempts)
    mine.update(due_at=at + AGAIN * row.attempts, problem=problem[:2_000])


def _record(event: str, row: Mail, *, by: Actor, at: datetime) -> None:
    facts = {"mailbox": row.mailbox, "sha256": row.sha256, "size": row.size, "because": row.problem[:500]}
    ledger.record(event, subject=f"mail:{row.id}", by=by, at=at, teams=row.teams, facts=facts)
