"""Which incidents are one matter: an incident with everything merged into it, however deep.

What belongs to a matter is read through this: nothing moves when two incidents are merged.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Value

from pehra.access import api as access
from pehra.incidents.models import Incident, IncidentFinding
from pehra.incidents.rules.joining import FAMILY_MAX, JoiningRefused

LOCKING_TRIES_MAX = 5


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


@access.elevated(part="incidents.locking")
def lock_matters(ids: Iterable[UUID]) -> dict[UUID, Incident]:
    """Lock incidents with all that is one matter with them, whoever may see it, and return them by id.

    Whoever must hold more than one incident takes them here, in the one order of all their locks: by id. So a merge,
    its undoing and the end of the whole never wait for each other in a circle.
    """
    wanted = set(ids)
    for _ in range(LOCKING_TRIES_MAX):
        matters = _matters(wanted)
        held = transaction.savepoint()
        rows = {row.id: row for row in Incident.objects.filter(id__in=matters).order_by("id").select_for_update()}
        if _matters(wanted) == matters:
            transaction.savepoint_commit(held)
            return rows
        # Somebody joined or parted them while we waited. What we hold may be out of order: let go, and begin again.
        transaction.savepoint_rollback(held)
    raise JoiningRefused(_("others join and part these incidents at this moment: try again"), field="reference")


def _matters(ids: set[UUID]) -> set[UUID]:
    """Return the ids of incidents and of all that is merged with them, up and down."""
    found, edge = set(ids), set(ids)
    while edge:
        near = Incident.objects.filter(Q(merged_into__in=edge) | Q(parts__in=edge)).values_list("id", flat=True)
        edge = set(near) - found
        found |= edge
    return found


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
