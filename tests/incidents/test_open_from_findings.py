"""The three triggers: the law obliges an incident, a later finding joins it, one problem over many is widespread."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.findings.api import FoldOutcome
from pehra.incidents import api
from pehra.incidents.api import ClockState, State
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
Outcome = Callable[..., FoldOutcome]
Maker = Callable[..., Any]


def events(machine: Actor, reference: str) -> list[str]:
    return [entry.event for entry in ledger.history(subject=reference, by=machine)]


def test_an_infected_critical_operator_opens_one_incident_with_all_its_hosts(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    hosts = [finding(subject=f"198.18.0.{number % 250}") for number in range(500)]
    opened = api.open_from_findings(outcome=outcome(*hosts), by=machine, at=at)
    assert len(opened) == 1
    assert opened[0].findings == 500
    assert opened[0].reference == "PK-2026-000001"
    assert opened[0].title == "Infected system (andromeda): North Telecom"
    assert opened[0].state is State.NEW


def test_it_has_an_owner_clocks_a_marking_and_a_severity_each_with_its_reason(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    page = api.incident(opened.reference, by=machine)
    assert opened.lead_team == "ntcert"
    assert set(opened.informed) == {"pkcert"}
    assert opened.severity == "high"
    assert not opened.severity_confirmed
    assert opened.tlp == "TLP:AMBER+STRICT"
    reasons = [
        *page.because,
        page.severity_because,
        page.marking_because,
        *(role["because"] for role in opened.roles),
        *(clock.because for clock in opened.clocks),
    ]
    assert len(reasons) >= 7
    for reason in reasons:
        assert {"rule", "version", "citation", "status", "facts"} <= set(reason)
        assert reason["rule"]
    assert page.because[0]["rule"] == "incident-cii-compromise"


def test_what_is_not_known_stays_unknown_and_what_is_provisional_says_so(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    clocks = {(clock.duty, clock.stage): clock for clock in opened.clocks}
    notification = clocks["pisf-cii-report", "notification"]
    assert notification.due_at == at + timedelta(hours=72)
    assert notification.is_provisional
    assert "when the team learned" in " ".join(notification.notes)
    report = clocks["cert-rules-report", "report"]
    assert report.state is ClockState.UNKNOWN
    assert report.due_at is None
    assert "cert-rules-report/report:due" in api.incident(opened.reference, by=machine).unknown_moments


def test_the_teams_are_told_and_one_without_an_address_is_not_passed_over(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    sent = {message.recipient_email: message for message in outbox.messages(by=machine, about=opened.reference)}
    assert sent["duty@pkcert.example"].state == outbox.State.QUEUED
    assert sent[""].state == outbox.State.HELD
    entry = ledger.history(subject=opened.reference, by=machine)[0]
    assert entry.event == "incidents.opened"
    assert entry.facts["told"] == ["pkcert"]
    assert entry.facts["no_address"] == ["ntcert"]


def test_later_findings_of_the_same_matter_join_and_open_nothing(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    later = at + timedelta(hours=6)
    joined = [finding(subject="198.18.0.9", identifier="beacon"), finding(subject="198.18.0.10")]
    assert api.open_from_findings(outcome=outcome(*joined), by=machine, at=later) == []
    page = api.incident(opened.reference, by=machine)
    assert page.incident.findings == 3
    assert page.incident.clocks == opened.clocks
    assert page.timeline[-1].event == "incidents.joined"
    assert page.timeline[-1].facts["findings"] == 2


def test_the_same_outcome_again_changes_nothing(finding: Maker, outcome: Outcome, machine: Actor, at: datetime) -> None:
    said = outcome(finding(), finding(subject="198.18.0.8", malware="other"))
    opened = api.open_from_findings(outcome=said, by=machine, at=at)
    before = [events(machine, view.reference) for view in opened]
    queued = len(outbox.messages(by=machine))
    assert api.open_from_findings(outcome=said, by=machine, at=at + timedelta(minutes=1)) == []
    assert [events(machine, view.reference) for view in opened] == before
    assert len(outbox.messages(by=machine)) == queued
    assert len(api.incidents(by=machine).rows) == 2


def test_a_closed_matter_is_not_opened_by_its_own_findings_but_by_what_came_back(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    found = finding()
    (opened,) = api.open_from_findings(outcome=outcome(found), by=machine, at=at)
    api.move(ref=opened.reference, to="dismissed", reason="a test machine", by=machine, at=at)
    assert api.open_from_findings(outcome=outcome(found), by=machine, at=at) == []
    (again,) = api.open_from_findings(outcome=outcome(reopened=[found]), by=machine, at=at)
    assert again.reference == "PK-2026-000002"


def test_an_ordinary_organisation_gets_a_notice_and_no_incident(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    shop = finding(organisation="org-0004", sector="commerce", territory="kp", lead_team="pkcert", teams=("pkcert",))
    assert api.open_from_findings(outcome=outcome(shop), by=machine, at=at) == []


def test_a_control_server_in_public_sector_space_opens_an_incident_led_by_its_province(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    server = finding(organisation="org-0003", sector="government", type="c2-server", malware="mirai")
    (opened,) = api.open_from_findings(outcome=outcome(server), by=machine, at=at)
    assert opened.lead_team == "punjab-cert"
    assert api.incident(opened.reference, by=machine).because[0]["rule"] == "incident-public-control-server"


def test_space_of_no_known_organisation_opens_nothing(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    nobody = finding(organisation="", sector="", territory="", lead_team="ntcert", teams=("ntcert",))
    assert api.open_from_findings(outcome=outcome(nobody), by=machine, at=at) == []


def test_many_findings_ask_the_law_few_questions(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    hosts = [finding(subject=f"198.18.{number // 250}.{number % 250}") for number in range(3_000)]
    with django_assert_max_num_queries(60):
        api.open_from_findings(outcome=outcome(*hosts), by=machine, at=at)


def test_references_have_no_gaps_and_start_anew_each_year(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    many = [finding(malware=f"m{number}") for number in range(3)]
    first = api.open_from_findings(outcome=outcome(*many), by=machine, at=at)
    next_year = at.replace(year=2027)
    second = api.open_from_findings(outcome=outcome(finding(malware="late")), by=machine, at=next_year)
    assert [view.reference for view in first] == [f"PK-2026-00000{number}" for number in (1, 2, 3)]
    assert [view.reference for view in second] == ["PK-2027-000001"]


def test_one_problem_over_many_is_one_widespread_incident_led_by_the_national_team(
    of_side: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    opened = api.open_from_findings(outcome=fold([of_side(number) for number in range(22)]), by=machine, at=at)
    assert len(opened) == 1
    page = api.incident(opened[0].reference, by=machine)
    assert opened[0].widespread
    assert opened[0].lead_team == "pkcert"
    assert "ntcert" in opened[0].informed
    assert opened[0].severity == "critical"
    assert opened[0].organisations == len(page.sides) == 22
    assert opened[0].organisation == ""
    assert page.because[0]["rule"] == "incident-widespread"
    assert page.because[0]["facts"]["organisations"] == 22


def test_below_every_number_of_the_profile_nothing_is_widespread(
    of_side: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    few = [of_side(number) for number in (0, 2)]
    assert api.open_from_findings(outcome=fold(few), by=machine, at=at) == []


def test_the_window_lies_in_the_time_of_what_was_seen(
    of_side: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    old = [of_side(number, last_seen=at - timedelta(days=9), first_seen=at - timedelta(days=9)) for number in range(22)]
    late = at + timedelta(days=1)
    (opened,) = api.open_from_findings(outcome=fold(old), by=machine, at=late)
    assert opened.widespread


def test_sides_seen_too_far_apart_are_not_widespread(of_side: Maker, fold: Maker, machine: Actor, at: datetime) -> None:
    spread = [
        of_side(number, first_seen=at - timedelta(days=80), last_seen=at - timedelta(days=3 * number))
        for number in range(22)
    ]
    assert api.open_from_findings(outcome=fold(spread), by=machine, at=at) == []


def test_later_sides_join_the_widespread_incident_and_bring_their_team_and_their_clocks(
    of_side: Maker, sighting: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    first = [of_side(number) for number in range(30) if number % 6 != 0]
    (opened,) = api.open_from_findings(outcome=fold(first), by=machine, at=at)
    assert "ntcert" not in opened.teams
    assert "pta-ctdisr-2025" not in {clock.duty for clock in opened.clocks}
    licensee = sighting(
        organisation="org-0001", sector="telecom", territory="punjab", lead_team="ntcert", teams=["ntcert", "pkcert"]
    )
    later = api.open_from_findings(outcome=fold([licensee]), by=machine, at=at)
    assert [view.widespread for view in later] == [False]  # the critical operator has its own incident beside it
    page = api.incident(opened.reference, by=machine)
    assert "ntcert" in page.incident.informed
    assert page.incident.organisations == opened.organisations + 1
    assert {clock.duty for clock in page.incident.clocks} >= {"pta-ctdisr-2025", "pisf-cii-report"}
    assert "incidents.clock.started" in [entry.event for entry in page.timeline]


def test_the_widespread_incident_too_opens_once(of_side: Maker, fold: Maker, machine: Actor, at: datetime) -> None:
    said = fold([of_side(number) for number in range(22)])
    (opened,) = api.open_from_findings(outcome=said, by=machine, at=at)
    before = events(machine, opened.reference)
    assert api.open_from_findings(outcome=said, by=machine, at=at) == []
    assert events(machine, opened.reference) == before
    api.move(ref=opened.reference, to="dismissed", reason="one scanner's mistake", by=machine, at=at)
    assert api.open_from_findings(outcome=said, by=machine, at=at) == []


def test_what_comes_back_after_its_widespread_incident_ended_is_widespread_again(
    of_side: Maker, fold: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    said = fold([of_side(number) for number in range(22)])
    (opened,) = api.open_from_findings(outcome=said, by=machine, at=at)
    api.move(ref=opened.reference, to="dismissed", reason="mended everywhere", by=machine, at=at)
    (again,) = api.open_from_findings(outcome=outcome(reopened=said.new), by=machine, at=at)
    assert again.widespread
    assert again.findings == opened.findings


def test_that_it_is_widespread_does_not_say_that_it_is_nothing_else(
    of_side: Maker, sighting: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    bank = sighting(organisation="org-0002", sector="banking-finance", territory="sindh")
    (opened,) = api.open_from_findings(outcome=fold([bank, *map(of_side, range(22))]), by=machine, at=at)
    page = api.incident(opened.reference, by=machine)
    assert (page.attributes, page.attributes_absent) == (("widespread",), ())
    assert "incident.attributes.breach-established" in page.missing
    assert {clock.state for clock in opened.clocks if clock.duty == "sbp-breach-report"} == {"unknown"}


def test_odd_characters_of_a_feed_keep_no_incident_out(
    sighting: Maker, fold: Maker, machine: Actor, at: datetime
) -> None:
    odd = sighting(organisation="org-0001", sector="telecom", malware_name="evil\u2028\x92\x85\u202ebot")
    (opened,) = api.open_from_findings(outcome=fold([odd]), by=machine, at=at)
    assert opened.title.startswith("Infected system (evil    bot)")


def test_what_the_law_cannot_decide_opens_nothing_and_is_asked_once_a_day(
    finding: Maker, outcome: Outcome, machine: Actor, at: datetime
) -> None:
    unclassed = {"organisation": "org-0005", "sector": "power", "lead_team": "pkcert", "teams": ("pkcert",)}
    for malware in ("a", "b"):
        said = outcome(finding(malware=malware, **unclassed))
        assert api.open_from_findings(outcome=said, by=machine, at=at) == []
    (letter,) = (row for row in outbox.messages(by=machine) if row.kind == "incident-question")
    assert letter.recipient_email == "duty@pkcert.example"
    body = outbox.message(message_id=letter.id, by=machine).body
    assert "org-0005" in body
    assert "entity.classes" in body
    said = outcome(finding(malware="c", **unclassed))
    api.open_from_findings(outcome=said, by=machine, at=at + timedelta(days=1))
    assert [row.kind for row in outbox.messages(by=machine)].count("incident-question") == 2
