"""How often the registry has changed: what caches ask, and what whoever changes it locks."""

from pehra.registry.models import Version


def current() -> tuple[int, str]:
    """Return the registry's version and the name of the profile last loaded."""
    return Version.objects.filter(id=1).values_list("number", "profile").first() or (0, "")


def advance() -> int:
    """Make the next version, inside the caller's transaction: of two that change the registry, one waits here."""
    Version.objects.bulk_create([Version(id=1)], ignore_conflicts=True)
    row = Version.objects.select_for_update().get(id=1)
    Version.objects.filter(id=1).update(number=row.number + 1)
    return row.number + 1
