"""Consent at the door: each act on an organisation's systems is asked for, answered by who may, and counted whole."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.incidents import api
from pehra.incidents.api import Answer, ConsentRefused, IncidentView, TaskState
from pehra.incidents.models import Clock
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def colleague(sector_analyst: Actor) -> Actor:
    """A handler of the team: works on incidents, ends none."""
    return replace(sector_analyst, permissions=sector_analyst.permissions - {"incidents.close"})


def agree(view: IncidentView, *, task: int, by: Actor, contact: Actor, at: datetime) -> api.ConsentView:
    asked = api.ask_consent(ref=view.reference, act="pull the ports", task=task, by=by, at=at)
    return api.answer_consent(ref=view.reference, number=asked.number, answer="given", by=contact, at=at)


def test_an_act_on_a_private_operators_systems_waits_for_its_yes(
    opened: IncidentView, colleague: Actor, organisation_contact: Actor, at: datetime
) -> None:
    ref = opened.reference
    api.add_task(ref=ref, title="Pull the ports", touches_organisation=True, by=colleague, at=at)
    with pytest.raises(ConsentRefused, match="ask for its consent"):
        api.move_task(ref=ref, number=1, to="done", by=colleague, at=at)
    asked = api.ask_consent(ref=ref, act="pull the ports", task=1, by=colleague, at=at)
    assert asked.answer is Answer.ASKED
    with pytest.raises(ConsentRefused, match="North Telecom has not agreed"):  # silence is no consent
        api.move_task(ref=ref, number=1, to="done", by=colleague, at=at + timedelta(days=30))
    with pytest.raises(Invalid, match="ended already"):
        api.answer_consent(ref=ref, number=1, answer="given", valid_until=at, by=organisation_contact, at=at)
    until = at + timedelta(hours=2)
    given = api.answer_consent(
        ref=ref, number=1, answer="given", terms="not on Friday", valid_until=until, by=organisation_contact, at=at
    )
    assert (given.answered_name, given.channel) == (organisation_contact.name, "portal")
    with pytest.raises(ConsentRefused):
        api.move_task(ref=ref, number=1, to="done", by=colleague, at=until + timedelta(seconds=1))
    api.answer_consent(ref=ref, number=1, answer="withdrawn", by=organisation_contact, at=at)
    with pytest.raises(ConsentRefused):
        api.move_task(ref=ref, number=1, to="done", by=colleague, at=at)
    api.answer_consent(ref=ref, number=1, answer="given", by=organisation_contact, at=at)
    assert api.move_task(ref=ref, number=1, to="done", by=colleague, at=at).state is TaskState.DONE


def test_a_team_writes_down_what_was_said_elsewhere_with_the_name_of_who_said_it(
    opened: IncidentView, colleague: Actor, at: datetime
) -> None:
    ref = opened.reference
    api.ask_consent(ref=ref, act="pull the ports", by=colleague, at=at)
    said = {"ref": ref, "number": 1, "answer": "given", "by": colleague, "at": at}
    with pytest.raises(Forbidden):
        api.answer_consent(**said)
    for wrong in ({"channel": "telephone"}, {"channel": "smoke", "name": "Dania"}):
        with pytest.raises(Invalid):
            api.answer_consent(**said, **wrong)
    given = api.answer_consent(**said, channel="telephone", name="Dania of the operator")
    assert (given.channel, given.answered_name, given.answered_by) == (
        "telephone",
        "Dania of the operator",
        colleague.id,
    )


def test_another_organisation_and_another_team_neither_read_nor_answer(
    opened: IncidentView, colleague: Actor, organisation_contact: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    api.ask_consent(ref=opened.reference, act="pull the ports", by=colleague, at=at)
    assert len(api.consents(opened.reference, by=organisation_contact)) == 1
    for actor in (replace(organisation_contact, organisations=frozenset({"org-0002"})), provincial_analyst):
        with pytest.raises(NotVisible):
            api.answer_consent(ref=opened.reference, number=1, answer="given", by=actor, at=at)
    with pytest.raises(Invalid, match="concerns"):
        api.ask_consent(ref=opened.reference, organisation="org-0002", act="x", by=colleague, at=at)


def test_in_a_widespread_incident_no_other_team_reads_who_was_asked(
    of_side: Any, fold: Any, machine: Actor, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    (view,) = api.open_from_findings(outcome=fold([of_side(number) for number in range(22)]), by=machine, at=at)
    api.ask_consent(ref=view.reference, organisation="side-01", act="pull the ports", by=analyst, at=at)
    said = {"answer": "given", "channel": "telephone", "name": "Dania", "by": analyst, "at": at}
    api.answer_consent(ref=view.reference, number=1, **said)
    events = {"incidents.consent.asked", "incidents.consent.answered"}
    seen = {
        by.id: {entry.event for entry in ledger.history(subject=view.reference, by=by)} & events
        for by in (analyst, sector_analyst)
    }
    assert seen == {analyst.id: events, sector_analyst.id: set()}
    assert api.incident(view.reference, by=sector_analyst)


def test_in_a_widespread_incident_the_answers_that_a_team_does_not_see_count_too(
    of_side: Any,
    fold: Any,
    finding: Any,
    outcome: Any,
    machine: Actor,
    analyst: Actor,
    colleague: Actor,
    at: datetime,
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    sides = [side for side in (of_side(number) for number in range(28)) if side["lead_team"] != "ntcert"]
    (view,) = api.open_from_findings(outcome=fold(sides), by=machine, at=at)
    api.merge(ref=part.reference, into=view.reference, reason="one worm", by=machine, at=at)
    ref, mine, other = view.reference, part.organisation, sides[0]["organisation"]
    api.affect(ref=ref, organisation=mine, reason="hit as well", by=machine, at=at)
    api.add_task(ref=ref, title="Pull the ports", touches_organisation=True, by=analyst, at=at)
    with access.bound(actor=analyst):
        api.ask_consent(ref=ref, organisation=other, act="pull the ports", task=1, by=analyst, at=at)
    with access.bound(actor=colleague):
        asked = api.ask_consent(ref=ref, organisation=mine, act="pull the ports", task=1, by=colleague, at=at)
        said = {"answer": "given", "channel": "telephone", "name": "Dania", "by": colleague, "at": at}
        api.answer_consent(ref=ref, number=asked.number, **said)
        with pytest.raises(ConsentRefused, match="one who was asked has not agreed") as refused:
            api.move_task(ref=ref, number=1, to="done", by=colleague, at=at)
    assert other not in refused.value.message


def test_one_that_is_not_affected_any_more_is_not_asked(
    opened: IncidentView, colleague: Actor, machine: Actor, at: datetime
) -> None:
    change = {"ref": opened.reference, "organisation": "org-0006", "by": machine, "at": at}
    ask = {"ref": opened.reference, "organisation": "org-0006", "act": "pull the ports", "by": colleague, "at": at}
    api.affect(reason="hit too", **change)
    assert api.ask_consent(**ask).organisation == "org-0006"
    api.unaffect(reason="a mistake", **change)
    with pytest.raises(Invalid, match="concerns"):
        api.ask_consent(**ask)


def test_a_task_of_what_is_merged_asks_there(
    opened: IncidentView,
    finding: Any,
    outcome: Any,
    colleague: Actor,
    organisation_contact: Actor,
    machine: Actor,
    at: datetime,
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    api.add_task(ref=part.reference, title="Isolate", touches_organisation=True, by=colleague, at=at)
    api.merge(ref=part.reference, into=opened.reference, reason="one gang", by=machine, at=at)
    with pytest.raises(Refusal, match=opened.reference):
        api.ask_consent(ref=part.reference, act="isolate", by=colleague, at=at)
    agree(part, task=1, by=colleague, contact=organisation_contact, at=at)
    moved = api.move_task(ref=part.reference, number=1, to="done", by=colleague, at=at)
    assert moved.state is TaskState.DONE


def test_where_no_rule_asks_for_it_a_task_needs_no_consent(
    finding: Any, outcome: Any, machine: Actor, analyst: Actor, at: datetime
) -> None:
    public = finding(organisation="org-0006", malware="y")
    (view,) = api.open_from_findings(outcome=outcome(public), by=machine, at=at)
    api.add_task(ref=view.reference, title="t", touches_organisation=True, by=machine, at=at)
    assert api.move_task(ref=view.reference, number=1, to="done", by=machine, at=at).state is TaskState.DONE


def test_in_a_widespread_incident_no_team_ends_the_clock_of_whom_it_does_not_see(
    of_side: Any, fold: Any, finding: Any, outcome: Any, machine: Actor, sector_analyst: Actor, at: datetime
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    sides = [side for side in (of_side(number) for number in range(28)) if side["lead_team"] != "ntcert"]
    (view,) = api.open_from_findings(outcome=fold(sides), by=machine, at=at)
    api.merge(ref=part.reference, into=view.reference, reason="one worm", by=machine, at=at)
    other = Clock.objects.filter(incident__reference=view.reference, organisation=sides[0]["organisation"]).first()
    stage = {"ref": view.reference, "duty": other.duty, "stage": other.stage, "organisation": other.organisation}
    with pytest.raises(NotVisible, match="no stage"):
        api.withdraw_clock(**stage, reason="not ours", by=sector_analyst, at=at)
    with pytest.raises(NotVisible, match="no stage"):
        api.record_stage_sent(**stage, by=sector_analyst, at=at)
    api.withdraw_clock(**stage, reason="a false alarm", by=machine, at=at)
