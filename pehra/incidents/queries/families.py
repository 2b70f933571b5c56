"""Which incidents are one matter: an incident with everything merged into it, however deep.

What belongs to a matter is read through this: nothing moves when two incidents are merged.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Value

from pehra.incidents.models import Incident, IncidentFinding
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


def findings_and_parts(ids: Sequence[UUID]) -> tuple[dict[UUID, int], dict[UUID, tuple[str, ...]]]:
    """Return how many findings each of some incidents has itself, and what was merged into it: asked at once."""
    own = IncidentFinding.objects.filter(incident__in=ids, moved_to__isnull=True).values("incident")
    counted = own.annotate(number=Count("id"), part=Value("")).values_list("incident", "number", "part")
    merged = Incident.objects.filter(merged_into__in=ids).annotate(number=Value(0))
    named = merged.values_list("merged_into", "number", "reference")
    findings: dict[UUID, int] = {}
    parts: dict[UUID, list[str]] = {}
    for incident, number, part in counted.union(named, all=True):
        if part:
            parts.setdefault(incident, []).append(part)
        else:
            findings[incident] = number
    return findings, {incident: tuple(sorted(references)) for incident, references in parts.items()}
