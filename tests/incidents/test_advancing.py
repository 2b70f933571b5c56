"""Time passes over clocks: what fires, who is told, and that nothing fires twice."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.incidents import api
from pehra.incidents.api import ClockState, IncidentView
from pehra.incidents.models import Clock
from pehra.kernel.actors import Actor
from pehra.kernel.clock import VirtualClock
from pehra.kernel.refusals import Forbidden
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


def notification(reference: str, by: Actor) -> api.ClockView:
    clocks = api.incident(reference, by=by).incident.clocks
    return next(clock for clock in clocks if clock.stage == "notification")


def fired(reference: str, by: Actor) -> list[str]:
    events = [entry.event for entry in ledger.history(subject=reference, by=by)]
    return [event for event in events if event in {"incidents.clock.due_soon", "incidents.clock.overdue"}]


def test_a_clock_is_due_soon_then_overdue_and_each_is_told_once(
    opened: IncidentView, machine: Actor, clock: VirtualClock
) -> None:
    assert api.advance_clocks(at=clock.now()) == 0
    assert api.advance_clocks(at=clock.advance(timedelta(hours=54))) == 1
    assert api.advance_clocks(at=clock.now()) == 0
    assert notification(opened.reference, machine).state is ClockState.DUE_SOON
    assert api.advance_clocks(at=clock.advance(timedelta(hours=17, minutes=59))) == 0
    assert api.advance_clocks(at=clock.advance(timedelta(minutes=1))) == 1
    assert api.advance_clocks(at=clock.advance(timedelta(hours=1))) == 0
    overdue = notification(opened.reference, machine)
    assert (overdue.state, overdue.is_owed) == (ClockState.OVERDUE, True)
    assert fired(opened.reference, machine) == ["incidents.clock.due_soon", "incidents.clock.overdue"]


def test_the_lead_is_told_first_and_who_coordinates_when_it_is_overdue(
    opened: IncidentView, machine: Actor, at: datetime
) -> None:
    api.advance_clocks(at=at + timedelta(hours=54))
    api.advance_clocks(at=at + timedelta(hours=72))
    told = [
        (message.kind, message.recipient_name, message.state)
        for message in outbox.messages(by=machine, about=opened.reference)
        if message.kind.startswith("clock-")
    ]
    assert sorted(told) == [
        ("clock-due-soon", "ntcert", outbox.State.HELD),
        ("clock-overdue", "National duty desk", outbox.State.QUEUED),
        ("clock-overdue", "ntcert", outbox.State.HELD),
    ]


def test_a_clock_found_late_is_overdue_at_once_and_was_never_due_soon(
    opened: IncidentView, machine: Actor, at: datetime
) -> None:
    assert api.advance_clocks(at=at + timedelta(days=30)) == 2
    assert fired(opened.reference, machine) == ["incidents.clock.overdue"] * 2
    assert notification(opened.reference, machine).due_soon_at is None


def test_a_clock_that_a_fact_moved_fires_again_for_its_new_time(
    opened: IncidentView, machine: Actor, analyst: Actor, at: datetime
) -> None:
    late = at + timedelta(hours=73)
    api.advance_clocks(at=late)
    aware = at + timedelta(hours=50)
    api.supply_moment(ref=opened.reference, name="awareness", moment=aware, by=analyst, at=late)
    moved = notification(opened.reference, machine)
    assert (moved.state, moved.overdue_at) == (ClockState.RUNNING, None)
    assert api.advance_clocks(at=late) == 0
    api.advance_clocks(at=aware + timedelta(hours=72))
    assert notification(opened.reference, machine).state is ClockState.OVERDUE


def test_a_met_or_withdrawn_clock_never_fires(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    api.record_stage_sent(ref=opened.reference, duty="pisf-cii-report", stage="notification", by=analyst, at=at)
    api.withdraw_clock(
        ref=opened.reference, duty="pta-ctdisr-2025", stage="detailed-report", reason="sold", by=analyst, at=at
    )
    assert api.advance_clocks(at=at + timedelta(days=300)) == 0


def test_an_advance_takes_no_more_than_its_limit(finding: Any, outcome: Any, machine: Actor, at: datetime) -> None:
    many = [finding(malware=f"m{number}") for number in range(5)]
    api.open_from_findings(outcome=outcome(*many), by=machine, at=at)
    late = at + timedelta(days=30)
    assert [api.advance_clocks(at=late, limit=4) for _ in range(4)] == [4, 4, 2, 0]


def test_who_may_not_change_incidents_advances_no_clock(
    opened: IncidentView, council_member: Actor, analyst: Actor, at: datetime
) -> None:
    with pytest.raises(Forbidden):
        api.advance_clocks(at=at, by=council_member)
    assert api.advance_clocks(at=at, by=analyst) == 0


def test_the_database_refuses_a_clock_that_fell_asleep(opened: IncidentView) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="incidents_clock_ticks"), transaction.atomic():
        Clock.objects.filter(state=ClockState.RUNNING).update(fires_at=None)


def test_the_next_clocks_come_most_pressing_first(opened: IncidentView, sector_analyst: Actor, at: datetime) -> None:
    api.advance_clocks(at=at + timedelta(hours=72))
    shown = api.next_clocks(by=sector_analyst)
    assert [due.clock.state for due in shown] == [ClockState.OVERDUE, ClockState.RUNNING]
    assert {due.incident.reference for due in shown} == {opened.reference}
    numbers = api.counts(by=sector_analyst)
    assert (numbers.live, numbers.overdue, numbers.running, numbers.unknown) == (1, 1, 1, 2)
