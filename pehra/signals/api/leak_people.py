"""What a leak means for people of this node: the signal, and the end of a password that others know."""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from pehra.access import api as access
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Circle
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.signals.rules import leak_wording
from pehra.signals.rules.leak_owners import Account, Intake

MESSAGE_KIND = "signals.leaked-password"
PEHRA = system("signals")


def follow(accounts: Iterable[Account], intake: Intake, *, by: Actor) -> None:
    """Write down once a person that they stand in the leak; where it held their password, end that and tell them."""
    ours = sorted((account for account in accounts if account.person is not None), key=_person)
    for person_id, group in groupby(ours, key=_person):
        rows = list(group)
        in_use = any(account.in_use for account in rows)
        ended = in_use and access.force_new_credential(
            person_id=person_id, reason=f"it stood in a leak: {intake.source}", by=PEHRA, at=intake.at
        )
        facts = {
            "leak": str(intake.id),
            "source": intake.source,
            "services": sorted({account.row.service for account in rows} - {""}),
            "secrets": sorted({account.row.kind.value for account in rows} - {""}),
            "in_use": in_use,
            "ended": ended,
        }
        ledger.record("signals.leak.received", subject=f"person:{person_id}", by=by, at=intake.at, facts=facts)
        if ended:
            _tell(person_id, intake)


def _person(account: Account) -> UUID:
    if account.person is None:
        raise ValueError("an account of nobody here")
    return account.person


def _tell(person_id: UUID, intake: Intake) -> None:
    person = access.person(person_id=person_id, by=PEHRA, at=intake.at)
    draft = outbox.Draft(
        kind=MESSAGE_KIND,
        recipient=outbox.Recipient(name=person.name, email=person.email, language=person.language, circle=Circle.NAMED),
        subject=leak_wording.subject(person.language),
        body=leak_wording.body(leak_wording.PersonTold(source=intake.source, at=intake.at), person.language),
        tlp=intake.tlp,
        dedupe_key=f"{MESSAGE_KIND}:{person_id}:{intake.id}",
        about=f"person:{person_id}",
    )
    outbox.queue_many(drafts=[draft], by=PEHRA, at=intake.at)
