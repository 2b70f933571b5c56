"""Reading what organisations were asked, and what they said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pehra.access import api as access
from pehra.incidents.models import Consent, Incident, Task
from pehra.incidents.queries import reading
from pehra.incidents.rules import consents as rules
from pehra.incidents.rules.consents import Answer
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.outbox import api as outbox

CONSENTS_SHOWN_MAX = 200


@dataclass(frozen=True, kw_only=True)
class ConsentTold:
    """One letter that asked: to whom, when it left, and where it stands in the outbox (`returned`: it came back)."""

    message: UUID
    recipient_name: str
    recipient_email: str
    standing: str
    queued_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ConsentView:
    """One question to an organisation and its answer. `task` is 0 where it is about no task.

    `lead_team` leads the incident; an organisation reads it, and no name of the team's people.
    `told` are the letters that asked, as far as the reader may read letters.
    """

    id: UUID
    incident: str
    number: int
    organisation: str
    act: str
    task: int
    asked_at: datetime
    asked_by: str
    lead_team: str
    answer: Answer
    answered_at: datetime | None
    answered_by: str
    answered_name: str
    channel: str
    terms: str
    valid_until: datetime | None
    reminded_at: datetime | None
    told: tuple[ConsentTold, ...]
    moves: tuple[Answer, ...]


def consents_of(incident: Incident, *, by: Actor) -> tuple[ConsentView, ...]:
    """Return the consents of an incident that the actor may read, by number."""
    rows = Consent.objects.all().visible_to(reading.reader(by)).filter(incident=incident)
    found = list(rows.select_related("task").order_by("number")[:CONSENTS_SHOWN_MAX])
    told = _letters([message for row in found for message in row.told], by=by)
    return tuple(_view(row, told, incident=incident, task=_number(row.task)) for row in found)


def asked_of(*, by: Actor) -> tuple[ConsentView, ...]:
    """Return what the actor's own organisations were asked, what waits for an answer first, then the newest.

    Also in incidents of several organisations, of which they see nothing else.
    """
    rows = Consent.objects.filter(organisation__in=sorted(reading.reader(by).organisations))
    newest = list(rows.order_by("-asked_at", "-id")[:CONSENTS_SHOWN_MAX])
    with access.elevated(part="incidents.asked"):
        incidents = Incident.objects.in_bulk({row.incident_id for row in newest})
    told = _letters([message for row in newest for message in row.told], by=by)
    found = sorted(newest, key=lambda row: row.answer != Answer.ASKED)
    return tuple(_view(row, told, incident=incidents[row.incident_id], task=0) for row in found)


def to_answer(reference: str, number: int, *, by: Actor) -> tuple[Incident, Consent]:
    """Return a consent that the actor may read, locked, and its incident; their own organisation's wherever it is."""
    try:
        incident = reading.find(reference, by=by)
        return incident, one_consent(incident, number, by=by)
    except NotVisible:
        own = _own(reference, number, by=by)
        if own is None:
            raise
        return own


def _own(reference: str, number: int, *, by: Actor) -> tuple[Incident, Consent] | None:
    try:
        name = parse_reference(reference)
    except Invalid:
        return None
    with access.elevated(part="incidents.asked"):
        incident = Incident.objects.filter(reference=name).first()
    rows = Consent.objects.filter(organisation__in=sorted(reading.reader(by).organisations), incident=incident)
    row = rows.filter(number=number).select_related("task").select_for_update(of=("self",)).first()
    return (incident, row) if incident and row else None


def one_consent(incident: Incident, number: int, *, by: Actor) -> Consent:
    """Return a consent's row, locked; what the actor may not read is not there."""
    rows = Consent.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row = rows.select_related("task").select_for_update(of=("self",)).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no consent {number}")
    return row


def consent_view(row: Consent, *, incident: Incident, by: Actor) -> ConsentView:
    """Return a consent's row as shown, read with its task: an organisation sees what it is asked, and no task."""
    return _view(row, _letters(row.told, by=by), incident=incident, task=_number(row.task))


def _letters(ids: Sequence[UUID], *, by: Actor) -> dict[UUID, ConsentTold]:
    """Return the letters that asked, by id, of those whom the reader may read."""
    if not ids or not access.may(by, access.Permission.OUTBOX_READ):
        return {}
    return {
        message.id: ConsentTold(
            message=message.id,
            recipient_name=message.recipient_name,
            recipient_email=message.recipient_email,
            standing=message.standing,
            queued_at=message.queued_at,
            sent_at=message.sent_at,
        )
        for message in outbox.some(ids=ids, by=by)
    }


def _number(task: Task | None) -> int:
    return task.number if task else 0


def _view(row: Consent, told: Mapping[UUID, ConsentTold], *, incident: Incident, task: int) -> ConsentView:
    return ConsentView(
        id=row.id,
        incident=incident.reference,
        number=row.number,
        organisation=row.organisation,
        act=row.act,
        task=task,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        lead_team=incident.lead_team,
        answer=Answer(row.answer),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answered_name=row.answered_name,
        channel=row.channel,
        terms=row.terms,
        valid_until=row.valid_until,
        reminded_at=row.reminded_at,
        told=tuple(told[message] for message in row.told if message in told),
        moves=rules.moves_from(Answer(row.answer)),
    )
