"""The published Python clients of TheHive and of DFIR-IRIS post to a running server, unchanged."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from dfir_iris_client.alert import Alert
from dfir_iris_client.session import ClientSession
from thehive4py import TheHiveApi
from thehive4py.errors import TheHiveError

from pehra.access import api as access
from pehra.intake.models import Report, Submission
from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.vault import api as vault
from tests.intake.alerts.made import IRIS, THEHIVE, THEHIVE_V0

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("committed_country"),
    # thehive4py opens the files that it sends and leaves them to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
MACHINE = system("test")


def somebody(email: str, **granted: Any) -> UUID:
    at = clock.now()
    person = access.add_person(email=email, name=email.partition("@")[0], by=MACHINE, at=at)
    access.grant(person_id=person, reason="watches", by=MACHINE, at=at, **granted)
    return person


def token_of(person: UUID, *permissions: str) -> str:
    at = clock.now()
    by = access.actor_for(person_id=person, at=at)
    wanted = permissions or ("intake.report",)
    return access.issue_token(
        holder_id=person, name="feeder", permissions=wanted, valid=timedelta(days=1), by=by, at=at
    )


@pytest.fixture
def contact() -> UUID:
    """The bank's desk, whose own system posts its alerts."""
    return somebody("desk@bank.example", role="organisation-contact", organisation="org-0002")


@pytest.fixture
def door(live_server: Any, contact: UUID, settings: Any) -> tuple[str, str]:
    settings.ALLOWED_HOSTS = ["*"]
    return live_server.url + "/intake", token_of(contact)


def test_thehive4py_posts_an_alert_and_reads_it_back(door: tuple[str, str], tmp_path: Path) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    made = hive.alert.create(alert=THEHIVE)
    assert (made["title"], made["sourceRef"], made["status"]) == (THEHIVE["title"], "rule-5710-1", "New")
    report = Report.objects.get(reference=made["_id"])
    assert (report.channel, report.reporter_organisation, report.taxonomy) == (
        "thehive",
        "org-0002",
        "intrusion-attempts",
    )
    assert {row.value for row in report.observables.all()} >= {"192.0.2.66", "192.0.2.67", "bad.example"}
    sent = json.loads(vault.read(report.submissions.get().raw_sha256))
    assert sent == json.loads(json.dumps(THEHIVE)), "kept as it was received"
    assert hive.alert.get(made["_id"])["title"] == THEHIVE["title"]
    again = hive.alert.create(alert=THEHIVE)
    assert again["_id"] == made["_id"], "a program that lost the answer posts again"
    assert Report.objects.count() == 1


def test_another_alert_under_the_same_number_is_more_of_the_report_and_is_not_lost(door: tuple[str, str]) -> None:
    url, token = door
    alerts = Alert(ClientSession(apikey=token, host=f"{url}/iris", ssl_verify=False))
    number = alerts.add_alert(IRIS).get_data()["alert_id"]
    later = IRIS | {"alert_description": "A second workstation, 198.51.100.77, speaks to it"}
    for _twice in range(2):
        assert alerts.add_alert(later).get_data()["alert_id"] == number
    assert alerts.add_alert(IRIS).get_data()["alert_id"] == number
    report = Report.objects.get()
    assert report.submissions.count() == 2
    assert "198.51.100.77" in {row.value for row in report.observables.all()}


def test_the_same_alert_with_its_file_again_is_one(door: tuple[str, str], tmp_path: Path) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    (tmp_path / "mail.eml").write_bytes(b"Subject: pay\r\n\r\nnow")
    alert = THEHIVE | {"observables": [{"dataType": "file", "attachment": "mail"}]}
    for _twice in range(2):
        hive.alert.create(alert=alert, attachment_map={"mail": str(tmp_path / "mail.eml")})
    assert Submission.objects.count() == 1


def test_what_comes_later_marks_an_alert_more_strictly_and_never_freer(door: tuple[str, str]) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    made = hive.alert.create(alert=THEHIVE)
    marks = []
    for tlp in (0, 4, 1):
        observable = {"dataType": "ip", "data": [f"203.0.113.{tlp}"], "tlp": tlp}
        hive.alert.create_observable(alert_id=made["_id"], observable=observable)
        marks.append(Report.objects.get(reference=made["_id"]).tlp)
    assert marks == ["TLP:AMBER", "TLP:RED", "TLP:RED"]


def test_thehive4py_adds_observables_and_changes_and_deletes_nothing(door: tuple[str, str], tmp_path: Path) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    made = hive.alert.create(alert=THEHIVE)
    hive.alert.update(alert_id=made["_id"], fields={"title": "Brute force, and more", "addTags": ["again"]})
    hive.alert.create_observable(alert_id=made["_id"], observable={"dataType": "ip", "data": ["203.0.113.5"]})
    (tmp_path / "log.txt").write_text("sshd: failed\n")
    hive.alert.create_observable(
        alert_id=made["_id"],
        observable={"dataType": "file"},
        observable_path=str(tmp_path / "log.txt"),
    )
    report = Report.objects.get(reference=made["_id"])
    assert report.title == "Brute force, and more"
    assert report.submissions.count() == 4
    assert "203.0.113.5" in {row.value for row in report.observables.all()}
    with pytest.raises(TheHiveError, match="never deleted"):
        hive.alert.delete(made["_id"])


def test_an_alert_with_a_file_beside_it_keeps_the_file(door: tuple[str, str], tmp_path: Path) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    (tmp_path / "mail.eml").write_bytes(b"Subject: pay\r\n\r\nnow")
    alert = THEHIVE | {"observables": [{"dataType": "file", "attachment": "mail"}]}
    made = hive.alert.create(alert=alert, attachment_map={"mail": str(tmp_path / "mail.eml")})
    report = Report.objects.get(reference=made["_id"])
    (file,) = report.files.all()
    assert file.name == "mail.eml"
    assert vault.read(file.sha256) == b"Subject: pay\r\n\r\nnow"


def test_a_large_file_comes_in_and_one_beyond_the_limit_is_refused(
    door: tuple[str, str], tmp_path: Path, settings: Any
) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    alert = THEHIVE | {"observables": [{"dataType": "file", "attachment": "sample"}]}
    (tmp_path / "sample.bin").write_bytes(bytes(3 * 1024 * 1024))
    made = hive.alert.create(alert=alert, attachment_map={"sample": str(tmp_path / "sample.bin")})
    assert Report.objects.get(reference=made["_id"]).files.get().size == 3 * 1024 * 1024
    settings.PEHRA_REQUEST_BYTES_MAX = 1024 * 1024
    with pytest.raises(TheHiveError) as refused:
        hive.alert.create(alert=alert | {"sourceRef": "2"}, attachment_map={"sample": str(tmp_path / "sample.bin")})
    assert refused.value.response is not None
    assert refused.value.response.status_code == 413
    assert Report.objects.count() == 1


def test_the_old_client_posts_an_alert(door: tuple[str, str]) -> None:
    url, token = door
    # thehive4py 1.13: api.py, create_alert.
    answer = requests.post(
        f"{url}/thehive/api/alert",
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        data=json.dumps(THEHIVE_V0),
        timeout=10,
    )
    assert answer.status_code == 201, answer.text
    report = Report.objects.get(reference=answer.json()["id"])
    assert report.files.get().name == "bill.txt"


def test_a_refusal_is_one_that_the_client_understands(door: tuple[str, str]) -> None:
    url, token = door
    hive = TheHiveApi(url=f"{url}/thehive", apikey=token)
    with pytest.raises(TheHiveError, match="BadRequest - an alert needs title") as refused:
        hive.alert.create(alert=THEHIVE | {"title": ""})
    assert refused.value.response is not None
    assert refused.value.response.status_code == 400
    with pytest.raises(TheHiveError, match="NotFoundError"):
        hive.alert.get("PKR-2026-999999")
    with pytest.raises(TheHiveError):
        TheHiveApi(url=f"{url}/thehive", apikey="pehra_none", max_retries=0).alert.create(alert=THEHIVE)
    assert Report.objects.count() == 0


def test_dfir_iris_client_posts_an_alert_and_reads_it_back(door: tuple[str, str]) -> None:
    url, token = door
    session = ClientSession(apikey=token, host=f"{url}/iris", ssl_verify=False)
    alerts = Alert(session)
    made = alerts.add_alert(IRIS)
    assert made.is_success(), made
    number = made.get_data()["alert_id"]
    report = Report.objects.get(reference=made.get_data()["alert_uuid"])
    assert (report.channel, report.tlp, report.type) == ("iris", "TLP:AMBER+STRICT", "infected-system")
    assert alerts.get_alert(number).get_data()["alert_title"] == IRIS["alert_title"]
    assert [each["alert_id"] for each in alerts.get_alerts([number, 987654]).get_data()["alerts"]] == [number]
    assert alerts.update_alert(number, {"alert_note": "it speaks again"}).is_success()
    assert report.submissions.count() == 2
    assert alerts.add_alert(IRIS).get_data()["alert_id"] == number
    for refused in (alerts.delete_alert(number), alerts.merge_alert(number, 1, [], [], "")):
        assert refused.is_error()
        assert "triage" in refused.get_msg()


def test_the_iris_client_says_what_was_refused(door: tuple[str, str]) -> None:
    url, token = door
    alerts = Alert(ClientSession(apikey=token, host=f"{url}/iris", ssl_verify=False))
    refused = alerts.add_alert({name: value for name, value in IRIS.items() if name != "alert_title"})
    assert refused.is_error()
    assert "alert_title" in refused.get_msg()
    with pytest.raises(ValueError, match="Invalid API key"):
        ClientSession(apikey="pehra_none", host=f"{url}/iris", ssl_verify=False)


def test_whose_alert_it_is_not_finds_nothing_there(door: tuple[str, str], live_server: Any) -> None:
    url, token = door
    made = TheHiveApi(url=f"{url}/thehive", apikey=token).alert.create(alert=THEHIVE)
    other = token_of(somebody("desk@works.example", role="organisation-contact", organisation="org-0003"))
    hive = TheHiveApi(url=f"{url}/thehive", apikey=other)
    for act in (
        lambda: hive.alert.get(made["_id"]),
        lambda: hive.alert.update(made["_id"], {"title": "mine"}),
        lambda: hive.alert.delete(made["_id"]),
    ):
        with pytest.raises(TheHiveError, match="NotFoundError"):
            act()
    number = int(made["_id"].rpartition("-")[2])
    assert Alert(ClientSession(apikey=other, host=f"{url}/iris")).get_alert(number).is_error()
    assert hive.alert.create(alert=THEHIVE)["_id"] != made["_id"], "the same number of another account is another alert"


def test_who_posted_an_alert_reads_it_and_adds_to_it_wherever_the_law_has_sent_it(door: tuple[str, str]) -> None:
    url, _token = door
    hive = TheHiveApi(
        url=f"{url}/thehive", apikey=token_of(somebody("soc@telecom.example", role="soc-analyst", team="ntcert"))
    )
    made = hive.alert.create(alert=THEHIVE)
    report = Report.objects.get(reference=made["_id"])
    assert "ntcert" not in report.teams, "nobody's addresses are not the telecom team's to decide about"
    hive.alert.update(made["_id"], {"title": "And again"})
    assert hive.alert.get(made["_id"])["title"] == "And again"
    assert report.submissions.count() == 2


def test_a_programs_token_does_not_read_what_others_posted_to_its_holders_team(door: tuple[str, str]) -> None:
    url, token = door
    made = TheHiveApi(url=f"{url}/thehive", apikey=token).alert.create(alert=THEHIVE)
    team = Report.objects.get(reference=made["_id"]).lead_team
    officer = somebody("officer@cert.example", role="duty-officer", team=team)
    reads = TheHiveApi(url=f"{url}/thehive", apikey=token_of(officer, "intake.report", "intake.read"))
    assert reads.alert.get(made["_id"])["title"] == THEHIVE["title"]
    posts = TheHiveApi(url=f"{url}/thehive", apikey=token_of(officer, "intake.report"))
    with pytest.raises(TheHiveError, match="NotFoundError"):
        posts.alert.get(made["_id"])


def test_a_token_without_the_right_to_report_is_refused(door: tuple[str, str], contact: UUID) -> None:
    url, _token = door
    reader = token_of(contact, "incidents.read")
    with pytest.raises(TheHiveError) as refused:
        TheHiveApi(url=f"{url}/thehive", apikey=reader).alert.create(alert=THEHIVE)
    assert refused.value.response is not None
    assert refused.value.response.status_code == 403
    assert Submission.objects.count() == 0
