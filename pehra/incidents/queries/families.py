"""Which incidents are one matter: an incident with everything merged into it, however deep.

What belongs to a matter is read through this: nothing moves when two incidents are merged.
"""

from collections.abc import Iterable
from uuid import UUID

from pehra.incidents.models import Incident
from pehra.incidents.rules.joining import FAMILY_MAX


def parts_of(row: Incident) -> list[Incident]:
    """Return the incidents that are part of this one, directly or through others, in the order of their references."""
    return _below(row.id)


def _below(incident_id: UUID) -> list[Incident]:
    found: dict[UUID, Incident] = {}
    above = [incident_id]
    while above and len(found) <= FAMILY_MAX:
        below = [part for part in Incident.objects.filter(merged_into__in=above) if part.id not in found]
        found |= {part.id: part for part in below}
        above = [part.id for part in below]
    return sorted(found.values(), key=lambda part: part.reference)


def family_of(row: Incident) -> list[Incident]:
    """Return an incident and all that is part of it, itself first."""
    return [row, *parts_of(row)]


def family_ids(row: Incident) -> list[UUID]:
    """Return the ids of an incident and all that is part of it."""
    return [member.id for member in family_of(row)]


def family_ids_of(incident_id: UUID) -> list[UUID]:
    """Return the ids of an incident and all that is part of it, by its id alone."""
    return [incident_id, *(part.id for part in _below(incident_id))]


def root_of(row: Incident) -> Incident:
    """Return the incident that this one is part of in the end: itself, when it is merged into none."""
    for _ in range(FAMILY_MAX):
        if row.merged_into_id is None:
            return row
        row = Incident.objects.get(id=row.merged_into_id)
    raise AssertionError(f"{row.reference} is merged in a circle")


def references_of_parts(rows: Iterable[Incident]) -> dict[UUID, tuple[str, ...]]:
    """Return what was merged into each of some incidents itself."""
    found: dict[UUID, list[str]] = {}
    parts = Incident.objects.filter(merged_into__in=[row.id for row in rows]).order_by("reference")
    for above, reference in parts.values_list("merged_into", "reference"):
        if above is not None:
            found.setdefault(above, []).append(reference)
    return {above: tuple(references) for above, references in found.items()}
