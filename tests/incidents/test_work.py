"""Tasks, phases, playbooks and consent at the door, each refusal one argument away from its success."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pehra.incidents import api
from pehra.incidents.api import (
    IncidentView,
    MoveRefused,
    PlaybookRefused,
    TaskRefused,
    TaskState,
)
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from tests.incidents import samples
from tests.incidents.test_consent import agree

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def opened(finding: Any, outcome: Any, machine: Actor, at: datetime) -> IncidentView:
    """An incident of the private critical telecom operator, open, led by its sector's team, nothing owed."""
    (view,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    for owed in view.clocks:
        if owed.is_owed:
            api.withdraw_clock(ref=view.reference, duty=owed.duty, stage=owed.stage, reason="none", by=machine, at=at)
    return api.move(ref=view.reference, to="open", reason="", by=machine, at=at)


@pytest.fixture
def lead(sector_analyst: Actor) -> Actor:
    """The telecom team's lead, who also keeps its playbooks."""
    return replace(sector_analyst, permissions=sector_analyst.permissions | {"incidents.playbooks"})


@pytest.fixture
def colleague(sector_analyst: Actor) -> Actor:
    """A handler of the team: works on incidents, ends none."""
    return replace(sector_analyst, permissions=sector_analyst.permissions - {"incidents.close"})


@pytest.fixture
def running(opened: IncidentView, lead: Actor, machine: Actor, at: datetime) -> tuple[api.TaskView, ...]:
    """The tasks of the sample playbook, started on the incident."""
    kept = api.add_playbook(document=samples.document(), team="ntcert", by=lead, at=at)
    return api.start_playbook(ref=opened.reference, playbook_id=kept.id, by=lead, at=at)


def tasks(view: IncidentView, by: Actor, at: datetime) -> dict[int, api.TaskView]:
    return {task.number: task for task in api.work(view.reference, by=by, at=at).tasks}


# Tasks


def test_a_task_is_added_taken_and_done_and_the_ledger_says_so(
    opened: IncidentView, colleague: Actor, at: datetime
) -> None:
    added = api.add_task(ref=opened.reference, title=" Ask for the logs ", checklist="- a\n- b", by=colleague, at=at)
    assert (added.number, added.title, len(added.checklist)) == (1, "Ask for the logs", 2)
    taken = api.move_task(ref=opened.reference, number=1, to="doing", by=colleague, at=at)
    assert taken.assignee == colleague.id
    with pytest.raises(TaskRefused, match="a, b"):
        api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    for item in (1, 2):
        api.tick(ref=opened.reference, number=1, item=item, done=True, by=colleague, at=at)
    done = api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    assert (done.state, done.ended_by, done.ended_at) == (TaskState.DONE, colleague.id, at)
    events = [entry.event for entry in ledger.history(subject=opened.reference, by=colleague)]
    expected = ["added", "moved", "ticked", "ticked", "moved"]
    assert events[-5:] == [f"incidents.task.{act}" for act in expected]


def test_an_item_that_is_not_there_cannot_be_ticked_nor_one_of_a_done_task(
    opened: IncidentView, colleague: Actor, at: datetime
) -> None:
    api.add_task(ref=opened.reference, title="t", checklist="a", by=colleague, at=at)
    for item in (0, 2):
        with pytest.raises(Invalid):
            api.tick(ref=opened.reference, number=1, item=item, done=True, by=colleague, at=at)
    api.tick(ref=opened.reference, number=1, item=1, done=True, by=colleague, at=at)
    api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    with pytest.raises(TaskRefused):
        api.tick(ref=opened.reference, number=1, item=1, done=False, by=colleague, at=at)


def test_the_work_is_its_teams_and_not_its_organisations_nor_a_strangers(
    opened: IncidentView,
    colleague: Actor,
    organisation_contact: Actor,
    provincial_analyst: Actor,
    stranger: Actor,
    at: datetime,
) -> None:
    api.add_task(ref=opened.reference, title="secret", by=colleague, at=at)
    assert api.incident(opened.reference, by=organisation_contact)
    for actor in (organisation_contact, provincial_analyst, stranger):
        with pytest.raises(NotVisible):
            api.work(opened.reference, by=actor, at=at)
        assert api.my_tasks(by=actor) == ()
    with pytest.raises(Forbidden):
        api.add_task(ref=opened.reference, title="x", by=organisation_contact, at=at)


def test_a_reader_changes_nothing(opened: IncidentView, colleague: Actor, at: datetime) -> None:
    reader = replace(colleague, permissions=frozenset({"incidents.read"}))
    api.add_task(ref=opened.reference, title="t", by=colleague, at=at)
    assert len(tasks(opened, reader, at)) == 1
    with pytest.raises(Forbidden):
        api.move_task(ref=opened.reference, number=1, to="done", by=reader, at=at)


@pytest.mark.parametrize(
    "said", [{"title": " "}, {"title": "x" * 301}, {"title": "a\x00"}, {"phase": "dance"}, {"checklist": "x\n" * 51}]
)
def test_what_is_no_task_is_refused(opened: IncidentView, colleague: Actor, at: datetime, said: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        api.add_task(**{"ref": opened.reference, "title": "t", "by": colleague, "at": at} | said)


def test_it_is_given_to_nobody_outside_the_team(opened: IncidentView, colleague: Actor, at: datetime) -> None:
    api.add_task(ref=opened.reference, title="t", assignee=colleague.id, by=colleague, at=at)
    assert [task.number for task in api.my_tasks(by=colleague)] == [1]
    with pytest.raises(Invalid, match="your team"):
        api.change_task(ref=opened.reference, number=1, assignee="somebody", by=colleague, at=at)


def test_what_is_left_of_an_incident_that_ended_is_nobodys_to_do(
    opened: IncidentView, colleague: Actor, lead: Actor, at: datetime
) -> None:
    api.add_task(ref=opened.reference, title="t", assignee=colleague.id, by=colleague, at=at)
    api.move(ref=opened.reference, to="closed", reason="well", by=lead, at=at)
    assert api.my_tasks(by=colleague) == ()


# What blocks


def test_a_blocking_task_holds_the_end_until_it_is_done(
    opened: IncidentView, colleague: Actor, machine: Actor, at: datetime
) -> None:
    api.add_task(ref=opened.reference, title="Isolate", is_blocking=True, by=colleague, at=at)
    with pytest.raises(MoveRefused, match="Isolate") as refused:
        api.move(ref=opened.reference, to="closed", reason="well", by=machine, at=at)
    assert refused.value.field == "state"
    assert api.heading(opened.reference, by=colleague).next.step.value == "do-task"
    assert api.move(ref=opened.reference, to="contained", reason="", by=machine, at=at).state == "contained"
    api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    assert api.move(ref=opened.reference, to="closed", reason="well", by=machine, at=at).ended_at == at


def test_in_a_phase_it_holds_what_the_profile_says(
    opened: IncidentView, colleague: Actor, machine: Actor, at: datetime
) -> None:
    for number, phase in enumerate(("respond", "recover", "learn"), start=1):
        api.add_task(ref=opened.reference, title=phase, phase=phase, is_blocking=True, by=colleague, at=at)
        with pytest.raises(Invalid):  # it is not let go by moving it to a phase that holds nothing
            api.change_task(ref=opened.reference, number=number, phase="assess", by=colleague, at=at)
    with pytest.raises(MoveRefused, match="respond"):
        api.move(ref=opened.reference, to="contained", reason="", by=machine, at=at)
    api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    api.move(ref=opened.reference, to="contained", reason="", by=machine, at=at)
    with pytest.raises(MoveRefused, match="recover"):
        api.move(ref=opened.reference, to="closed", reason="well", by=machine, at=at)
    api.move_task(ref=opened.reference, number=2, to="done", by=colleague, at=at)
    api.move(ref=opened.reference, to="closed", reason="lessons may come later", by=machine, at=at)


def test_only_who_may_close_skips_a_blocking_task_or_lets_it_block_no_more(
    opened: IncidentView, colleague: Actor, sector_analyst: Actor, at: datetime
) -> None:
    for _ in range(2):
        api.add_task(ref=opened.reference, title="t", is_blocking=True, by=colleague, at=at)
    acts = (
        lambda by, reason: api.move_task(ref=opened.reference, number=1, to="skipped", reason=reason, by=by, at=at),
        lambda by, reason: api.change_task(
            ref=opened.reference, number=2, is_blocking=False, reason=reason, by=by, at=at
        ),
    )
    for act in acts:
        with pytest.raises(Forbidden):
            act(colleague, "not needed")
        with pytest.raises(Invalid):
            act(sector_analyst, " ")
        act(sector_analyst, "not needed")
    assert api.work(opened.reference, by=colleague, at=at).blocking == ()


def test_dismissing_skips_what_is_left_with_its_reason(
    opened: IncidentView, colleague: Actor, machine: Actor, at: datetime
) -> None:
    api.add_task(ref=opened.reference, title="t", is_blocking=True, by=colleague, at=at)
    api.move(ref=opened.reference, to="dismissed", reason="a test of ours", by=machine, at=at)
    (task,) = tasks(opened, colleague, at).values()
    assert (task.state, task.ended_reason) == (TaskState.SKIPPED, "a test of ours")
    with pytest.raises(MoveRefused):
        api.add_task(ref=opened.reference, title="t", by=colleague, at=at)


def test_phases_go_forward_past_done_work_and_back_with_a_reason(
    opened: IncidentView, colleague: Actor, at: datetime
) -> None:
    assert api.work(opened.reference, by=colleague, at=at).phase == "assess"
    api.add_task(ref=opened.reference, title="t", phase="assess", is_blocking=True, by=colleague, at=at)
    with pytest.raises(MoveRefused, match="“t”"):
        api.enter_phase(ref=opened.reference, phase="respond", by=colleague, at=at)
    api.move_task(ref=opened.reference, number=1, to="done", by=colleague, at=at)
    api.enter_phase(ref=opened.reference, phase="respond", by=colleague, at=at)
    for wrong in ({"phase": "respond"}, {"phase": "dance"}, {"phase": "assess"}):
        with pytest.raises(Invalid):
            api.enter_phase(ref=opened.reference, by=colleague, at=at, **wrong)
    api.enter_phase(ref=opened.reference, phase="assess", reason="it was another host", by=colleague, at=at)
    assert api.work(opened.reference, by=colleague, at=at).phases[0].is_current


def test_back_is_open_whatever_was_left_undone_before(opened: IncidentView, colleague: Actor, at: datetime) -> None:
    for phase in ("respond", "recover"):
        api.enter_phase(ref=opened.reference, phase=phase, by=colleague, at=at)
    api.add_task(ref=opened.reference, title="t", phase="assess", is_blocking=True, by=colleague, at=at)
    api.enter_phase(ref=opened.reference, phase="respond", reason="not clean", by=colleague, at=at)
    with pytest.raises(MoveRefused, match="“t”"):
        api.enter_phase(ref=opened.reference, phase="recover", by=colleague, at=at)


# Playbooks


def test_a_playbook_leaves_to_the_byte_as_it_came(lead: Actor, at: datetime) -> None:
    document = samples.document().replace(b"\n", b"\r\n")
    kept = api.add_playbook(document=document, team="ntcert", by=lead, at=at)
    assert api.playbook_document(kept.id, by=lead) == document
    assert api.add_playbook(document=document, team="ntcert", by=lead, at=at).id == kept.id
    with pytest.raises(Invalid, match="later `modified`"):
        api.add_playbook(document=samples.document(), team="ntcert", by=lead, at=at)


def test_the_shared_playbooks_round_trip_and_can_be_followed(
    shared_data: Any, opened: IncidentView, lead: Actor, at: datetime
) -> None:
    files = sorted((shared_data / "exchange" / "cacao" / "playbooks").glob("*.json"))
    assert len(files) >= 4
    for file in files:
        kept = api.add_playbook(document=file.read_bytes(), team="ntcert", by=lead, at=at)
        assert api.playbook_document(kept.id, by=lead) == file.read_bytes()
        started = api.start_playbook(ref=opened.reference, playbook_id=kept.id, by=lead, at=at)
        assert len(started) == len(kept.steps) >= 1


def test_what_was_done_becomes_a_playbook_that_the_standards_schema_takes(
    shared_data: Any, opened: IncidentView, running: Any, lead: Actor, at: datetime
) -> None:
    import json

    from jsonschema import Draft201909Validator
    from referencing import Registry, Resource

    folder = shared_data / "exchange" / "cacao" / "schemas"
    schemas = [json.loads(file.read_text()) for file in folder.rglob("*.json")]
    registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)
    main = next(schema for schema in schemas if schema["$id"].endswith("/playbook.json"))
    written = api.playbook_of_tasks(opened.reference, name="Next time", team="ntcert", by=lead, at=at)
    problems = list(Draft201909Validator(main, registry=registry).iter_errors(json.loads(written)))
    assert [problem.message for problem in problems] == []
    again = api.add_playbook(document=written, team="ntcert", by=lead, at=at)
    assert [step["name"] for step in again.steps] == [task.title for task in running]
    assert [step["is_blocking"] for step in again.steps] == [task.is_blocking for task in running]


def test_only_who_keeps_playbooks_takes_them_in_and_only_his_team_sees_them(
    lead: Actor, sector_analyst: Actor, analyst: Actor, at: datetime
) -> None:
    with pytest.raises(Forbidden):
        api.add_playbook(document=samples.document(), team="ntcert", by=sector_analyst, at=at)
    with pytest.raises(Forbidden):
        api.add_playbook(document=samples.document(), team="pkcert", by=lead, at=at)
    kept = api.add_playbook(document=samples.document(), team="ntcert", by=lead, at=at)
    assert api.playbooks(by=analyst) == ()
    with pytest.raises(NotVisible):
        api.playbook_document(kept.id, by=analyst)
    later = samples.playbook(modified="2026-11-01T08:00:00.000Z")
    shared = api.add_playbook(document=samples.document(later), team="ntcert", for_everybody=True, by=lead, at=at)
    assert [row.id for row in api.playbooks(by=analyst)] == [shared.id]


def test_it_is_started_once_and_not_when_retired_revoked_or_out_of_its_time(
    opened: IncidentView, running: Any, lead: Actor, at: datetime
) -> None:
    (kept,) = api.playbooks(by=lead)
    with pytest.raises(PlaybookRefused, match="runs"):
        api.start_playbook(ref=opened.reference, playbook_id=kept.id, by=lead, at=at)
    for number, spoilt in enumerate(
        (
            {"revoked": True},
            {"valid_until": "2026-11-01T00:00:00.000Z"},
            {"valid_from": "2026-12-01T00:00:00.000Z"},
        )
    ):
        body = samples.playbook(modified=f"2026-11-0{number + 2}T08:00:00.000Z", **spoilt)
        other = api.add_playbook(document=samples.document(body), team="ntcert", by=lead, at=at)
        with pytest.raises(PlaybookRefused):
            api.start_playbook(ref=opened.reference, playbook_id=other.id, by=lead, at=at)
    body = samples.playbook(modified="2026-11-09T08:00:00.000Z")
    last = api.add_playbook(document=samples.document(body), team="ntcert", by=lead, at=at)
    api.retire_playbook(playbook_id=last.id, reason="a better one is here", by=lead, at=at)
    with pytest.raises(PlaybookRefused, match="retired"):
        api.start_playbook(ref=opened.reference, playbook_id=last.id, by=lead, at=at)


def test_who_starts_it_says_what_blocks(opened: IncidentView, lead: Actor, at: datetime) -> None:
    kept = api.add_playbook(document=samples.document(), team="ntcert", by=lead, at=at)
    with pytest.raises(Invalid, match="no step"):
        api.start_playbook(ref=opened.reference, playbook_id=kept.id, blocking=["action--x"], by=lead, at=at)
    said = {"playbook_id": kept.id, "blocking": [samples.TELL], "phase": "recover"}
    started = api.start_playbook(ref=opened.reference, by=lead, at=at, **said)
    assert [(task.title, task.phase) for task in started if task.is_blocking] == [
        ("Tell the other hospitals", "recover")
    ]
    assert started[0].phase == "respond"


def test_steps_wait_for_what_comes_first_and_a_decision_leaves_a_way_behind(
    opened: IncidentView, running: Any, lead: Actor, organisation_contact: Actor, at: datetime
) -> None:
    ref = opened.reference
    with pytest.raises(TaskRefused, match="Isolate the servers"):
        api.move_task(ref=ref, number=3, to="done", outcome="on_true", by=lead, at=at)
    agree(opened, task=1, by=lead, contact=organisation_contact, at=at)
    for item in (1, 2):
        api.tick(ref=ref, number=1, item=item, done=True, by=lead, at=at)
    for number in (1, 2):
        api.move_task(ref=ref, number=number, to="done", by=lead, at=at)
    with pytest.raises(Invalid, match="on_true, on_false"):
        api.move_task(ref=ref, number=3, to="done", by=lead, at=at)
    api.move_task(ref=ref, number=3, to="done", outcome="on_true", by=lead, at=at)
    assert {number: task.state.value for number, task in tasks(opened, lead, at).items()} == {
        **{1: "done", 2: "done", 3: "done"},
        **{4: "open", 5: "skipped"},
    }
    api.move_task(ref=ref, number=3, to="open", by=lead, at=at)
    assert tasks(opened, lead, at)[5].state is TaskState.OPEN


# Merged


def test_what_was_merged_into_it_holds_it_too_and_is_read_with_it(
    opened: IncidentView, finding: Any, outcome: Any, colleague: Actor, machine: Actor, at: datetime
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    api.add_task(ref=part.reference, title="Isolate", is_blocking=True, by=colleague, at=at)
    api.add_entries(ref=part.reference, text="-1h seen there", by=colleague, at=at)
    api.merge(ref=part.reference, into=opened.reference, reason="one gang", by=machine, at=at)
    for owed in api.incident(opened.reference, by=machine).incident.clocks:
        if owed.is_owed:
            which = {"duty": owed.duty, "stage": owed.stage, "organisation": owed.organisation}
            api.withdraw_clock(ref=opened.reference, reason="none", by=machine, at=at, **which)
    with pytest.raises(MoveRefused, match=f"{part.reference} 1 “Isolate”"):
        api.move(ref=opened.reference, to="closed", reason="well", by=machine, at=at)
    page = api.work(opened.reference, by=colleague, at=at)
    assert [(task.incident, task.title) for task in page.of_parts] == [(part.reference, "Isolate")]
    story = api.timeline(opened.reference, shown="story", by=colleague)
    assert [(one.part, one.text) for one in story] == [(part.reference, "seen there")]
    api.move_task(ref=part.reference, number=1, to="done", by=colleague, at=at)
    assert api.move(ref=opened.reference, to="closed", reason="well", by=machine, at=at).ended_at == at
