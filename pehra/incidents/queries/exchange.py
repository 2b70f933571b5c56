"""An incident as a document for others: what the actor may read of it, and nothing more.

Organisations, findings and observables go through the same walls as on its page, so that an export by an informed team
names none of another's constituents.
"""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import api as findings
from pehra.incidents.models import Incident, IncidentObservable
from pehra.incidents.queries import reading
from pehra.incidents.queries.families import family_ids
from pehra.incidents.queries.shapes import IncidentPage
from pehra.incidents.rules import documents
from pehra.incidents.rules.documents import IncidentDocument, Party, PartyRole, Seen, Side
from pehra.incidents.rules.observables import Verdict
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Pap, Tlp
from pehra.law import api as law
from pehra.registry import api as registry


def document_of(reference: str, *, by: Actor, at: datetime) -> IncidentDocument:
    """Return a visible incident as a document; what is not visible is not there."""
    page = reading.incident(reference, by=by)
    row = reading.find(reference, by=by)
    profile, view = law.load(settings.PEHRA_PROFILE), page.incident
    return IncidentDocument(
        issuer=issuer(profile),
        reference=view.reference,
        written_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        title=view.title,
        tlp=Tlp(view.tlp),
        pap=Pap(view.pap),
        description=page.summary,
        language=profile.identity.languages[0],
        state=view.state.value,
        taxonomy=view.taxonomy,
        type=view.type,
        severity=view.severity,
        gravity=documents.gravity_of(view.severity, tuple(profile.severity_levels)),
        attributes=page.attributes,
        attributes_absent=page.attributes_absent,
        impact={name: float(value) for name, value in row.impact.items() if isinstance(value, int | float)},
        moments={moment.name: moment.moment for moment in page.moments if ":" not in moment.name}
        | {"reported": view.opened_at},
        parties=(_creator(page), *_victims(page)),
        observables=documents.each_once([*_observables(row, by=by), *_subjects(page, by=by)]),
        exercise=row.exercise,
    )


def issuer(profile: law.Profile) -> str:
    """Return the name under which this node's numbers are known to others: its host, or the country's code."""
    return urlsplit(settings.PEHRA_URL).hostname or f"pehra.{profile.identity.code}"


def _creator(page: IncidentPage) -> Party:
    """Return who answers for the document: the lead team, with the address under which it is reached."""
    lead = page.incident.lead_team
    contact = next((each for each in registry.team_contacts(lead) if each.email), None) if lead else None
    return Party(
        role=PartyRole.CREATOR,
        name=registry.names([lead]).get(lead, lead) if lead else "",
        email=contact.email if contact else "",
        phone=contact.phone if contact else "",
    )


def _victims(page: IncidentPage) -> list[Party]:
    return [
        Party(
            role=PartyRole.VICTIM,
            name=side.name or side.organisation,
            sector=side.sector,
            territory=side.territory,
        )
        for side in page.sides[: documents.PARTIES_MAX]
        if side.name or side.organisation
    ]


def _observables(row: Incident, *, by: Actor) -> list[Seen]:
    """Return what is seen in the whole matter; what somebody judged benign is nobody's to look for."""
    rows = IncidentObservable.objects.all().visible_to(reading.reader(by))
    rows = rows.filter(incident__in=family_ids(row), removed_at__isnull=True).exclude(verdict=Verdict.BENIGN)
    values = rows.order_by("id").values_list("value", flat=True)[: documents.OBSERVABLES_MAX]
    return [seen for value in values if (seen := documents.seen(value))]


def _subjects(page: IncidentPage, *, by: Actor) -> list[Seen]:
    """Return where findings were found: the addresses of those who suffer."""
    if not page.finding_ids or not access.may(by, Permission.FINDINGS_READ):
        return []
    found = findings.some(ids=page.finding_ids, by=by)
    return [seen for each in found if (seen := documents.seen(each.subject, Side.TARGET))]
