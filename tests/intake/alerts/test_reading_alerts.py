"""What an alert of another system says, as a report."""

from typing import Any

import pytest

from pehra.intake.rules.alerts import iris, thehive
from pehra.intake.rules.saying import Handed
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid
from tests.intake.alerts.made import IRIS, THEHIVE, THEHIVE_V0


def test_an_alert_of_thehive_says_what_it_says() -> None:
    alert = thehive.read(THEHIVE)
    assert (alert.source, alert.source_ref) == ("wazuh", "external/rule-5710-1")
    assert (alert.said.title, alert.said.taxonomy, alert.said.type) == (
        "Brute force on ssh", "intrusion-attempts", "brute-force"
    )  # fmt: skip
    assert [one.written for one in alert.said.observables] == ["192.0.2.66", "192.0.2.67", "bad[.]example"]
    assert alert.said.tlp is Tlp.AMBER, "an observable is marked more strictly than the alert"
    assert alert.said.answers["severity"] == "HIGH"
    assert alert.said.answers["custom_fields"] == "site: north"
    assert alert.said.moments["discovery"].isoformat() == "2026-11-24T08:30:00+00:00"


def test_an_alert_of_the_old_version_brings_its_file_within_the_text() -> None:
    alert = thehive.read(THEHIVE_V0)
    assert alert.files == (Handed(name="bill.txt", content=b"pay now", media_type="text/plain"),)
    assert [one.written for one in alert.said.observables] == ["crook@bad.example"]
    assert alert.said.tlp is Tlp.RED, "three was RED in that version: never read as freer than it was meant"
    assert alert.said.answers["custom_fields"] == "mailbox: desk"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"sourceRef": ""}, "sourceRef"),
        ({"severity": 9}, "severity"),
        ({"severity": "high"}, "severity"),
        ({"tlp": 17}, "tlp"),
        ({"date": -1}, "date"),
        ({"date": 10**17}, "date"),
        ({"tags": {"a": 1}}, "tags"),
        ({"observables": "1.2.3.4"}, "observables"),
        ({"observables": [{"data": "x"}]}, "dataType"),
        ({"observables": [{"dataType": "file", "attachment": "absent"}]}, "attachment"),
        ({"artifacts": [{"dataType": "file", "data": "a;b;not base64!"}]}, "data"),
        ({"title": ["a"]}, "title"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        thehive.read(THEHIVE | change)
    assert refused.value.field == field


def test_what_is_longer_than_a_report_takes_is_cut_and_the_alert_is_not_lost() -> None:
    hive = thehive.read(THEHIVE | {"title": "t" * 512, "description": "d" * 200_000})
    other = iris.read(IRIS | {"alert_title": "t" * 512, "alert_description": "d" * 200_000})
    for alert in (hive, other):
        assert (len(alert.said.title), len(alert.said.description)) == (300, 100_000)


def test_an_alert_of_iris_says_what_it_says() -> None:
    alert = iris.read(IRIS)
    assert (alert.source, alert.source_ref) == ("edr", "edr-9001")
    assert (alert.said.taxonomy, alert.said.type) == ("malicious-code", "infected-system")
    assert [one.written for one in alert.said.observables] == ["198.51.100.9", "10.4.1.2", "x.example"]
    assert alert.said.tlp is Tlp.AMBER_STRICT
    assert alert.said.answers["severity"] == "High"
    assert '"hostname":"ws-7"' in alert.said.answers["context"]
    assert alert.said.description.endswith("seen twice")
    assert alert.said.moments["discovery"].isoformat() == "2026-11-24T08:15:00+00:00"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"alert_title": ""}, "alert_title"),
        ({"alert_customer_id": None}, "alert_customer_id"),
        ({"alert_severity_id": "5"}, "alert_severity_id"),
        ({"alert_source_event_time": "yesterday"}, "alert_source_event_time"),
        ({"alert_source_event_time": "0001-01-01T00:00:00+14:00"}, "alert_source_event_time"),
        ({"alert_iocs": [{"ioc_tlp_id": 1}]}, "ioc_value"),
        ({"alert_assets": {"asset_name": "x"}}, "alert_assets"),
    ],
)
def test_a_field_of_iris_of_the_wrong_kind_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        iris.read(IRIS | change)
    assert refused.value.field == field
