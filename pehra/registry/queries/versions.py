"""How often the registry has changed: what caches ask, and what whoever changes it locks."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from pehra.registry.models import Version


@dataclass(frozen=True)
class Current:
    """The registry's version. The number is for people; the token is never used twice, even after a rollback."""

    number: int
    token: UUID
    profile: str


def current() -> Current:
    """Return the version of the registry as it stands."""
    row = Version.objects.filter(id=1).first()
    return Current(0, uuid4(), "") if row is None else Current(row.number, row.token, row.profile)


def advance() -> int:
    """Make the next version, inside the caller's transaction: of two that change the registry, one waits here."""
    Version.objects.bulk_create([Version(id=1, token=uuid4())], ignore_conflicts=True)
    row = Version.objects.select_for_update().get(id=1)
    Version.objects.filter(id=1).update(number=row.number + 1, token=uuid4())
    return row.number + 1
