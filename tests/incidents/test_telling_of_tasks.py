"""Tasks by mail: who gets one is told once, and again when it is nearly due and when it is overdue."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.incidents import api
from pehra.incidents.api import IncidentView
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.ledger import api as ledger
from pehra.outbox.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
TITLE = "Ask the mail provider for its logs"
DAY = timedelta(days=1)


def member(name: str, *, language: str = "en", by: Actor, at: datetime) -> str:
    """Somebody of the telecom team, with an account; their actor id."""
    person = access.add_person(email=f"{name}@ntcert.example", name=name, language=language, by=by, at=at)
    access.grant(person_id=person, role="incident-handler", team="ntcert", reason="a test", by=by, at=at)
    return str(person)


@pytest.fixture
def sara(machine: Actor, at: datetime) -> str:
    return member("sara", language="ur", by=machine, at=at - DAY)


@pytest.fixture
def lead(sector_analyst: Actor, machine: Actor, at: datetime) -> Actor:
    """The telecom team's duty officer, with an account of their own."""
    return replace(sector_analyst, id=member("bilal", by=machine, at=at - DAY))


def add(view: IncidentView, by: Actor, at: datetime, **more: Any) -> api.TaskView:
    # Behind the second wall, as a page does it.
    with access.bound(actor=by):
        return api.add_task(ref=view.reference, title=TITLE, by=by, at=at, **more)


def change(view: IncidentView, by: Actor, at: datetime, **more: Any) -> api.TaskView:
    with access.bound(actor=by):
        return api.change_task(ref=view.reference, number=1, by=by, at=at, **more)


def told(kind: str) -> list[str]:
    return list(Message.objects.filter(kind=kind).order_by("id").values_list("recipient_email", flat=True))


def facts(view: IncidentView, event: str, by: Actor) -> list[dict[str, Any]]:
    return [dict(entry.facts) for entry in ledger.history(subject=view.reference, by=by) if entry.event == event]


def test_who_gets_a_task_is_told_at_their_own_address_in_their_language(
    opened: IncidentView, lead: Actor, sara: str, at: datetime
) -> None:
    add(opened, lead, at, assignee=sara, due_at=at + DAY)
    (row,) = Message.objects.filter(kind="task-given")
    assert (row.recipient_email, row.language, row.organisation) == ("sara@ntcert.example", "ur", "")
    assert (row.about, row.lead_team, set(row.teams)) == (opened.reference, "ntcert", set(opened.teams))
    assert TITLE in row.body
    assert f"http://localhost:8000/incidents/{opened.reference}/tasks#task-1" in row.body
    assert [said["told"] for said in facts(opened, "incidents.task.added", lead)] == [[sara]]


def test_who_takes_a_task_is_not_told_nor_who_has_it_already(
    opened: IncidentView, lead: Actor, sara: str, at: datetime
) -> None:
    add(opened, lead, at, assignee=lead.id)
    add(opened, lead, at)
    api.move_task(ref=opened.reference, number=2, to="doing", by=lead, at=at)
    assert told("task-given") == []
    for hour in range(2):
        change(opened, lead, at + timedelta(hours=hour), assignee=sara)
    assert told("task-given") == ["sara@ntcert.example"]
    change(opened, lead, at, assignee="")
    change(opened, lead, at + DAY, assignee=sara)
    assert told("task-given") == ["sara@ntcert.example"] * 2


def test_what_is_for_named_people_alone_is_told_without_its_title(
    opened: IncidentView, lead: Actor, sara: str, at: datetime
) -> None:
    Incident.objects.update(tlp=Tlp.RED)
    add(opened, lead, at, assignee=sara, due_at=at + DAY)
    api.remind(at=at + 2 * DAY)
    rows = list(Message.objects.filter(kind__startswith="task-"))
    assert {row.kind for row in rows} == {"task-given", "task-overdue"}
    assert {row.tlp for row in rows} == {Tlp.AMBER_STRICT}
    assert not any(TITLE in row.subject + row.body for row in rows)


def test_a_task_is_nearly_due_then_overdue_and_each_is_said_once(
    opened: IncidentView, lead: Actor, sara: str, at: datetime
) -> None:
    add(opened, lead, at, assignee=sara, due_at=at + 4 * DAY)
    assert api.remind(at=at + 3 * DAY - timedelta(seconds=1)) == 0
    assert [api.remind(at=at + 3 * DAY) for _ in range(2)] == [1, 0]
    assert [api.remind(at=at + 4 * DAY + timedelta(hours=hour)) for hour in range(2)] == [1, 0]
    for kind, event in (("task-due-soon", "due_soon"), ("task-overdue", "overdue")):
        assert told(kind) == ["sara@ntcert.example"]
        assert [said["told"] for said in facts(opened, f"incidents.task.{event}", lead)] == [[sara]]


def test_one_that_is_found_late_is_overdue_at_once(opened: IncidentView, lead: Actor, sara: str, at: datetime) -> None:
    add(opened, lead, at, assignee=sara, due_at=at + DAY)
    assert [api.remind(at=at + 9 * DAY) for _ in range(2)] == [1, 0]
    assert (told("task-due-soon"), told("task-overdue")) == ([], ["sara@ntcert.example"])


def test_another_due_time_is_told_of_and_the_same_again_is_not(
    opened: IncidentView, lead: Actor, sara: str, at: datetime
) -> None:
    add(opened, lead, at, assignee=sara, due_at=at + DAY)
    api.remind(at=at + 2 * DAY)
    change(opened, lead, at + 2 * DAY, due_at=at + DAY, description="more")
    assert api.remind(at=at + 2 * DAY) == 0
    change(opened, lead, at + 2 * DAY, due_at=at + 3 * DAY)
    api.remind(at=at + 4 * DAY)
    assert told("task-overdue") == ["sara@ntcert.example"] * 2
    change(opened, lead, at + 4 * DAY, due_at=at + 5 * DAY)
    change(opened, lead, at + 4 * DAY, forget_due=True)
    assert api.remind(at=at + 9 * DAY) == 0


@pytest.mark.parametrize("over", ["task", "incident"])
def test_what_is_over_is_not_told_of(
    over: str, opened: IncidentView, lead: Actor, sara: str, machine: Actor, at: datetime
) -> None:
    add(opened, lead, at, assignee=sara, due_at=at + DAY)
    if over == "task":
        api.move_task(ref=opened.reference, number=1, to="done", by=lead, at=at)
    else:
        Incident.objects.update(state="closed", ended_at=at)
    assert api.remind(at=at + 9 * DAY) == 0


def test_a_task_of_nobody_or_of_who_has_left_is_its_lead_teams(
    opened: IncidentView, lead: Actor, sara: str, machine: Actor, at: datetime
) -> None:
    omar = member("omar", by=machine, at=at - DAY)
    add(opened, lead, at, due_at=at + DAY)
    for person in (sara, omar):
        add(opened, lead, at, due_at=at + DAY, assignee=person)
    access.close_person(
        person_id=access.person_by_email(email="sara@ntcert.example", by=machine), reason="left", by=machine, at=at
    )
    Incident.objects.update(teams=["pkcert"], lead_team="pkcert")  # since then omar's team reads it no more
    assert api.remind(at=at + 2 * DAY) == 3
    rows = Message.objects.filter(kind="task-overdue")
    assert [row.recipient_email for row in rows] == ["duty@pkcert.example"] * 3
    assert [said["told"] for said in facts(opened, "incidents.task.overdue", machine)] == [["pkcert"]] * 3


def test_a_team_without_an_address_is_named_and_its_letter_held(
    opened: IncidentView, lead: Actor, at: datetime
) -> None:
    add(opened, lead, at, due_at=at + DAY)
    api.remind(at=at + 2 * DAY)
    (row,) = Message.objects.filter(kind="task-overdue")
    assert (row.recipient_name, row.state) == ("ntcert", "held")
    assert [said["no_address"] for said in facts(opened, "incidents.task.overdue", lead)] == [["ntcert"]]


def test_an_exercise_says_so_first(opened: IncidentView, lead: Actor, at: datetime, machine: Actor) -> None:
    Incident.objects.update(exercise=True)
    omar = member("omar", by=machine, at=at - DAY)
    add(opened, lead, at, assignee=omar, due_at=at + DAY)
    api.remind(at=at + 2 * DAY)
    rows = list(Message.objects.filter(kind__startswith="task-"))
    assert len(rows) == 2
    assert all(row.subject.startswith("EXERCISE: ") for row in rows)


def test_a_task_of_what_was_merged_is_told_of_too(
    opened: IncidentView, finding: Any, outcome: Any, lead: Actor, sara: str, machine: Actor, at: datetime
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    add(part, lead, at, due_at=at + DAY)
    api.merge(ref=part.reference, into=opened.reference, reason="one gang", by=machine, at=at)
    change(part, lead, at, assignee=sara)
    assert api.remind(at=at + 2 * DAY) == 1
    assert (told("task-given"), told("task-overdue")) == (["sara@ntcert.example"], ["sara@ntcert.example"])
