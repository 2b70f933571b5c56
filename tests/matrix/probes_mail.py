"""How the use cases of mail are tried: on a mail that came to one team's mailbox, set aside."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pehra.intake import api as intake
from pehra.intake.models import Mail, MailboxStand
from pehra.kernel.actors import Actor
from pehra.kernel.clock import VirtualClock
from tests.matrix.probes import Probe, acts, sees
from tests.matrix.world import AT, Place

CLOCK = VirtualClock(AT)


def _mail(place: Place) -> UUID:
    """The mail that came to a team's mailbox; made where it is not there yet."""
    number = uuid5(NAMESPACE_URL, f"mail of {place.name}")
    stand = {"team": place.team, "looked_at": AT}
    MailboxStand.objects.get_or_create(name=place.name, defaults=stand)
    row = {
        "mailbox": place.name,
        "team": place.team,
        "teams": [place.team],
        "sha256": "0" * 64,
        "size": 1,
        "sender_address": place.email,
        "received_at": AT,
        "state": "set-aside",
        "sort": "loop",
        "why": "own-mark",
        "problem": "tried",
    }
    Mail.objects.get_or_create(id=number, defaults=row)
    return number


def _let_in(place: Place, by: Actor) -> bool:
    _mail(place)
    return bool(intake.retry_sender(address=place.email, by=by, at=AT))


def _findings(place: Place, by: Actor) -> Any:
    return intake.make_findings(mail_id=_mail(place), subjects=["198.18.1.1"], type="spam", by=by, at=AT)


def _is_there(place: Place, by: Actor) -> bool:
    return _mail(place) in {row.id for row in intake.mails(by=by, limit=200).rows}


def _box(place: Place, by: Actor) -> bool:
    _mail(place)
    return place.name in {row.name for row in intake.mailboxes(by=by)}


def _counted(place: Place, by: Actor) -> bool:
    _mail(place)
    return intake.mail_counts(by=by).set_aside > 0


def _taken(_place: Place, by: Actor) -> Any:
    return intake.take_in_mail(content=b"From: a@b.example\n\nx", mailbox="tried", by=by, at=AT)


PROBES: dict[str, Probe] = {
    "intake.mails": sees(_is_there),
    "intake.one_mail": acts(lambda p, by: intake.one_mail(mail_id=_mail(p), by=by)),
    "intake.mail_text": acts(lambda p, by: intake.mail_text(mail_id=_mail(p), by=by)),
    "intake.mail_counts": sees(_counted, anywhere=True),
    "intake.mailboxes": sees(_box),
    "intake.retry_mail": acts(lambda p, by: intake.retry_mail(mail_id=_mail(p), by=by, at=AT)),
    "intake.retry_sender": acts(_let_in, anywhere=True),
    "intake.take_for_report": acts(lambda p, by: intake.take_for_report(mail_id=_mail(p), by=by, at=AT)),
    "intake.make_findings": acts(_findings),
    # Pehra's own work: refused to every person and every program
    "intake.fetch_mail": acts(lambda p, by: intake.fetch_mail(by=by, clock=CLOCK), anywhere=True),
    "intake.sort_mail": acts(lambda p, by: intake.sort_mail(by=by, clock=CLOCK), anywhere=True),
    "intake.feed_from_mail": acts(lambda p, by: intake.feed_from_mail(by=by, clock=CLOCK), anywhere=True),
    "intake.take_in_mail": acts(_taken, anywhere=True),
}
