"""Which relying services a person used: who must be told when the account is no longer what it was.

For Pehra itself alone. A service that was closed is told nothing more; one that a person never signed in to never
learns that the person exists.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pehra.access.models import RelyingService, ServiceUse
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, NotVisible

USES_READ_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class UsedService:
    """That a person signed in to a service from one session, for the first time at that moment."""

    client_id: str
    sid: str
    first_at: datetime


def uses_of(*, person_id: UUID, by: Actor) -> list[UsedService]:
    """Return the open services that a person ever signed in to, once a session, the latest first."""
    if not by.is_system:
        raise Forbidden("which services somebody used is for Pehra itself to know")
    rows = ServiceUse.objects.filter(person_id=person_id, service__closed_at__isnull=True).order_by("-last_at", "id")
    return [
        UsedService(client_id=row.service_id, sid=row.sid, first_at=row.first_at)
        for row in rows.only("service_id", "sid", "first_at")[:USES_READ_MAX]
    ]


def open_services() -> dict[str, str]:
    """Return the relying services that are open, by client id, each with its name."""
    return dict(RelyingService.objects.filter(closed_at__isnull=True).values_list("client_id", "name"))


def open_service(*, client_id: str) -> str:
    """Return the name of an open relying service; one that is unknown or closed is not there."""
    name = open_services().get(client_id)
    if name is None:
        raise NotVisible("There is no such service.")
    return name
