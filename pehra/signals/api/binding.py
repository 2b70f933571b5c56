"""Who receives for a relying service: bound by whoever keeps the node, and by nobody else.

A receiver is a service account of this node. It is told only of people who signed in to its service; binding it to
another service would tell it of others, so that one account receives for one service. Ending it takes its stream and
all that waited on it away.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.signals.models import Receiver, Stream
from pehra.signals.queries import streams as queries
from pehra.signals.queries.streams import ReceiverView

MAY_MANAGE = f"{Permission.SIGNALS_MANAGE}@national"


@transaction.atomic
def bind_receiver(*, client_id: str, account_id: UUID, email_agreed: bool = False, by: Actor, at: datetime) -> None:
    """Let a service account receive for a relying service; the same again changes only whether addresses are told."""
    require_manager(by)
    name = access.open_services().get(client_id)
    if name is None:
        raise NotVisible(_("There is no such service."))
    account = access.person(person_id=account_id, by=by, at=at)
    if not account.service or not account.active:
        raise Invalid(_("Signals are received by a service account that is open."), field="account")
    _require_free(client_id, account_id)
    Receiver.objects.update_or_create(
        client_id=client_id,
        defaults={"account_id": account_id, "email_agreed": email_agreed, "ended_at": None},
        create_defaults={
            "account_id": account_id,
            "email_agreed": email_agreed,
            "bound_by": by.id,
            "bound_at": at,
        },
    )
    facts = {"service": name, "account": str(account_id), "email_agreed": email_agreed}
    ledger.record("signals.receiver.bound", subject=f"service:{client_id}", by=by, at=at, facts=facts)


def _require_free(client_id: str, account_id: UUID) -> None:
    """Refuse an account that receives for another service; forget what it was for before."""
    taken = Receiver.objects.select_for_update().filter(account_id=account_id).exclude(client_id=client_id).first()
    if taken is not None and taken.ended_at is None:
        raise Invalid(_("This account receives for another service already."), field="account")
    if taken is not None:
        taken.delete()
    other = Receiver.objects.select_for_update().filter(client_id=client_id, ended_at__isnull=True).first()
    if other is not None and other.account_id != account_id:
        raise Invalid(_("Another account receives for this service: end that first."), field="account")


@transaction.atomic
def unbind_receiver(*, client_id: str, reason: str, by: Actor, at: datetime) -> None:
    """End that an account receives for a service; its stream and what waited on it are gone."""
    require_manager(by)
    if not reason.strip():
        raise Invalid(_("say why"), field="reason")
    row = Receiver.objects.select_for_update().filter(client_id=client_id, ended_at__isnull=True).first()
    if row is None:
        raise NotVisible(_("There is no such receiver."))
    Stream.objects.filter(receiver=row).delete()
    Receiver.objects.filter(client_id=client_id).update(ended_at=at)
    facts = {"account": str(row.account_id), "reason": reason.strip()}
    ledger.record("signals.receiver.ended", subject=f"service:{client_id}", by=by, at=at, facts=facts)


def receivers(*, by: Actor, at: datetime) -> list[ReceiverView]:
    """Return every receiver with its stream, for whoever reads signals for the nation."""
    access.require(by, Permission.SIGNALS_READ)
    return queries.receivers(by=by, at=at)


def require_manager(by: Actor) -> None:
    """Refuse unless the actor keeps signals for the nation: a stream is no team's."""
    if not by.is_system and MAY_MANAGE not in by.permissions:
        access.require(by, Permission.SIGNALS_READ)
        raise Forbidden(_("Signals are kept by whoever keeps the node."))
