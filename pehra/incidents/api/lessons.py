"""Lessons of an incident: what was learnt, and the change to a playbook or a rule that it proposes.

A proposal is answered by who keeps the team's playbooks, with a reason; the change itself is made where playbooks and
the profile are kept, and `result` says which version carries it.
"""

from datetime import datetime

from django.db import transaction

from pehra.access.api import Permission
from pehra.incidents.api import acting
from pehra.incidents.models import Lesson, Playbook
from pehra.incidents.queries import lessons as queries
from pehra.incidents.queries.lessons import LessonView
from pehra.incidents.rules import lessons as rules
from pehra.incidents.rules.lessons import Aim, LessonState
from pehra.incidents.rules.playbooks import ID_LENGTH_MAX
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid


def lessons(ref: str, *, by: Actor) -> tuple[LessonView, ...]:
    """Return the lessons of an incident that the actor may read, by number."""
    return queries.lessons_of(acting.of_its_teams(ref, by=by), by=by)


def proposals(*, state: str = "", by: Actor) -> tuple[LessonView, ...]:
    """Return what lessons propose, as far as the actor may read it, the newest first; `state` narrows it."""
    return queries.proposals(state=rules.parse_lesson_state(state) if state else None, by=by)


@transaction.atomic
def add_lesson(
    *, ref: str, learnt: str, aim: str = "", subject: str = "", proposal: str = "", by: Actor, at: datetime
) -> LessonView:
    """Write a lesson, also after the end. One that would change something says what: the playbook or rule, and how."""
    incident = acting.locked(ref, by=by, live=False)
    kind = rules.parse_aim(aim)
    changes = kind is not Aim.NONE
    row = Lesson(
        id=new_id(at),
        incident=incident,
        number=acting.next_number(Lesson.objects.filter(incident=incident)),
        learnt=acting.words(learnt, field="learnt", most=rules.LESSON_LENGTH_MAX),
        aim=kind,
        subject=_subject(kind, subject, by=by),
        proposal=acting.words(proposal, field="proposal", most=rules.LESSON_LENGTH_MAX, needed=changes),
        state=LessonState.PROPOSED if changes else LessonState.NOTED,
        written_at=at,
        written_by=by.id,
    )
    row.save(force_insert=True)
    facts = {"lesson": row.number, "aim": row.aim, "subject": row.subject, "proposal": row.proposal}
    acting.record(incident, "incidents.lesson.written", facts, by=by, at=at)
    return queries.lesson_view(row)


@transaction.atomic
def answer_lesson(
    *, ref: str, number: int, to: str, reason: str, result: str = "", by: Actor, at: datetime
) -> LessonView:
    """Accept or decline what a lesson proposes, or say that it was carried out and which version carries it."""
    incident = acting.locked(ref, by=by, permission=Permission.INCIDENTS_PLAYBOOKS, live=False)
    row = queries.one_lesson(incident, number, by=by)
    before, target = LessonState(row.state), rules.parse_lesson_state(to)
    rules.require_move(before, target)
    carried = target is LessonState.CARRIED_OUT
    row.state, row.decided_at, row.decided_by = target, at, by.id
    row.decided_reason = acting.reason(reason)
    row.result = acting.words(result, field="result", most=ID_LENGTH_MAX, needed=carried)
    row.save(update_fields=["state", "decided_at", "decided_by", "decided_reason", "result"])
    facts = {"lesson": number, "from": before, "to": target, "reason": row.decided_reason, "result": row.result}
    acting.record(incident, "incidents.lesson.answered", facts, by=by, at=at)
    return queries.lesson_view(row)


def _subject(kind: Aim, subject: str, *, by: Actor) -> str:
    """Return what a lesson would change; a playbook must be one that the actor may use."""
    said = acting.words(subject, field="subject", most=ID_LENGTH_MAX, needed=kind is Aim.RULE)
    known = Playbook.objects.all().visible_to(by).filter(cacao_id=said)
    if kind is Aim.PLAYBOOK and said and not known.exists():
        raise Invalid(f"there is no playbook {said}", field="subject")
    return said
