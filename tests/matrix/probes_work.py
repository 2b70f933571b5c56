"""How the use cases of the work on an incident are tried: on what the place's incident got, undone with the probe."""

from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.incidents.models import Incident, IncidentOrganisation, Task
from pehra.kernel.actors import Actor, system
from tests.incidents import samples
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place

MACHINE = system("test")


def _task(place: Place) -> dict[str, Any]:
    """A task of the place's incident, as arguments that name it."""
    made = incidents.add_task(ref=place.incident, title="Tried", checklist="a", by=MACHINE, at=AT)
    return {"ref": place.incident, "number": made.number}


def _is_mine(place: Place, by: Actor) -> bool:
    """Whether a task of the place that was given to the actor is among the actor's."""
    number = _task(place)["number"]
    Task.objects.filter(incident__reference=place.incident, number=number).update(assignee=by.id)
    return place.incident in {task.incident for task in incidents.my_tasks(by=by)}


def _book(place: Place) -> UUID:
    return incidents.add_playbook(document=samples.document(), team=place.team, by=MACHINE, at=AT).id


def _note(place: Place) -> dict[str, Any]:
    return {"ref": place.incident, "number": incidents.add_note(ref=place.incident, text="x", by=MACHINE, at=AT).number}


def _entry(place: Place) -> dict[str, Any]:
    (made,) = incidents.add_entries(ref=place.incident, text="-1h tried", by=MACHINE, at=AT)
    return {"ref": place.incident, "number": made.number}


def _lesson(place: Place) -> dict[str, Any]:
    said = {"learnt": "x", "aim": "rule", "subject": "r", "proposal": "y"}
    made = incidents.add_lesson(ref=place.incident, by=MACHINE, at=AT, **said)
    return {"ref": place.incident, "number": made.number}


def _sided(place: Place) -> Place:
    """The place with its organisation as a side of its incident."""
    IncidentOrganisation.objects.get_or_create(
        incident=Incident.objects.get(reference=place.incident),
        organisation=place.organisation,
        defaults={"lead_team": place.team, "teams": [place.team], "added_at": AT},
    )
    return place


def _asked(place: Place) -> dict[str, Any]:
    ref = _sided(place).incident
    made = incidents.ask_consent(ref=ref, organisation=place.organisation, act="x", by=MACHINE, at=AT)
    return {"ref": ref, "number": made.number}


def _unsaved(place: Place, by: Actor) -> Any:
    return incidents.keep_unsaved(ref=place.incident, place="note", fields={"text": "x"}, by=by, at=AT)


def _proposes(place: Place, by: Actor) -> bool:
    _lesson(place)
    return place.incident in {lesson.incident for lesson in incidents.proposals(by=by)}


def _has_books(place: Place, by: Actor) -> bool:
    made = _book(place)
    return made in {row.id for row in incidents.playbooks(by=by)}


def _is_asked(place: Place, by: Actor) -> bool:
    made = _asked(place)
    return made["number"] in {row.number for row in incidents.consents(place.incident, by=by)}


def _works(place: Place, by: Actor) -> Any:
    _task(place)
    return incidents.playbook_of_tasks(place.incident, name="x", team=place.team, by=by, at=AT)


PROBES: dict[str, Probe] = {
    "access.colleagues": sees(
        lambda p, by: str(p.person) in access.colleagues(teams=[p.team], by=by, at=AT) if p.person else False
    ),
    # tasks and phases
    "incidents.work": acts(lambda p, by: incidents.work(p.incident, by=by, at=AT)),
    "incidents.my_tasks": sees(_is_mine),
    "incidents.may_be_given": acts(lambda p, by: incidents.may_be_given(p.incident, by=by, at=AT)),
    "incidents.add_task": acts(lambda p, by: incidents.add_task(ref=p.incident, title="Tried", by=by, at=AT)),
    "incidents.change_task": acts(lambda p, by: incidents.change_task(**_task(p), title="x", by=by, at=AT)),
    "incidents.tick": acts(lambda p, by: incidents.tick(**_task(p), item=1, done=True, by=by, at=AT)),
    "incidents.move_task": acts(lambda p, by: incidents.move_task(**_task(p), to="doing", by=by, at=AT)),
    "incidents.enter_phase": acts(lambda p, by: incidents.enter_phase(ref=p.incident, phase="respond", by=by, at=AT)),
    # playbooks
    "incidents.playbooks": sees(_has_books),
    "incidents.playbook": acts(lambda p, by: incidents.playbook(_book(p), by=by)),
    "incidents.playbook_document": acts(lambda p, by: incidents.playbook_document(_book(p), by=by)),
    "incidents.add_playbook": acts(
        lambda p, by: incidents.add_playbook(document=samples.document(), team=p.team, by=by, at=AT)
    ),
    "incidents.retire_playbook": acts(lambda p, by: incidents.retire_playbook(playbook_id=_book(p), by=by, **WHY)),
    "incidents.start_playbook": acts(
        lambda p, by: incidents.start_playbook(ref=p.incident, playbook_id=_book(p), by=by, at=AT)
    ),
    "incidents.playbook_of_tasks": acts(_works),
    # notes, and what is not written down yet
    "incidents.notes": acts(lambda p, by: incidents.notes(p.incident, by=by)),
    "incidents.note_versions": acts(lambda p, by: incidents.note_versions(*_note(p).values(), by=by)),
    "incidents.add_note": acts(lambda p, by: incidents.add_note(ref=p.incident, text="x", by=by, at=AT)),
    "incidents.change_note": acts(lambda p, by: incidents.change_note(**_note(p), text="y", version=1, by=by, at=AT)),
    "incidents.unsaved": acts(lambda p, by: incidents.unsaved(p.incident, by=by)),
    "incidents.keep_unsaved": acts(_unsaved),
    "incidents.forget_unsaved": acts(lambda p, by: incidents.forget_unsaved(ref=p.incident, place="note", by=by)),
    # the timeline
    "incidents.timeline": acts(lambda p, by: incidents.timeline(p.incident, by=by)),
    "incidents.add_entries": acts(lambda p, by: incidents.add_entries(ref=p.incident, text="-1h x", by=by, at=AT)),
    "incidents.add_entry": acts(
        lambda p, by: incidents.add_entry(ref=p.incident, happened_at=AT, text="x", by=by, at=AT)
    ),
    "incidents.correct_entry": acts(lambda p, by: incidents.correct_entry(**_entry(p), text="y", by=by, at=AT)),
    "incidents.retract_entry": acts(lambda p, by: incidents.retract_entry(**_entry(p), by=by, **WHY)),
    "incidents.pin": acts(
        lambda p, by: incidents.pin(ref=p.incident, source="task", source_ref=str(_task(p)["number"]), by=by, at=AT)
    ),
    # lessons
    "incidents.lessons": acts(lambda p, by: incidents.lessons(p.incident, by=by)),
    "incidents.proposals": sees(_proposes),
    "incidents.add_lesson": acts(lambda p, by: incidents.add_lesson(ref=p.incident, learnt="x", by=by, at=AT)),
    "incidents.answer_lesson": acts(lambda p, by: incidents.answer_lesson(**_lesson(p), to="accepted", by=by, **WHY)),
    # consent
    "incidents.consents": sees(_is_asked),
    "incidents.asked": sees(
        lambda p, by: (
            (_asked(p)["number"], p.incident) in {(row.number, row.incident) for row in incidents.asked(by=by)}
        )
    ),
    "incidents.ask_consent": acts(
        lambda p, by: incidents.ask_consent(ref=_sided(p).incident, organisation=p.organisation, act="x", by=by, at=AT)
    ),
    "incidents.answer_consent": acts(lambda p, by: incidents.answer_consent(**_asked(p), answer="given", by=by, at=AT)),
}
