"""Which incidents hold some findings, which findings an incident holds, and what is one matter with it, through the
wall."""

from collections.abc import Sequence
from uuid import UUID

from pehra.incidents.models import IncidentFinding
from pehra.incidents.queries.families import parts_of
from pehra.incidents.queries.reading import find, visible
from pehra.kernel.actors import Actor


def finding_ids(*, ref: str, by: Actor) -> tuple[UUID, ...]:
    """Return the findings of a visible incident."""
    held = find(ref, by=by).findings.filter(moved_to__isnull=True)
    return tuple(held.order_by("finding").values_list("finding", flat=True))


def live_with_findings(*, finding_ids: Sequence[UUID], by: Actor) -> tuple[str, ...]:
    """Return the references of the incidents, not ended, that hold one of these findings."""
    held = IncidentFinding.objects.filter(finding__in=list(finding_ids), moved_to__isnull=True).values("incident")
    rows = visible(by).filter(id__in=held, ended_at__isnull=True)
    return tuple(rows.order_by("reference").values_list("reference", flat=True))


def references_of_matter(*, ref: str, by: Actor) -> tuple[str, ...]:
    """Return the references of a visible incident and of those of its parts that the actor may see, itself first."""
    row = find(ref, by=by)
    parts = visible(by).filter(id__in=[part.id for part in parts_of(row)])
    return (row.reference, *parts.order_by("reference").values_list("reference", flat=True))
