"""The reports of an incident are a tab of it: who works on it reads whose words it rests on, and nobody else does."""

import pytest

from pehra.intake import api as intake
from pehra.web import shell
from tests.web.test_triage_pages import report

pytestmark = pytest.mark.django_db


def test_an_incident_names_its_reports_and_what_was_joined(signed_in, country):
    first, second, other = report("Ransom note"), report("Screens are locked"), report("Odd mails")
    client = signed_in("national")
    answer = client.post(f"/intake/reports/{first}/do", {"act": "open", "severity": "high"})
    ref = intake.report(first, by=country.by).report.incident
    assert answer.status_code == 302
    assert ref
    answer = client.post(f"/intake/reports/{second}/do", {"act": "join", "incident": ref, "reason": "the same ward"})
    assert answer.status_code == 302
    page = client.get(f"/intake/incident/{ref}/")
    assert f"/intake/reports/{first}/" in page.text
    assert f"/intake/reports/{second}/" in page.text
    assert other not in page.text
    assert f'href="/intake/incident/{ref}/"' in client.get(f"/incidents/{ref}/").text
    assert signed_in("telecom").get(f"/intake/incident/{ref}/").status_code == 404
    assert signed_in("council").get(f"/intake/incident/{ref}/").status_code in {403, 404}
    assert signed_in("nobody").get(f"/intake/incident/{ref}/").status_code in {403, 404}


def test_a_practised_report_is_there_too(signed_in, country):
    drill = report("Exercise: ransom note", exercise=True)
    client = signed_in("national")
    assert client.post(f"/intake/reports/{drill}/do", {"act": "open", "severity": "high"}).status_code == 302
    ref = intake.report(drill, by=country.by).report.incident
    assert drill in client.get(f"/intake/incident/{ref}/").text


def test_an_organisation_is_led_to_its_own(signed_in, incident):
    answer = signed_in("hospital").get(f"/intake/incident/{incident.reference}/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/intake/own/?incident={incident.reference}"
    page = signed_in("national").get(f"/intake/incident/{incident.reference}/")
    assert "Nobody reported this" in page.text


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/intake/incident/PK-2026-000007/", "/incidents/"),
        ("/threads/incident/PK-2026-000007/", "/incidents/"),
        ("/incidents/PK-2026-000007/tasks", "/incidents/"),
        ("/incidents/asked/", "/incidents/asked/"),
        ("/intake/own/", "/intake/own/"),
        ("/intake/reports/PKR-2026-000007/", "/intake/"),
        ("/threads/", "/threads/"),
        ("/", "/"),
        ("/nowhere/", ""),
    ],
)
def test_a_tab_of_an_incident_lies_under_incidents_whoever_fills_it(path: str, section: str) -> None:
    assert shell.current(path) == section
