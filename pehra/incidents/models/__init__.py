"""Tables of incidents, a file a subject."""

from pehra.incidents.models.evidence import CustodyEntry, Evidence, EvidenceQuerySet, EvidenceStamp
from pehra.incidents.models.incidents import (
    CODE_LENGTH_MAX,
    Clock,
    ClockQuerySet,
    Incident,
    IncidentFinding,
    IncidentOrganisation,
    IncidentOrganisationQuerySet,
    IncidentQuerySet,
    ReferenceCounter,
)

__all__ = [
    "CODE_LENGTH_MAX",
    "Clock",
    "ClockQuerySet",
    "CustodyEntry",
    "Evidence",
    "EvidenceQuerySet",
    "EvidenceStamp",
    "Incident",
    "IncidentFinding",
    "IncidentOrganisation",
    "IncidentOrganisationQuerySet",
    "IncidentQuerySet",
    "ReferenceCounter",
]
