"""IntelMQ's events: its words are ours, what it says beyond them is kept, and a broken line is a reject."""

import json
from pathlib import Path

import pytest

from pehra.telemetry.gateways.staging import Outcome
from pehra.telemetry.rules import rsit
from tests.telemetry.ground import Node


def event(number: int, **more: object) -> dict[str, object]:
    """An event, each number another."""
    return {
        "feed.name": "Example feed",
        "feed.code": "example",
        "time.source": f"2026-11-23T10:{number // 60 % 60:02d}:{number % 60:02d}+00:00",
        "time.observation": "2026-11-24T00:00:00+00:00",
        "classification.type": "infected-system",
        "source.ip": f"198.18.7.{number % 250}",
        "source.port": 40_000 + number,
        "destination.ip": "203.0.113.1",
        "destination.port": 443,
        "malware.name": "Example-Bot",
        "raw": "cmF3",
        **{name.replace("__", "."): value for name, value in more.items()},
    }


def taken(tmp_path: Path, lines: list[object], name: str = "events.jsonl") -> tuple[Node, Outcome]:
    path = tmp_path / name
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n")
    node = Node(tmp_path / "lake")
    outcome = node.ingest(path)
    assert outcome.rows_read == outcome.rows_stored + outcome.rows_duplicate + outcome.rows_rejected
    return node, outcome


def test_a_byte_order_mark_is_no_part_of_the_first_event(tmp_path: Path) -> None:
    _, outcome = taken(tmp_path, ["\ufeff" + json.dumps(event(1)), event(2)])
    assert (outcome.rows_stored, outcome.rows_rejected) == (2, 0)


@pytest.mark.parametrize("length", [2_000_000, 40_000_000])
def test_a_line_that_is_too_long_is_one_reject_and_not_held_whole(length: int, tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, [event(1), json.dumps(event(2, extra__x="y" * length)), event(3)])
    assert (outcome.rows_stored, outcome.rows_rejected) == (2, 1)
    assert node.rejects(outcome)[0]["line"] == 2
    assert node.events()["raw_line"].to_list() == [1, 3]


def test_an_event_is_read_whole(tmp_path: Path) -> None:
    said = event(1, extra__tag='a "b" \\ c', extra__count=3, source__account="somebody", source__asn="64500")
    node, outcome = taken(tmp_path, [said])
    (row,) = node.events().to_dicts()
    assert (row["source_ip"], row["source_port"], row["source_asn"]) == ("198.18.7.1", 40_001, 64_500)
    assert (row["destination_ip"], row["destination_port"]) == ("203.0.113.1", 443)
    assert (row["classification_taxonomy"], row["classification_type"]) == ("malicious-code", "infected-system")
    assert (row["malware_name"], row["feed_name"], row["feed_code"]) == ("example-bot", "Example feed", "example")
    assert json.loads(row["extra"]) == {"count": 3, "tag": 'a "b" \\ c', "source.account": "somebody"}
    assert row["organisation"] == "org-hospital"
    # The port is one of the moment, so it is no part of the problem.
    assert outcome.sightings.select("subject", "port", "kind").rows() == [
        ("198.18.7.1", 0, "infected-system/example-bot")
    ]


def test_broken_lines_are_rejects_with_their_text(tmp_path: Path) -> None:
    lines: list[object] = [
        event(1),
        '{"source.ip": "198.18.0.1"',
        event(2, time__source="yesterday"),
        '["source.ip"]',
        "",
        event(3, source__ip="198.18.0.300"),
        '{"source.ip": "198.18.0.1", "source.ip": "198.18.0.2"}',
        event(4),
        "7",
    ]
    node, outcome = taken(tmp_path, lines)
    assert (outcome.rows_read, outcome.rows_stored, outcome.rows_rejected) == (8, 2, 6)
    rejects = {one["line"]: one for one in node.rejects(outcome)}
    assert sorted(rejects) == [2, 3, 4, 6, 7, 9]
    for line, reject in rejects.items():
        said = lines[line - 1]
        assert reject["raw"] == (said if isinstance(said, str) else json.dumps(said))
        assert reject["reason"]
    assert node.events().sort("raw_line")["raw_line"].to_list() == [1, 8]


def test_the_same_again_is_no_new_event(tmp_path: Path) -> None:
    node, first = taken(tmp_path, [event(number) for number in range(50)])
    other = tmp_path / "later.jsonl"
    again = [
        {**event(number), "time.observation": "2026-11-25T00:00:00+00:00", "raw": "b3RoZXI="}
        for number in range(49, -1, -1)
    ]
    other.write_text("\n".join(json.dumps(dict(sorted(one.items(), reverse=True))) for one in again))
    second = node.ingest(other)
    assert (first.rows_stored, second.rows_stored, second.rows_duplicate) == (50, 0, 50)


def test_types_are_brought_to_rsit_and_strange_ones_kept(tmp_path: Path) -> None:
    words = {
        "c2-server": ("malicious-code", "c2-server"),
        "C&C": ("malicious-code", "c2-server"),
        "unauthorized-use-of-resources": ("fraud", "unauthorised-use-of-resources"),
        "blacklist": ("other", "blocklist"),
        "unknown": ("other", "undetermined"),
        "never heard": ("other", "undetermined"),
    }
    node, outcome = taken(tmp_path, [event(n, classification__type=word) for n, word in enumerate(words)])
    events = node.events().sort("raw_line").to_dicts()
    assert [(one["classification_taxonomy"], one["classification_type"]) for one in events] == list(words.values())
    assert json.loads(events[-1]["extra"]) == {"classification.type": "never heard"}
    assert [one["extra"] for one in events[:-1]] == [None] * 5
    assert len(outcome.alarms) == 1


def test_an_attack_from_abroad_concerns_its_target_here(tmp_path: Path) -> None:
    foreign = {"source__ip": "203.0.113.9", "destination__ip": "198.18.7.9"}
    node, outcome = taken(
        tmp_path,
        [event(1, classification__type="ddos", **foreign), event(2, classification__type="scanner", **foreign)],
    )
    attack, scan = node.events().sort("raw_line").to_dicts()
    assert (attack["concerns"], attack["organisation"]) == ("destination", "org-hospital")
    # A scanner somewhere in the world is no problem of whom it looked at.
    assert (scan["concerns"], scan["organisation"]) == ("source", None)
    assert outcome.sightings.select("subject", "port", "classification_type").rows() == [("198.18.7.9", 443, "ddos")]


def test_a_url_names_its_host(tmp_path: Path) -> None:
    phishing = {
        "time.source": "2026-11-23T00:00:00Z",
        "classification.type": "phishing",
        "source.url": "https://login.Bank.example:8443/x",
    }
    node, outcome = taken(tmp_path, [phishing])
    (row,) = node.events().to_dicts()
    assert (row["source_fqdn"], row["organisation"], row["asset"]) == (
        "login.bank.example",
        "org-bank",
        "domain:bank.example",
    )
    assert outcome.sightings["subject"].to_list() == ["login.bank.example"]


@pytest.mark.parametrize("word", [*rsit.SPELLINGS])
def test_every_spelling_leads_to_a_type(word: str) -> None:
    found = rsit.settled(word)
    assert found is not None
    assert rsit.class_of(found[1]) == found[0]
