"""Reading incidents: the wall, pages, filters, and the commands' JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from pehra.incidents import api
from pehra.incidents.commands import commands
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def many(finding: Any, outcome: Any, machine: Actor, at: datetime) -> list[api.IncidentView]:
    """Seven incidents of two organisations, one after another."""
    opened: list[api.IncidentView] = []
    for number in range(7):
        of = {"organisation": "org-0001"} if number % 2 else {"organisation": "org-0003", "type": "c2-server"}
        said = outcome(finding(malware=f"m{number}", **of))
        opened += api.open_from_findings(outcome=said, by=machine, at=at + timedelta(seconds=number))
    return opened


def test_pages_follow_one_another_without_gap_or_double(many: list[api.IncidentView], machine: Actor) -> None:
    seen: list[str] = []
    before = None
    while True:
        page = api.incidents(by=machine, limit=3, before=before)
        seen += [row.reference for row in page.rows]
        before = page.following
        if before is None:
            break
    assert seen == [view.reference for view in reversed(many)]


FILTERS: list[tuple[dict[str, str], int]] = [
    ({"team": "ntcert"}, 3),
    ({"team": "punjab-cert"}, 4),
    ({"organisation": "org-0001"}, 3),
    ({"severity": "high"}, 7),
    ({"severity": "low"}, 0),
    ({"state": "new"}, 7),
    ({"state": "live"}, 7),
    ({"state": "closed"}, 0),
    ({"search": "pk-2026-000002"}, 1),
    ({"search": "works department"}, 4),
    ({"search": "m4"}, 1),
    ({"search": "m4", "team": "ntcert"}, 0),
    ({"search": "' | & :* ("}, 0),
]


def test_filters(many: list[api.IncidentView], machine: Actor) -> None:
    assert [len(api.incidents(by=machine, **wanted).rows) for wanted, _ in FILTERS] == [number for _, number in FILTERS]


def test_a_state_that_is_none_is_refused(many: list[api.IncidentView], machine: Actor) -> None:
    with pytest.raises(Invalid):
        api.incidents(by=machine, state="resolved")


def test_each_sees_its_own(
    many: list[api.IncidentView],
    machine: Actor,
    sector_analyst: Actor,
    provincial_analyst: Actor,
    organisation_contact: Actor,
) -> None:
    assert {row.lead_team for row in api.incidents(by=sector_analyst).rows} == {"ntcert"}
    assert {row.lead_team for row in api.incidents(by=provincial_analyst).rows} == {"punjab-cert"}
    assert {row.organisation for row in api.incidents(by=organisation_contact).rows} == {"org-0001"}
    for actor, number in ((sector_analyst, 3), (provincial_analyst, 4), (organisation_contact, 3), (machine, 7)):
        assert len(api.incidents(by=actor).rows) == api.counts(by=actor).live == number
        assert {due.incident.reference for due in api.next_clocks(by=actor, limit=50)} <= {
            row.reference for row in api.incidents(by=actor).rows
        }


def test_without_the_permission_a_member_of_the_team_sees_nothing(
    many: list[api.IncidentView], sector_analyst: Actor
) -> None:
    idle = replace(sector_analyst, permissions=sector_analyst.permissions - {"incidents.read"})
    assert api.incidents(by=idle).rows == ()
    with pytest.raises(NotVisible):
        api.incident(many[1].reference, by=idle)


def test_garbage_is_not_there(machine: Actor) -> None:
    for reference in ("PK-2026-999999", "../etc", "", "PK-2026-1"):
        with pytest.raises(NotVisible):
            api.incident(reference, by=machine)


def test_a_page_costs_the_same_however_many_incidents(
    many: list[api.IncidentView], machine: Actor, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(5):
        api.incidents(by=machine, limit=50)
    with django_assert_max_num_queries(10):
        api.incident(many[0].reference, by=machine)


def test_an_informed_team_does_not_read_of_another_constituency(
    of_side: Any, fold: Any, machine: Actor, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=fold([of_side(number) for number in range(24)]), by=machine, at=at)
    led = api.incident(opened.reference, by=analyst)
    informed = api.incident(opened.reference, by=sector_analyst)
    assert len(led.sides) == 24
    assert {side.sector for side in informed.sides} == {"telecom"}
    assert len(informed.sides) == 4
    assert informed.incident.organisations == 24
    foreign = {side.organisation for side in led.sides} - {side.organisation for side in informed.sides}
    told = json.dumps(informed.as_json(), default=str)
    assert not any(organisation in told for organisation in foreign)
    with pytest.raises(Invalid) as hidden:
        api.incidents(by=sector_analyst, organisation=sorted(foreign)[0])
    with pytest.raises(Invalid) as absent:
        api.incidents(by=sector_analyst, organisation="side-99")
    assert hidden.value.message == absent.value.message.replace("side-99", sorted(foreign)[0])


def test_an_organisation_does_not_read_of_the_others_beside_it(
    of_side: Any, fold: Any, machine: Actor, organisation_contact: Actor, at: datetime
) -> None:
    (opened,) = api.open_from_findings(outcome=fold([of_side(number) for number in range(24)]), by=machine, at=at)
    one_of_them = replace(organisation_contact, organisations=frozenset({"side-00"}))
    with pytest.raises(NotVisible):
        api.incident(opened.reference, by=one_of_them)


# Commands


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_list_and_show_have_the_keys_of_the_contract(many: list[api.IncidentView]) -> None:
    listed = json.loads(run("list", "--json").stdout)
    assert len(listed) == 7
    shown = json.loads(run("show", many[1].reference, "--json").stdout)
    for incident in (*listed, shown):
        assert {"reference", "lead", "informed", "state", "severity", "tlp", "clocks"} <= set(incident)
        for clock in incident["clocks"]:
            assert {"duty", "stage", "due", "state", "because"} <= set(clock)
            assert {"rule", "version", "citation", "status"} <= set(clock["because"])
    dues = {clock["due"] for clock in shown["clocks"]}
    assert None in dues
    assert any(due and due.endswith("Z") for due in dues)
    assert run("list", "--team", "ntcert").stdout.count("\n") == 3


def test_people_read_the_same_as_text(many: list[api.IncidentView]) -> None:
    text = run("show", many[1].reference).stdout
    assert "lead" in text
    assert "pisf-cii-report/notification" in text
    assert "not known: moments.cert-rules-report/report:due" in text


def test_the_commands_move_grade_supply_send_and_withdraw(many: list[api.IncidentView], machine: Actor) -> None:
    reference = many[1].reference
    assert "open" in run("move", reference, "open").stdout
    assert "critical" in run("severity", reference, "critical", "--reason", "spreads").stdout
    assert "2026-11-01" in run("moment", reference, "awareness", "2026-10-29T10:00:00+05:00").stdout
    assert "met-late" in run("sent", reference, "pisf-cii-report", "notification").stdout
    assert "ransomware" in run("facts", reference, "--attribute", "ransomware", "--reason", "note found").stdout
    withdrawn = run("withdraw", reference, "pta-ctdisr-2025", "first-notice", "--reason", "no deadline exists")
    assert "withdrawn" in withdrawn.stdout
    for refused in (("move", reference, "closed"), ("moment", reference, "lunch", "2026-10-29T10:00:00Z")):
        with pytest.raises(Exception, match=r"say why|not a moment"):
            run(*refused)
