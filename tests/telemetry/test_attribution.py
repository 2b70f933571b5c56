"""Whose an event is, what it matches, and what is counted as a problem."""

import json
from pathlib import Path
from typing import Any

import pytest

from pehra.telemetry.gateways.staging import Outcome
from pehra.telemetry.rules import families
from pehra.telemetry.rules.families import Side
from tests.telemetry.ground import NAME, Node, report, sets, telnet

TWO_SIDED = {
    "timestamp": "2026-11-23 00:00:00",
    "protocol": "tcp",
    "src_ip": "203.0.113.1",
    "src_port": 51_000,
    "dst_ip": "203.0.113.2",
    "dst_port": 80,
    "infection": "example-bot",
    "http_host": "c2.example",
    "http_url": "GET /gate HTTP/1.1",
}


def taken(tmp_path: Path, rows: list[dict[str, Any]], name: str = NAME, **known: Any) -> tuple[Node, Outcome]:
    path = tmp_path / name
    path.write_bytes(report(rows))
    node = Node(tmp_path / "lake", **known)
    return node, node.ingest(path)


@pytest.mark.parametrize(
    ("row", "asset"),
    [
        pytest.param({"ip": "198.18.1.1"}, "prefix:198.18.0.0/16", id="address"),
        pytest.param({"ip": "198.18.7.1"}, "prefix:198.18.7.0/24", id="the most specific prefix"),
        pytest.param({"ip": "2001:db8::5"}, "prefix:2001:db8::/32", id="IPv6"),
        pytest.param({"ip": "198.19.0.1"}, "prefix:198.19.0.0/16", id="the country's own space, nobody known"),
        pytest.param({"ip": "198.19.0.1", "hostname": "a.bank.example"}, "domain:bank.example", id="reverse name"),
        pytest.param(
            {"ip": "198.18.1.1", "hostname": "a.bank.example"},
            "prefix:198.18.0.0/16",
            id="an owner before a reverse name",
        ),
        pytest.param({"ip": "203.0.113.1", "asn": 64_500}, "asn:AS64500", id="autonomous system"),
        pytest.param({"ip": "203.0.113.1"}, None, id="foreign"),
        pytest.param({"ip": "", "hostname": "www.bank.example"}, "domain:bank.example", id="no address"),
    ],
)
def test_an_event_belongs_to_the_owner_of_its_address(row: dict[str, Any], asset: str | None, tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, [telnet(1, **{"hostname": "", **row})])
    (event,) = node.events().to_dicts()
    assert event["asset"] == asset
    assert outcome.attributed == (asset is not None)
    assert (event["because"] is None) == (asset is None)


def test_the_name_that_was_addressed_comes_before_the_address(tmp_path: Path) -> None:
    row = {
        "timestamp": "2026-11-23 00:00:00",
        "url": "http://pay.bank.example/login",
        "host": "pay.bank.example",
        "ip": "198.18.7.1",
    }
    node, outcome = taken(tmp_path, [row], "2026-11-24-phish_url-x.csv")
    (event,) = node.events().to_dicts()
    assert (event["asset"], event["lead_team"]) == ("domain:bank.example", "fincert")
    assert outcome.sightings.select("subject", "subject_type", "kind").rows() == [
        ("pay.bank.example", "domain", "phishing/phish_url")
    ]


@pytest.mark.parametrize(
    ("report_type", "ours", "concerns", "organisation"),
    [
        ("event4_sinkhole_http", "src_ip", "source", "org-hospital"),
        ("event4_sinkhole_http", "dst_ip", "source", None),
        ("event4_honeypot_brute_force", "src_ip", "source", "org-hospital"),
        ("event4_honeypot_brute_force", "dst_ip", "source", None),
        ("event4_honeypot_ddos_target", "dst_ip", "destination", "org-hospital"),
        ("event4_honeypot_ddos_target", "src_ip", "destination", None),
        ("event4_honeypot_ddos", "src_ip", "source", "org-hospital"),
        ("event4_honeypot_ddos", "dst_ip", "destination", "org-hospital"),
    ],
)
def test_the_side_follows_from_the_report(
    report_type: str, ours: str, concerns: str, organisation: str | None, tmp_path: Path
) -> None:
    row = {**TWO_SIDED, ours: "198.18.7.1"}
    node, outcome = taken(tmp_path, [row], f"2026-11-24-{report_type}-x.csv")
    (event,) = node.events().to_dicts()
    assert (event["concerns"], event["organisation"]) == (concerns, organisation)
    assert len(outcome.sightings) == (organisation is not None)
    if organisation:
        assert outcome.sightings["subject"][0] == "198.18.7.1"


def test_a_client_port_is_no_part_of_a_problem_and_a_service_port_is(tmp_path: Path) -> None:
    infected = [{**TWO_SIDED, "src_ip": "198.18.7.1", "src_port": port} for port in (50_001, 50_002, 50_003)]
    _, outcome = taken(tmp_path, infected, "2026-11-24-event4_sinkhole_http-x.csv")
    assert outcome.sightings.select("times", "port", "kind").rows() == [
        (3, 0, "infected-system/event4_sinkhole_http/example-bot")
    ]
    node = Node(tmp_path / "other")
    path = tmp_path / NAME
    path.write_bytes(report([telnet(1), telnet(1, port=2323), telnet(1, timestamp="2026-11-22 00:00:00")]))
    found = node.ingest(path).sightings.sort("port")
    assert found.select("times", "port").rows() == [(2, 23), (1, 2323)]
    assert str(found["first_seen"][0]) == "2026-11-22 00:00:00+00:00"


def test_a_sighting_carries_owner_reason_and_evidence(tmp_path: Path) -> None:
    _, outcome = taken(tmp_path, [telnet(1)])
    (found,) = outcome.sightings.to_dicts()
    assert (found["asset"], found["organisation"], found["lead_team"]) == (
        "prefix:198.18.0.0/16",
        "org-telco",
        "ntcert",
    )
    assert sorted(found["teams"]) == ["ntcert", "pkcert"]
    assert json.loads(found["because"])
    assert (found["kind"], found["protocol"], found["feed_code"]) == (
        "vulnerable-system/scan_telnet",
        "tcp",
        "scan_telnet",
    )
    evidence = json.loads(found["evidence"])
    assert evidence["source_ip"] == "198.18.0.2"
    assert (evidence["raw_file"], evidence["raw_line"]) == (outcome.sha256, "2")
    assert None not in found.values()


def test_unowned_space_is_a_problem_of_the_country(tmp_path: Path) -> None:
    _, outcome = taken(tmp_path, [telnet(1, ip="198.19.0.1", hostname="")])
    assert outcome.sightings.select("organisation", "lead_team").rows() == [("", "ntcert")]


def test_what_is_no_problem_is_kept_and_not_sighted(tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, [telnet(1)], "2026-11-24-scan_ssh-x.csv")
    assert node.events()["classification_type"].to_list() == ["other"]
    assert (outcome.attributed, len(outcome.sightings)) == (1, 0)


def test_a_class_that_changed_follows_the_date_of_the_event(tmp_path: Path) -> None:
    rows = [telnet(1, timestamp=f"{year}-06-01 00:00:00") for year in (2023, 2025)]
    node, _ = taken(tmp_path, rows, "2026-11-24-scan_ssl_freak-x.csv")
    kinds = node.events().sort("time_source")["classification_type"].to_list()
    assert kinds == ["vulnerable-system", "weak-crypto"]


def test_matches_are_sightings_of_indicators(tmp_path: Path) -> None:
    known = sets(
        ("ipv4", "203.0.113.2"),
        ("prefix", "203.0.113.0/28"),
        ("domain", "example-bad.example"),
        ("url", "http://c2.example/gate"),
        ("ipv6", "2001:db8::99"),
    )
    rows = [
        {**TWO_SIDED, "src_ip": "198.18.7.1"},
        {**TWO_SIDED, "src_ip": "198.18.7.2", "http_host": "x.Example-Bad.example"},
        {**TWO_SIDED, "src_ip": "2001:db8::99", "dst_ip": "198.51.100.1", "http_url": "/other"},
        {**TWO_SIDED, "src_ip": "198.18.7.3", "dst_ip": "198.51.100.1", "http_host": "", "http_url": ""},
    ]
    node, outcome = taken(tmp_path, rows, "2026-11-24-event4_sinkhole_http-x.csv", match_sets=known)
    assert node.events().sort("raw_line")["indicator"].to_list() == ["i-3", "i-2", "i-4", None]
    assert outcome.matched == 3
    assert dict(outcome.indicator_sightings.select("indicator", "times").rows()) == {
        "i-0": 2,
        "i-2": 1,
        "i-3": 1,
        "i-4": 1,
    }
    assert set(outcome.indicator_sightings["input"]) == {outcome.sha256}


def test_every_family_has_a_beginning() -> None:
    for report_type in ("scan_ssl_freak", "scan6_couchdb", "event4_sinkhole", "scan_new_thing", "never_heard", ""):
        rows = families.history(report_type)
        assert [row.valid_from for row in rows] == sorted((row.valid_from for row in rows), reverse=True)
        assert rows[-1].valid_from.year == 1
        assert isinstance(rows[0].concerns, Side)
    assert not families.history("sinkhole_http_drone")[0].known


@pytest.mark.parametrize(
    ("name", "report_type"),
    [
        ("2026-11-24-scan_telnet-pakistan-geo.csv", "scan_telnet"),
        ("2026-11-24-brand_new-pakistan.csv.gz", "brand_new"),
        ("scan_afp.csv", "scan_afp"),
        ("event4_sinkhole-x.csv.zip", "event4_sinkhole"),
        ("report.csv", ""),
        ("attachment", ""),
        ("", ""),
    ],
)
def test_a_file_name_tells_the_report(name: str, report_type: str) -> None:
    assert families.type_of_name(name) == report_type
