"""What people do to an incident, each refusal one argument away from its success."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.incidents import api
from pehra.incidents.api import ClockRefused, ClockState, IncidentView, MoveRefused, State
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]

NOTIFICATION = {"duty": "pisf-cii-report", "stage": "notification"}
DETAILED = {"duty": "pta-ctdisr-2025", "stage": "detailed-report"}
MARKING = law.Marking(
    tlp=Tlp.AMBER, pap=Pap.AMBER, because=Because(rule="source", version="", citation="", status="in force")
)


@pytest.fixture
def reader(analyst: Actor) -> Actor:
    """The duty officer's colleague, who may only read."""
    return replace(analyst, permissions=frozenset({"incidents.read", "ledger.read"}))


def clock(view: IncidentView, duty: str, stage: str) -> api.ClockView:
    return next(clock for clock in view.clocks if (clock.duty, clock.stage) == (duty, stage))


def end_everything(view: IncidentView, *, by: Actor, at: datetime) -> None:
    for owed in view.clocks:
        if owed.is_owed:
            api.withdraw_clock(ref=view.reference, duty=owed.duty, stage=owed.stage, reason="none", by=by, at=at)


# Moving


def test_the_team_that_leads_moves_it_and_the_ledger_says_who(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    moved = api.move(ref=opened.reference, to="open", reason="", by=sector_analyst, at=at)
    assert moved.state is State.OPEN
    entry = ledger.history(subject=opened.reference, by=sector_analyst)[-1]
    assert (entry.event, entry.by) == ("incidents.moved", sector_analyst.id)
    assert (entry.facts["from"], entry.facts["to"]) == ("new", "open")


def test_who_does_not_see_it_finds_nothing_there(
    opened: IncidentView, stranger: Actor, foreign_peer: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    for actor in (stranger, foreign_peer, provincial_analyst):
        with pytest.raises(NotVisible):
            api.move(ref=opened.reference, to="open", reason="", by=actor, at=at)
        with pytest.raises(NotVisible):
            api.incident(opened.reference, by=actor)
        assert api.incidents(by=actor).rows == ()
        assert api.next_clocks(by=actor) == []
        assert api.counts(by=actor).live == 0


def test_who_may_only_read_it_may_not_move_it(opened: IncidentView, reader: Actor, at: datetime) -> None:
    assert api.incident(opened.reference, by=reader)
    with pytest.raises(Forbidden):
        api.move(ref=opened.reference, to="open", reason="", by=reader, at=at)


def test_its_organisation_reads_it_and_decides_nothing(
    opened: IncidentView, organisation_contact: Actor, at: datetime
) -> None:
    assert api.incident(opened.reference, by=organisation_contact).incident.organisation == "org-0001"
    with pytest.raises(Forbidden):
        api.set_severity(ref=opened.reference, severity="low", reason="not so bad", by=organisation_contact, at=at)


def test_an_informed_team_reads_and_does_not_change(
    finding: Any, outcome: Any, machine: Actor, sector_analyst: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    licensee = finding(organisation="org-0006", malware="x")
    (view,) = api.open_from_findings(outcome=outcome(licensee), by=machine, at=at)
    assert {role["team"]: role["role"] for role in view.roles}["punjab-cert"] == "inform"
    api.move(ref=view.reference, to="open", reason="", by=sector_analyst, at=at)
    assert api.incident(view.reference, by=provincial_analyst)
    with pytest.raises(Forbidden):
        api.move(ref=view.reference, to="contained", reason="", by=provincial_analyst, at=at)


def test_a_move_outside_the_table_is_refused(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(MoveRefused, match="open"):
        api.move(ref=opened.reference, to="contained", reason="", by=analyst, at=at)
    with pytest.raises(Invalid):
        api.move(ref=opened.reference, to="solved", reason="", by=analyst, at=at)


def test_closing_is_refused_while_anything_is_owed(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    api.move(ref=opened.reference, to="open", reason="", by=analyst, at=at)
    with pytest.raises(MoveRefused, match="“Notification”"):
        api.move(ref=opened.reference, to="closed", reason="cleaned", by=analyst, at=at)
    end_everything(opened, by=analyst, at=at)
    assert api.move(ref=opened.reference, to="closed", reason="cleaned", by=analyst, at=at).ended_at == at


def test_ending_needs_a_reason_and_the_right_to_close(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        api.move(ref=opened.reference, to="dismissed", reason=" ", by=analyst, at=at)
    assert refused.value.field == "reason"
    handler = replace(analyst, permissions=analyst.permissions - {"incidents.close"})
    with pytest.raises(Forbidden):
        api.move(ref=opened.reference, to="dismissed", reason="a test", by=handler, at=at)
    assert api.move(ref=opened.reference, to="dismissed", reason="a test", by=analyst, at=at).state is State.DISMISSED


def test_dismissing_ends_every_clock_aloud(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    view = api.move(ref=opened.reference, to="dismissed", reason="a test machine", by=analyst, at=at)
    assert {clock.state for clock in view.clocks} == {ClockState.WITHDRAWN}
    told = [entry.event for entry in ledger.history(subject=opened.reference, by=analyst)]
    assert told.count("incidents.clock.withdrawn") == len(view.clocks)


def test_what_has_ended_is_not_changed(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    api.move(ref=opened.reference, to="dismissed", reason="a test machine", by=analyst, at=at)
    for act in (
        lambda: api.set_severity(ref=opened.reference, severity="low", reason="why not", by=analyst, at=at),
        lambda: api.supply_moment(ref=opened.reference, name="awareness", moment=at, by=analyst, at=at),
        lambda: api.state_facts(ref=opened.reference, attributes=["ransomware"], reason="seen", by=analyst, at=at),
        lambda: api.move(ref=opened.reference, to="open", reason="again", by=analyst, at=at),
    ):
        with pytest.raises(MoveRefused):
            act()


# Facts and clocks


def test_a_person_says_when_the_organisation_became_aware_and_the_clock_moves(
    opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    aware = at - timedelta(hours=10)
    view = api.supply_moment(
        ref=opened.reference, name="awareness", moment=aware, by=analyst, at=at + timedelta(minutes=5)
    )
    notification = clock(view, **NOTIFICATION)
    assert notification.due_at == aware + timedelta(hours=72)
    assert "when the team learned" not in " ".join(notification.notes)
    (entry,) = (
        entry
        for entry in ledger.history(subject=opened.reference, by=analyst)
        if entry.event == "incidents.clock.derived"
    )
    assert entry.facts["stage"] == "notification"
    assert entry.facts["before"]["due"] != entry.facts["due"]


def test_a_moment_that_has_not_come_or_that_no_law_knows_is_refused(
    opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid, match="not come"):
        api.supply_moment(ref=opened.reference, name="awareness", moment=at + timedelta(seconds=1), by=analyst, at=at)
    with pytest.raises(Invalid, match="awareness"):
        api.supply_moment(ref=opened.reference, name="lunch", moment=at, by=analyst, at=at)
    with pytest.raises(Invalid, match="offset"):
        api.supply_moment(ref=opened.reference, name="awareness", moment=at.replace(tzinfo=None), by=analyst, at=at)


def test_a_person_settles_a_deadline_that_the_law_leaves_open(
    opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    name, due = "cert-rules-report/report:due", at + timedelta(days=7)
    view = api.supply_moment(ref=opened.reference, name=name, moment=due, by=analyst, at=at)
    report = clock(view, "cert-rules-report", "report")
    assert (report.state, report.due_at) == (ClockState.RUNNING, due)


def test_what_was_met_stays_met_whatever_becomes_known(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    sent = api.record_stage_sent(ref=opened.reference, **NOTIFICATION, by=analyst, at=at)
    assert clock(sent, **NOTIFICATION).state is ClockState.MET
    early = at - timedelta(days=30)
    view = api.supply_moment(ref=opened.reference, name="awareness", moment=early, by=analyst, at=at)
    assert clock(view, **NOTIFICATION) == clock(sent, **NOTIFICATION)
    assert clock(view, **DETAILED).due_at != clock(sent, **DETAILED).due_at


def test_a_stage_sent_after_its_time_is_met_late_and_cannot_be_sent_again(
    opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    late = at + timedelta(hours=73)
    view = api.record_stage_sent(ref=opened.reference, **NOTIFICATION, by=analyst, at=late)
    assert clock(view, **NOTIFICATION).state is ClockState.MET_LATE
    with pytest.raises(ClockRefused):
        api.record_stage_sent(ref=opened.reference, **NOTIFICATION, by=analyst, at=late)


def test_a_stage_sent_in_time_and_written_down_late_is_in_time(
    opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    late = at + timedelta(hours=80)
    view = api.record_stage_sent(
        ref=opened.reference, **NOTIFICATION, moment=at + timedelta(hours=70), by=analyst, at=late
    )
    assert clock(view, **NOTIFICATION).state is ClockState.MET


def test_a_stage_that_is_not_there_is_refused_by_name(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(NotVisible, match="pisf-cii-report/notification"):
        api.record_stage_sent(ref=opened.reference, duty="nis2", stage="early-warning", by=analyst, at=at)


def test_lower_severity_drops_no_clock(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    assert clock(opened, **DETAILED).state is ClockState.RUNNING
    view = api.set_severity(ref=opened.reference, severity="low", reason="one idle host", by=analyst, at=at)
    kept = clock(view, **DETAILED)
    assert kept.state is ClockState.RUNNING
    assert "no longer follows" in " ".join(kept.notes)
    assert (view.severity, view.severity_confirmed) == ("low", True)
    facts = api.incident(opened.reference, by=analyst).severity_because["facts"]
    assert facts == {"by": analyst.id, "reason": "one idle host", "before": "high"}
    back = api.set_severity(ref=opened.reference, severity="high", reason="two more", by=analyst, at=at)
    assert "no longer follows" not in " ".join(clock(back, **DETAILED).notes)


def test_higher_severity_starts_the_clocks_that_it_brings(
    finding: Any, outcome: Any, machine: Actor, analyst: Actor, at: datetime
) -> None:
    facts = law.IncidentFacts(
        taxonomy="vulnerable",
        type="vulnerable-system",
        severity="low",
        attributes=law.Attributes.complete(()),
        impact={},
    )
    view = api.open_incident(
        title="Open panel", organisations=["org-0001"], facts=facts, moments={"awareness": at}, marking=MARKING,
        by=analyst, at=at,
    )  # fmt: skip
    assert "pta-ctdisr-2025" not in {clock.duty for clock in view.clocks}
    graver = api.set_severity(ref=view.reference, severity="critical", reason="used now", by=analyst, at=at)
    assert clock(graver, **DETAILED).state is ClockState.RUNNING
    events = [entry.event for entry in ledger.history(subject=view.reference, by=analyst)]
    assert events[-1] == "incidents.clock.started"


def test_a_severity_needs_a_reason_and_a_level_of_the_scale(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        api.set_severity(ref=opened.reference, severity="low", reason="", by=analyst, at=at)
    assert refused.value.field == "reason"
    with pytest.raises(Invalid, match="critical"):
        api.set_severity(ref=opened.reference, severity="dreadful", reason="it is", by=analyst, at=at)


def test_a_bank_is_asked_about_a_breach_until_a_person_says(
    finding: Any, machine: Actor, analyst: Actor, at: datetime
) -> None:
    facts = law.IncidentFacts(taxonomy="intrusions", type="system-compromise", severity="high")
    view = api.open_incident(
        title="Bank", organisations=["org-0002"], facts=facts, moments={}, marking=MARKING, by=analyst, at=at
    )
    assert clock(view, "sbp-breach-report", "quarterly-report").state is ClockState.UNKNOWN
    assert "incident.attributes.breach-established" in api.incident(view.reference, by=analyst).missing
    stated = api.state_facts(
        ref=view.reference, attributes=["breach-established"], reason="the bank says so", by=analyst, at=at
    )
    asked = clock(stated, "sbp-breach-report", "quarterly-report")
    assert not any(fact.startswith("incident.attributes") for fact in asked.missing)
    assert ledger.history(subject=view.reference, by=analyst)[-1].event == "incidents.facts.stated"


def missing_on_the_sheet(ref: str, by: Actor) -> set[str]:
    return {name for line in api.worksheet(ref=ref, by=by).lines for name in line.missing}


def test_a_kind_that_became_known_later_is_stated_and_the_law_is_asked_anew(
    finding: Any, machine: Actor, analyst: Actor, at: datetime
) -> None:
    marking, facts = MARKING, law.IncidentFacts(severity="high")
    view = api.open_incident(
        title="Bank", organisations=["org-0002"], facts=facts, moments={}, marking=marking, by=analyst, at=at
    )
    assert "incident.class" in missing_on_the_sheet(view.reference, analyst)
    stated = api.state_facts(ref=view.reference, type="system-compromise", reason="seen", by=analyst, at=at)
    assert (stated.taxonomy, stated.type) == ("intrusions", "system-compromise")
    assert "incident.class" not in missing_on_the_sheet(view.reference, analyst)
    entry = next(
        each
        for each in ledger.history(subject=view.reference, by=analyst)[::-1]
        if each.event == "incidents.facts.stated"
    )
    assert (entry.facts["before"]["class"], entry.facts["class"], entry.facts["type"]) == (
        "",
        "intrusions",
        "system-compromise",
    )
    coarser = api.state_facts(ref=view.reference, taxonomy="fraud", reason="it was fraud", by=analyst, at=at)
    assert (coarser.taxonomy, coarser.type) == ("fraud", "")
    kept = api.state_facts(ref=view.reference, attributes={}, reason="nothing new", by=analyst, at=at)
    assert (kept.taxonomy, kept.type) == ("fraud", "")


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"taxonomy": "bad"}, "taxonomy", "malicious-code"),
        ({"type": "bad"}, "type", "phishing"),
        ({"taxonomy": "fraud", "type": "spam"}, "type", "masquerade"),
    ],
    ids=["class", "type", "type-of-another-class"],
)
def test_a_kind_that_rsit_does_not_know_is_refused(
    said: dict[str, str], field: str, told: str, opened: IncidentView, analyst: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        api.state_facts(ref=opened.reference, **said, reason="seen", by=analyst, at=at)
    assert refused.value.field == field


def test_a_word_that_the_law_does_not_know_is_refused(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="ransomware"):
        api.state_facts(ref=opened.reference, attributes=["ransomwear"], reason="seen", by=analyst, at=at)
    with pytest.raises(Invalid, match="what is known"):
        api.state_facts(ref=opened.reference, reason="seen", by=analyst, at=at)
    with pytest.raises(Invalid, match="users-affected"):
        api.state_facts(ref=opened.reference, impact={"users": 5}, reason="seen", by=analyst, at=at)
    assert api.state_facts(
        ref=opened.reference, attributes=[], impact={"users-affected": 5}, reason="seen", by=analyst, at=at
    )


def test_a_withdrawal_needs_a_reason_and_the_right_to_close(
    opened: IncidentView, analyst: Actor, reader: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid):
        api.withdraw_clock(ref=opened.reference, **NOTIFICATION, reason="", by=analyst, at=at)
    with pytest.raises(Forbidden):
        api.withdraw_clock(ref=opened.reference, **NOTIFICATION, reason="no CII", by=reader, at=at)
    view = api.withdraw_clock(ref=opened.reference, **NOTIFICATION, reason="no CII", by=analyst, at=at)
    assert clock(view, **NOTIFICATION).ended_reason == "no CII"


# By hand


def test_an_incident_by_hand_has_the_owner_and_the_clocks_of_the_law(analyst: Actor, at: datetime) -> None:
    facts = law.IncidentFacts(taxonomy="intrusions", type="system-compromise")
    view = api.open_incident(
        title="  Panel taken over  ", organisations=["org-0001"], facts=facts, moments={"awareness": at},
        marking=MARKING, by=analyst, at=at,
    )  # fmt: skip
    assert (view.title, view.lead_team, view.severity) == ("Panel taken over", "ntcert", "critical")
    assert clock(view, **NOTIFICATION).due_at == at + timedelta(hours=72)


@pytest.mark.parametrize(
    ("differently", "field"),
    [({"title": " "}, "title"), ({"organisations": ["org-9999"]}, "organisations")],
)
def test_an_incident_by_hand_is_refused_where_it_cannot_be_used(
    analyst: Actor, at: datetime, differently: dict[str, Any], field: str
) -> None:
    said: dict[str, Any] = {
        "title": "Panel",
        "organisations": ["org-0001"],
        "facts": law.IncidentFacts(taxonomy="intrusions"),
        "moments": {},
        "marking": MARKING,
        "by": analyst,
        "at": at,
    }
    assert api.open_incident(**said)
    with pytest.raises(Invalid) as refused:
        api.open_incident(**said | differently)
    assert refused.value.field == field


def test_who_may_not_open_is_refused(reader: Actor, analyst: Actor, at: datetime) -> None:
    said: dict[str, Any] = {
        "title": "Panel", "organisations": [], "facts": law.IncidentFacts(taxonomy="intrusions"), "moments": {},
        "marking": MARKING, "at": at,
    }  # fmt: skip
    assert api.open_incident(**said, by=analyst)
    with pytest.raises(Forbidden):
        api.open_incident(**said, by=reader)
