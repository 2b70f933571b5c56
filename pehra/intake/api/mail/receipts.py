"""A reporter gets a receipt by mail: reference, time and hash, and nothing of what they wrote.

A forged sender's victim would otherwise read a stranger's words from us. Whoever may get none, and why, stands in
`rules/mail/answering.py`; the mail's row says which it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from pehra.intake.api.mail import saying
from pehra.intake.api.mail.reading import Read
from pehra.intake.models import Mail
from pehra.intake.rules.mail import sorting, trust
from pehra.intake.rules.mail.answering import Silent, silent_because
from pehra.intake.rules.mail.letters import Letter
from pehra.intake.rules.saying import Receipt
from pehra.kernel.actors import Actor, system
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox

KIND = "intake.receipt"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def is_automatic(mail: Read) -> bool:
    """Whether a program wrote a mail, or sent it to many."""
    return mail.letter is not None and sorting.is_automatic(mail.letter)


def answer(row: Mail, mail: Read, receipts: Sequence[Receipt], *, by: Actor, at: datetime) -> None:
    """Queue a receipt for whoever wrote a mail, or write down why they get none."""
    silent = _silent(row, mail, at=at)
    if silent is not None:
        row.silent = silent
        return
    names = ", ".join(receipt.reference for receipt in receipts)
    with translation.override(saying.language_of(mail)):
        message = outbox.queue(
            kind=KIND,
            recipient=outbox.Recipient(
                name=row.sender_name if row.sender_name.isprintable() else "",
                email=row.sender_address,
                language=saying.language_of(mail),
                circle=Circle.NAMED,
            ),
            subject=_("Received: %(reference)s") % {"reference": names},
            body=_body(receipts[0], names),
            tlp=Tlp.GREEN,
            about=receipts[0].reference,
            lead_team=row.team,
            dedupe_key=f"{KIND}:{row.id}",
            in_reply_to=row.message_id,
            by=by,
            at=at,
        )
    row.receipt_id = outbox.message(message_id=message, by=system("intake")).message_id


def _body(receipt: Receipt, names: str) -> str:
    return "\n".join(
        [
            _("Your mail was received. Thank you."),
            "",
            _("Reference: %(reference)s") % {"reference": names},
            _("Received: %(time)s") % {"time": format_time(receipt.at)},
            _("SHA-256 of the mail as it came: %(sha256)s") % {"sha256": receipt.sha256},
            "",
            _("To add something, answer this mail."),
            _("If you did not write to us, somebody used your address: there is nothing to do."),
            "",
        ]
    )


def _silent(row: Mail, mail: Read, *, at: datetime) -> Silent | None:
    if mail.mailbox is None or not mail.mailbox.receipts:
        return Silent.SWITCHED_OFF
    letter: Letter | None = mail.letter
    if letter is None or not outbox.is_address(row.sender_address):
        return Silent.NO_ADDRESS
    answered = Mail.objects.filter(sender_address=row.sender_address).exclude(receipt_id="")
    return silent_because(
        letter,
        mail.own,
        fails_dmarc=trust.verdict(letter, mail.mailbox.server, "dmarc") == "fail",
        last_hour=answered.filter(received_at__gte=at - HOUR).count(),
        last_day=answered.filter(received_at__gte=at - DAY).count(),
    )
