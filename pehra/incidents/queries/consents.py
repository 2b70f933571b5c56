"""Reading what organisations were asked, and what they said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.models import Consent, Incident
from pehra.incidents.queries import reading
from pehra.incidents.rules import consents as rules
from pehra.incidents.rules.consents import Answer
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible

CONSENTS_SHOWN_MAX = 200


@dataclass(frozen=True, kw_only=True)
class ConsentView:
    """One question to an organisation and its answer. `task` is 0 where it is about no task."""

    id: UUID
    number: int
    organisation: str
    act: str
    task: int
    asked_at: datetime
    asked_by: str
    answer: Answer
    answered_at: datetime | None
    answered_by: str
    answered_name: str
    channel: str
    terms: str
    valid_until: datetime | None
    moves: tuple[Answer, ...]


def consents_of(incident: Incident, *, by: Actor) -> tuple[ConsentView, ...]:
    """Return the consents of an incident that the actor may read, by number."""
    rows = Consent.objects.all().visible_to(reading.reader(by)).filter(incident=incident)
    return tuple(consent_view(row) for row in rows.select_related("task").order_by("number")[:CONSENTS_SHOWN_MAX])


def one_consent(incident: Incident, number: int, *, by: Actor) -> Consent:
    """Return a consent's row, locked; what the actor may not read is not there."""
    rows = Consent.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row = rows.select_related("task").select_for_update(of=("self",)).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no consent {number}")
    return row


def consent_view(row: Consent) -> ConsentView:
    """Return a consent's row as shown, read with its task: an organisation sees what it is asked, and no task."""
    task: Any = row.task
    return ConsentView(
        id=row.id,
        number=row.number,
        organisation=row.organisation,
        act=row.act,
        task=task.number if task else 0,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        answer=Answer(row.answer),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answered_name=row.answered_name,
        channel=row.channel,
        terms=row.terms,
        valid_until=row.valid_until,
        moves=rules.moves_from(Answer(row.answer)),
    )
