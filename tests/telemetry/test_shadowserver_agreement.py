"""Every shared Shadowserver report against the events that another project expects of it, field by field.

The table that this prints stands in docs/standards/shadowserver.md; what differs is listed there, and here, with its
reason. The expected events are test input beside the repository and no part of it.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pehra.telemetry.rules import rsit
from pehra.telemetry.rules.schema import BY_INTELMQ
from tests.telemetry.ground import Node

# The feed's own names for feed and problem are ours to choose; `extra` has the names that the header has.
NOT_COMPARED = {"extra", "feed.name", "feed.code", "classification.identifier", "time.observation"}
FIELDS = {name: column for name, column in BY_INTELMQ.items() if name not in NOT_COMPARED}
WITHOUT_DIFFERENCE = {
    "time.source",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "protocol.transport",
    "source.reverse_dns",
    "source.fqdn",
    "destination.fqdn",
    "classification.taxonomy",
}

# Upstream puts the type infected-system into the class vulnerable, which RSIT does not: there it is malicious code. A
# server that was found with a hole is a vulnerable system until somebody is seen inside.
EXPLAINED = {
    ("scan_exchange", number, "classification.type", "infected-system", "vulnerable-system") for number in (0, 3, 4)
}


def reports(shared_data: Path) -> list[Path]:
    """Every shared report."""
    return sorted((shared_data / "feeds/shadowserver/reports").glob("*.csv"))


def test_every_report_is_taken_in_and_no_row_is_lost(shared_data: Path, tmp_path: Path) -> None:
    node = Node(tmp_path / "lake")
    rejected: list[dict[str, Any]] = []
    paths = reports(shared_data)
    assert len(paths) == 69
    rows = 0
    for path in paths:
        outcome = node.ingest(path)
        with path.open(newline="") as text:
            in_file = sum(1 for _ in csv.reader(text)) - 1
        assert outcome.rows_read == in_file, path.name
        assert outcome.rows_read == outcome.rows_stored + outcome.rows_duplicate + outcome.rows_rejected, path.name
        assert not outcome.alarms, path.name
        rejected += [{"file": path.name, **reject} for reject in node.rejects(outcome)]
        rows += in_file
    assert rows == 473
    # One row of one report carries `37.120.178.9.10` as its address, which is none.
    assert [(one["file"], one["line"]) for one in rejected] == [("event4_honeypot_ddos_amp.csv", 6)]
    assert "src_ip is no address" in rejected[0]["reason"]


def compared(shared_data: Path, folder: Path) -> Iterator[tuple[str, int, str, str | None, str | None]]:
    """Report, number, field, what is expected and what we say, of every row with an expected event."""
    for path in reports(shared_data):
        expected = json.loads((path.parent.parent / "expected" / f"{path.stem}.json").read_text())["events"]
        node = Node(folder / path.stem)
        node.ingest(path)
        events = {event["raw_line"]: event for event in node.events().to_dicts()}
        for number, wanted in enumerate(expected):
            event = events[number + 2]
            for name, column in FIELDS.items():
                said = event[column]
                said = said.isoformat() if name == "time.source" else said
                pair = wanted.get(name), said
                yield path.stem, number, name, *(None if value is None else str(value) for value in pair)


def test_the_fields_agree(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted_count, right, invented = Counter[str](), Counter[str](), Counter[str]()
    different: set[tuple[str, int, str, str | None, str | None]] = set()
    rows = set()
    for report, number, name, wanted, said in compared(shared_data, tmp_path):
        rows.add((report, number))
        wanted_count[name] += wanted is not None
        right[name] += wanted is not None and wanted == said
        invented[name] += wanted is None and said is not None
        if wanted != said:
            different.add((report, number, name, wanted, said))
    with capsys.disabled():
        print("\n| field | agree | expected | invented |\n|---|---|---|---|")
        for name in FIELDS:
            if wanted_count[name] or invented[name]:
                print(f"| {name} | {right[name]} | {wanted_count[name]} | {invented[name]} |")
        print(f"| all | {right.total()} | {wanted_count.total()} | {invented.total()} |")
    assert len(rows) == 189
    assert wanted_count.total() == 2320
    assert different == EXPLAINED
    for name in WITHOUT_DIFFERENCE:
        assert right[name] == wanted_count[name], name


def test_every_class_is_one_of_rsit(shared_data: Path, tmp_path: Path) -> None:
    node = Node(tmp_path / "lake")
    for path in reports(shared_data):
        node.ingest(path)
    pairs = node.events().select("classification_taxonomy", "classification_type").unique().rows()
    assert all(rsit.class_of(kind) == taxonomy for taxonomy, kind in pairs)


def test_rsit_is_the_published_table(shared_data: Path) -> None:
    (path,) = (shared_data / "taxonomies/rsit").glob("*machinev1*.json")
    published = json.loads(path.read_text())
    table = {entry["predicate"]: {one["value"] for one in entry["entry"]} for entry in published["values"]}
    assert {name: set(kinds) for name, kinds in rsit.CLASSES.items()} == table


def test_reports_of_other_projects_tests_are_taken_in(shared_data: Path, tmp_path: Path) -> None:
    """n6's cases hold older and newer headers of sixteen reports.

    Time, address and port agree with what it expects.
    """
    node = Node(tmp_path / "lake")
    cases = sorted((shared_data / "feeds/n6-cases").glob("shadowserver.*.json"))
    checked = 0
    for number, path in enumerate(cases):
        for place, case in enumerate(json.loads(path.read_text())["cases"]):
            if not isinstance(case["input"], str) or not case["input"].startswith('"timestamp"') or case["raises"]:
                continue
            feed = tmp_path / f"2026-11-24-scan_n6case{number}x{place}-country.csv"
            feed.write_text(case["input"].rstrip("\n") + "\n")
            outcome = node.ingest(feed)
            assert outcome.rows_read == outcome.rows_stored + outcome.rows_duplicate + outcome.rows_rejected
            events = node.events().filter(raw_file=outcome.sha256).to_dicts()
            said = {(f"{one['time_source']:%Y-%m-%d %H:%M:%S}", one["source_ip"]) for one in events}
            for wanted in case["expected"]:
                assert (wanted["time"], wanted["address"][0]["ip"]) in said, path.name
                checked += 1
    assert checked > 20
