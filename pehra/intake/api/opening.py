"""An incident is opened from a report: what the reporter said becomes its facts, and a person says the rest.

Severity, duties and clocks are the law's answer to those facts, as for any incident. What the report left unsaid stays
unknown, and a person supplies it later; nothing is guessed from a text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from pehra.incidents import api as incidents
from pehra.intake.api.choosing import Chosen, locked
from pehra.intake.api.deciding import decide
from pehra.intake.api.forms import stages
from pehra.intake.api.handing_on import hand_on
from pehra.intake.models import Report
from pehra.intake.rules.acts import Act
from pehra.intake.rules.saying import TITLE_LENGTH_MAX
from pehra.kernel.actors import Actor
from pehra.kernel.clock import parse_time
from pehra.kernel.markings import Tlp
from pehra.kernel.reasons import Because
from pehra.law import api as law
from pehra.registry import api as registry

RULE = "intake.report"
DECIDED_BY_PERSON = "decided by a person"
INCIDENT_MOMENTS = frozenset({"occurrence", "discovery", "awareness", "ransom_payment", "handling_end"})


@transaction.atomic
def open_incident(
    *,
    reference: str,
    title: str = "",
    organisations: Sequence[str] | None = None,
    taxonomy: str = "",
    type: str = "",
    severity: str = "",
    exercise: bool = False,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> incidents.IncidentView:
    """Open an incident from a report; what is not given is as the report says. The report names it from then on.

    `exercise` marks it before anybody is told of it; what was reported as practised is never opened as real.
    """
    chosen = Chosen(references=(reference,))
    (row,) = locked(Act.OPEN, chosen, by=by)
    concerned = list(organisations) if organisations is not None else _concerned(row)
    facts = law.IncidentFacts(
        taxonomy=taxonomy or row.taxonomy or None,
        type=type or row.type or None,
        severity=severity or None,
        attributes=_attributes(row),
        impact=row.impact,
    )
    entity = _entity(row, concerned)
    opened = incidents.open_incident(
        title=_title(row, title),
        organisations=concerned,
        facts=facts,
        moments=_moments(row.moments, at=at),
        marking=_marking(row, entity, facts, at=at),
        summary=row.description,
        entity=None if concerned else entity,
        exercise=exercise or row.exercise,
        because=[_because(row, by=by)],
        said_by=row.reference,
        by=by,
        at=at,
    )
    decide(Act.OPEN, [row], {"incident": opened.reference}, chosen=chosen, reason=reason, by=by, at=at)
    hand_on([row], incident=opened.reference, at=at)
    stages.meet_of(row, incident=opened.reference, at=at)
    return opened


def _concerned(row: Report) -> list[str]:
    return [row.about_organisation] if row.about_organisation else []


def _attributes(row: Report) -> law.Attributes:
    """Return what the report says that the incident is. What was not ticked was not denied: nobody knows it yet.

    How far a matter has spread is counted, and one report does not say it.
    """
    words = {word.code for word in law.load(settings.PEHRA_PROFILE).attributes}
    ticked = set(row.attributes) & words - {incidents.WIDESPREAD}
    return law.Attributes.known(dict.fromkeys(ticked, True))


def _entity(row: Report, concerned: Sequence[str]) -> law.EntityFacts:
    for facts in registry.entity_facts(concerned[:1]).values():
        return facts.without_name()
    return law.EntityFacts(sector=row.sector or None, territory=row.territory or None)


def _because(row: Report, *, by: Actor) -> Because:
    facts = {"report": row.reference, "by": by.id, "reported": list(row.attributes)}
    return Because(rule=RULE, version="", citation="", status=DECIDED_BY_PERSON, facts=facts)


def _title(row: Report, given: str) -> str:
    title = " ".join((given or row.title or row.description[: 2 * TITLE_LENGTH_MAX]).split())
    return title[:TITLE_LENGTH_MAX] or row.reference


def _moments(said: Mapping[str, str], *, at: datetime) -> dict[str, datetime]:
    """Return the moments that the law counts from; one that has not come yet was a slip of whoever reported."""
    read = {name: parse_time(text) for name, text in said.items() if name in INCIDENT_MOMENTS}
    return {name: moment for name, moment in read.items() if moment <= at}


def _marking(row: Report, entity: law.EntityFacts, facts: law.IncidentFacts, *, at: datetime) -> law.Marking:
    """Return how the incident is marked: as its source said, and for its use as the law says."""
    profile = law.load(settings.PEHRA_PROFILE)
    by_law = law.sharing(profile, entity=entity, incident=facts, on=law.day_of(profile, at))
    return replace(by_law, tlp=Tlp(row.tlp))
