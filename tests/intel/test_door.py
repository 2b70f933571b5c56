"""The door of intel: bundles and lists in, match sets out, sightings back; the same again changes nothing."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import transaction

from pehra.intel import api
from pehra.intel.models import Indicator, Sighting
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import parse
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.registry.api import parse_v4

pytestmark = pytest.mark.django_db


def indicator(number: int, pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
        "created": "2026-11-01T00:00:00Z",
        "modified": "2026-11-01T00:00:00Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2026-11-01T00:00:00Z",
        **more,
    }


def bundle(path: Path, *objects: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--x", "objects": objects}))
    return path


def matches(address: str, *, on: datetime) -> list[str]:
    sets = api.match_sets(on=on)
    words, _ = parse_v4(pl.Series([address]).to_arrow())
    (row,) = sets.find_v4(words)
    return sets.ids[int(row)].to_list() if row >= 0 else []


def test_a_bundle_is_taken_in(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = bundle(
        tmp_path / "bundle.json",
        indicator(1, "[ipv4-addr:value = '198.51.100.1']", confidence=80),
        indicator(2, "[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']"),
        indicator(3, "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"),
        indicator(4, "rule x { condition: true }", pattern_type="yara"),
        indicator(5, "[ipv4-addr:value = '198.51.100.5'", pattern_type="stix"),
        indicator(
            6,
            "[ipv4-addr:value = '198.51.100.6']",
            object_marking_refs=["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"],
        ),
        indicator(7, "[ipv4-addr:value = '198.51.100.7']", confidence=500),
        {"type": "malware", "id": "malware--1", "name": "x"},
    )
    summary = api.import_indicators(path=path, source="peer", by=machine, at=at)
    assert (summary.format, summary.read, summary.created) == ("stix", 8, 6)
    assert (summary.matchable, summary.not_matchable) == (4, 2)
    assert [reject.line for reject in summary.rejected] == [5, 7]
    assert Indicator.objects.get(value="198.51.100.6").tlp == Tlp.RED
    assert Indicator.objects.get(value="198.51.100.1").tlp == Tlp.AMBER
    assert matches("198.51.100.1", on=at)
    again = api.import_indicators(path=path, source="peer", by=machine, at=at + timedelta(hours=1))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 6)
    assert Indicator.objects.count() == 6
    events = [entry.event for entry in ledger.history(subject="peer", by=machine)]
    assert events == ["intel.indicators.imported"] * 2


def test_a_plain_list_is_taken_in(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        "# a list of today\n"
        "198[.]51[.]100[.]1\n"
        "198.51.100.2   # seen twice\n"
        "\n"
        "198.51.100.0/28\n"
        "hxxp://evil[.]example/load\n"
        "Evil.Example\n"
        "evil.example\n"
        "2001:DB8::1\n"
        "198.51.100.300\n"
        "d41d8cd98f00b204e9800998ecf8427e\n"
        "; another comment\n"
    )
    summary = api.import_indicators(path=path, source="list", by=machine, at=at, tlp=Tlp.GREEN)
    assert (summary.created, summary.matchable, summary.not_matchable) == (7, 6, 1)
    assert [reject.line for reject in summary.rejected] == [10]
    kept = set(Indicator.objects.values_list("type", "value", "tlp"))
    assert ("url", "http://evil.example/load", "TLP:GREEN") in kept
    assert ("domain", "evil.example", "TLP:GREEN") in kept
    assert ("md5", "d41d8cd98f00b204e9800998ecf8427e", "TLP:GREEN") in kept
    assert matches("198.51.100.9", on=at)
    assert not matches("198.51.100.99", on=at)


def test_validity_begins_and_ends(tmp_path: Path, machine: Actor, at: datetime) -> None:
    begins, ends = at + timedelta(days=1), at + timedelta(days=2)
    one = indicator(
        1, "[ipv4-addr:value = '198.51.100.1']", valid_from=begins.isoformat(), valid_until=ends.isoformat()
    )
    api.import_indicators(path=bundle(tmp_path / "b.json", one), source="peer", by=machine, at=at)
    second = timedelta(seconds=1)
    seen = [bool(matches("198.51.100.1", on=moment)) for moment in (at, begins - second, begins, ends - second, ends)]
    assert seen == [False, False, True, True, False]
    assert not matches("198.51.100.1", on=at)


def test_a_revoked_indicator_matches_no_more(tmp_path: Path, machine: Actor, at: datetime) -> None:
    one = indicator(1, "[ipv4-addr:value = '198.51.100.1']")
    path = bundle(tmp_path / "b.json", one)
    api.import_indicators(path=path, source="peer", by=machine, at=at)
    assert matches("198.51.100.1", on=at)
    later = at + timedelta(hours=1)
    summary = api.import_indicators(path=bundle(path, {**one, "revoked": True}), source="peer", by=machine, at=later)
    assert (summary.created, summary.updated) == (0, 1)
    assert not matches("198.51.100.1", on=later)


def test_two_sources_stand_side_by_side(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = tmp_path / "list.txt"
    path.write_text("198.51.100.1\n")
    for source in ("one", "two"):
        api.import_indicators(path=path, source=source, by=machine, at=at)
    assert len(matches("198.51.100.1", on=at)) == 2


def test_sightings_are_counted_once_an_input(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = tmp_path / "list.txt"
    path.write_text("198.51.100.1\n")
    api.import_indicators(path=path, source="list", by=machine, at=at)
    (known,) = matches("198.51.100.1", on=at)
    seen = pl.DataFrame(
        {"indicator": [known], "input": ["a" * 64], "times": [3], "first_seen": [at], "last_seen": [at]}
    )
    for expected in (1, 0):
        with transaction.atomic():
            assert api.record_sightings(sightings=seen, by=machine, at=at) == expected
    assert Sighting.objects.get().times == 3
    (view,) = api.indicators(by=machine, at=at)
    assert (view.times, view.last_seen) == (3, at)


def test_what_is_no_indicator_is_refused(tmp_path: Path, machine: Actor, foreign_peer: Actor, at: datetime) -> None:
    path = tmp_path / "x"
    for content, message in (
        (b"", "empty"),
        (b"{}", "no STIX bundle"),
        (b'{"type":"report"}', "no STIX bundle"),
        (b'{"type":"bundle","objects":[', "no STIX bundle"),
        (b"\0\1\2", "neither"),
        (b"Dear sir,\nplease block this\n", "none of the"),
    ):
        path.write_bytes(content)
        with pytest.raises(Invalid, match=message):
            api.import_indicators(path=path, source="x", by=machine, at=at)
    path.write_text("198.51.100.1\n")
    with pytest.raises(Invalid):
        api.import_indicators(path=path, source=" ", by=machine, at=at)
    with pytest.raises(Forbidden):
        api.import_indicators(path=path, source="x", by=foreign_peer, at=at)
    assert not Indicator.objects.exists()
    assert api.indicators(by=foreign_peer, at=at) == []


def test_a_hundred_thousand_take_seconds(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = tmp_path / "many.txt"
    path.write_text(
        "".join(f"198.{18 + number // 65_536}.{number // 256 % 256}.{number % 256}\n" for number in range(100_000))
    )
    began = time.process_time()
    summary = api.import_indicators(path=path, source="many", by=machine, at=at)
    sets = api.match_sets(on=at)
    assert (summary.created, len(sets)) == (100_000, 100_000)
    assert time.process_time() - began < 10


def test_shared_bundles_are_read(shared_data: Path, tmp_path: Path, machine: Actor, at: datetime) -> None:
    """Valid examples of STIX 2.1: every indicator of theirs is kept, matchable or not."""
    paths = [path for path in sorted((shared_data / "cti/stix21").rglob("*.json")) if "invalid" not in str(path)]
    kept = 0
    for path in paths[:40]:
        try:
            content = json.loads(path.read_text())
        except ValueError:
            continue
        objects = content if isinstance(content, list) else content.get("objects", [])
        if not isinstance(objects, list) or not any(
            isinstance(one, dict) and one.get("type") == "indicator" for one in objects
        ):
            continue
        summary = api.import_indicators(path=path, source=path.stem, by=machine, at=at)
        assert summary.matchable + summary.not_matchable + len(summary.rejected) >= 1
        kept += summary.created
    assert kept > 0


def test_a_bundle_nested_beyond_reading_is_refused(tmp_path: Path, machine: Actor, at: datetime) -> None:
    path = tmp_path / "b.json"
    path.write_text("[" * 100_000)
    with pytest.raises(Invalid, match="no STIX bundle"):
        api.import_indicators(path=path, source="peer", by=machine, at=at)


def looked_up(by: Actor, at: datetime, *texts: str) -> dict[str, tuple[str, ...]]:
    found = api.known(observables=[parse(text) for text in texts], by=by, at=at)
    return {one.value: (known.value, *known.sources) for one, known in found.items()}


def test_an_observable_is_known_by_itself_its_parents_its_host_and_its_nets(
    tmp_path: Path, analyst: Actor, at: datetime
) -> None:
    file = tmp_path / "list.txt"
    file.write_text(
        "evil.example\n198.51.100.0/24\n203.0.113.7\nhttp://b.example/x\nd41d8cd98f00b204e9800998ecf8427e\n"
    )
    api.import_indicators(path=file, source="ours", by=analyst, at=at)
    texts = (
        "http://a.evil.example/x",
        "who@evil.example",
        "198.51.100.9",
        "203.0.113.7",
        "203.0.113.8",
        "http://b.example/x",
        "http://b.example/y",
        "D41D8CD98F00B204E9800998ECF8427E",
    )
    assert looked_up(analyst, at, *texts) == {
        "http://a.evil.example/x": ("evil.example", "ours"),
        "who@evil.example": ("evil.example", "ours"),
        "198.51.100.9": ("198.51.100.0/24", "ours"),
        "203.0.113.7": ("203.0.113.7", "ours"),
        "http://b.example/x": ("http://b.example/x", "ours"),
        "d41d8cd98f00b204e9800998ecf8427e": ("d41d8cd98f00b204e9800998ecf8427e", "ours"),
    }
    assert looked_up(analyst, at - timedelta(days=1), "203.0.113.7") == {}


def test_who_may_not_read_intelligence_learns_nothing_of_an_observable(
    tmp_path: Path, analyst: Actor, stranger: Actor, at: datetime
) -> None:
    file = tmp_path / "list.txt"
    file.write_text("203.0.113.7\n")
    api.import_indicators(path=file, source="ours", by=analyst, at=at)
    assert looked_up(analyst, at, "203.0.113.7")
    assert looked_up(stranger, at, "203.0.113.7") == {}
