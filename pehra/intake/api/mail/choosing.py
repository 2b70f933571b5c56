"""What people do with a mail: have it sorted again, take it for a report, or make findings of it.

The work itself is left to Pehra: a person's word goes into the row and the ledger, and the next tick acts on it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.api.mail import acting
from pehra.intake.api.mail.reading import Handover
from pehra.intake.models import Mail, MailFeed
from pehra.intake.queries import mail as queries
from pehra.intake.rules.mail import events
from pehra.intake.rules.mail.sorting import Sort
from pehra.intake.rules.mail.states import FeedState, MailState, require_move
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.kernel.rsit import CLASS_OF
from pehra.ledger import api as ledger
from pehra.vault import api as vault

MANY_MAX = 5_000
FEED_NAME = "from-mail.json"


@transaction.atomic
def retry_mail(*, mail_id: UUID, by: Actor, at: datetime) -> None:
    """Have a mail that was set aside sorted again, and what of it failed on the machine road handed over again."""
    row = queries.for_change(mail_id, by=by)
    failed = MailFeed.objects.filter(mail=row, state=FeedState.FAILED)
    again = failed.update(state=FeedState.WAITING, due_at=at, attempts=0, problem="")
    if row.state == MailState.SET_ASIDE or not again:
        require_move(MailState(row.state), MailState.WAITING)
        _wait(row, wanted=row.wanted, at=at)
    _record("intake.mail.retried", row, {"feeds": again}, by=by, at=at)


@transaction.atomic
def retry_sender(*, address: str, by: Actor, at: datetime) -> int:
    """Let in what was set aside of one sender, each mail for a report; return how many there are."""
    access.require(by, Permission.INTAKE_TRIAGE)
    aside = queries.triagable(by).filter(state=MailState.SET_ASIDE, sender_address=address).order_by("id")
    rows = list(aside.select_for_update()[:MANY_MAX])
    Mail.objects.filter(id__in=[row.id for row in rows]).update(
        state=MailState.WAITING, due_at=at, attempts=0, problem="", wanted=Sort.REPORT
    )
    for row in rows[:1]:
        _record("intake.mail.sender_let_in", row, {"mails": len(rows), "sender": address}, by=by, at=at)
    return len(rows)


@transaction.atomic
def take_for_report(*, mail_id: UUID, by: Actor, at: datetime) -> None:
    """Take a mail that was sorted as something else for a report."""
    row = queries.for_change(mail_id, by=by)
    if row.report:
        raise Invalid(_("this mail is in %(report)s already") % {"report": row.report}, field="mail")
    require_move(MailState(row.state), MailState.WAITING)
    _wait(row, wanted=Sort.REPORT, at=at)
    _record("intake.mail.taken_for_report", row, {"sorted_as": row.sort}, by=by, at=at)


def make_findings(*, mail_id: UUID, subjects: Sequence[str], type: str, by: Actor, at: datetime) -> int:
    """Make findings of addresses that a mail names: each goes down the machine road as one event of a type of RSIT.

    Whose they are, whether they are findings already and who is told follows there, as for any feed. Return how many
    addresses went on their way.
    """
    row = queries.visible(mail_id, by=by)
    for permission in (Permission.INTAKE_TRIAGE, Permission.FINDINGS_CHANGE):
        access.require(by, permission, teams=row.teams)
    if type not in CLASS_OF:
        raise Invalid(f"{type!r} is no type of RSIT", field="type")
    named = [subject for one in subjects if (subject := one.strip())]
    if not named:
        raise Invalid(_("name at least one address, name or URL"), field="subjects")
    seen_at = row.sent_at if row.sent_at and row.sent_at <= at else row.received_at
    seen = [events.Event(subject=subject, type=type, seen_at=seen_at) for subject in dict.fromkeys(named)]
    feed = row.sender_address.rpartition("@")[2] or row.mailbox
    lines = events.lines_of(seen, feed=feed, at=row.received_at)
    kept = vault.keep(lines, limit=len(lines))
    with transaction.atomic():
        acting.hand_over(row, Handover(name=FEED_NAME, form="intelmq", sha256=kept.sha256), by=by, at=at)
        _record("intake.mail.made_findings", row, {"type": type, "addresses": len(seen)}, by=by, at=at)
    return len(seen)


def _wait(row: Mail, *, wanted: str, at: datetime) -> None:
    Mail.objects.filter(id=row.id).update(
        state=MailState.WAITING, due_at=at, attempts=0, problem="", wanted=wanted
    )  # fmt: skip


def _record(event: str, row: Mail, facts: dict[str, object], *, by: Actor, at: datetime) -> None:
    ledger.record(event, subject=f"mail:{row.id}", by=by, at=at, teams=row.teams, facts=facts)
