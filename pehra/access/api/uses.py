"""Which relying services a person used: who must be told when the account is no longer what it was.

For Pehra itself alone. A service that was closed is told nothing more; one that a person never signed in to never
learns that the person exists.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min

from pehra.access.models import RelyingService, ServiceUse
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden


@dataclass(frozen=True, kw_only=True)
class UsedService:
    """A service that a person signed in to, and when for the first time."""

    client_id: str
    first_at: datetime


def uses_of(*, person_id: UUID, sid: str = "", by: Actor) -> list[UsedService]:
    """Return the open services that a person signed in to, each once; from one session where one is named."""
    if not by.is_system:
        raise Forbidden("which services somebody used is for Pehra itself to know")
    rows = ServiceUse.objects.filter(person_id=person_id, service__closed_at__isnull=True)
    if sid:
        rows = rows.filter(sid=sid)
    found = rows.order_by().values("service_id").annotate(first=Min("first_at")).order_by("service_id")
    return [UsedService(client_id=row["service_id"], first_at=row["first"]) for row in found]


def open_services() -> dict[str, str]:
    """Return the relying services that are open, by client id, each with its name."""
    return dict(RelyingService.objects.filter(closed_at__isnull=True).values_list("client_id", "name"))
