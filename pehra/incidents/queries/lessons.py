"""Reading lessons: of one incident, and the proposals that wait for an answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.models import Incident, Lesson
from pehra.incidents.queries import reading
from pehra.incidents.rules import lessons as rules
from pehra.incidents.rules.lessons import Aim, LessonState
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible

LESSONS_SHOWN_MAX = 200


@dataclass(frozen=True, kw_only=True)
class LessonView:
    """One lesson as shown. `subject` names the playbook or rule it would change, `result` what came of it."""

    id: UUID
    incident: str
    incident_title: str
    number: int
    learnt: str
    aim: Aim
    subject: str
    proposal: str
    state: LessonState
    moves: tuple[LessonState, ...]
    written_at: datetime
    written_by: str
    decided_at: datetime | None
    decided_by: str
    decided_reason: str
    result: str


def lessons_of(incident: Incident, *, by: Actor) -> tuple[LessonView, ...]:
    """Return the lessons of an incident that the actor may read, by number."""
    return _views(Lesson.objects.all().visible_to(reading.reader(by)).filter(incident=incident).order_by("number"))


def proposals(*, state: LessonState | None, by: Actor) -> tuple[LessonView, ...]:
    """Return what lessons propose, as far as the actor may read it, the newest first."""
    rows = Lesson.objects.all().visible_to(reading.reader(by)).exclude(aim=Aim.NONE)
    return _views((rows.filter(state=state) if state else rows).order_by("-id"))


def one_lesson(incident: Incident, number: int, *, by: Actor) -> Lesson:
    """Return a lesson's row, locked; what the actor may not read is not there."""
    rows: Any = Lesson.objects.all().visible_to(reading.reader(by)).filter(incident=incident, number=number)
    row: Lesson | None = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no lesson {number}")
    return row


def _views(rows: Any) -> tuple[LessonView, ...]:
    found: Iterable[Lesson] = rows.select_related("incident")[:LESSONS_SHOWN_MAX]
    return tuple(lesson_view(row) for row in found)


def lesson_view(row: Lesson) -> LessonView:
    """Return a lesson's row as shown."""
    return LessonView(
        id=row.id,
        incident=row.incident.reference,
        incident_title=row.incident.title,
        number=row.number,
        learnt=row.learnt,
        aim=Aim(row.aim),
        subject=row.subject,
        proposal=row.proposal,
        state=LessonState(row.state),
        moves=rules.moves_from(LessonState(row.state)),
        written_at=row.written_at,
        written_by=row.written_by,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decided_reason=row.decided_reason,
        result=row.result,
    )
