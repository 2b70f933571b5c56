"""What must hold of any feed.

Two engines agree, nothing is lost, the same again is nothing new in whatever wrapping.
"""

import csv
import gzip
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.telemetry.ground import AT, BOOK, NAME, Node, report, telnet
from tests.telemetry.naive import HEADERS, Naive, rows_of

# Texts that feeds hold and parsers stumble over; NUL and line breaks have tests of their own.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\x1f\x1e\x7f"), max_size=12)
MOMENT = st.one_of(
    st.datetimes(min_value=AT.replace(tzinfo=None, year=2025), max_value=AT.replace(tzinfo=None)).map(
        lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}"
    ),
    st.sampled_from(["", "never", "2026-13-01 00:00:00", "2099-01-01 00:00:00", "1970-01-01 00:00:00"]),
)
ADDRESS = st.one_of(
    st.ip_addresses(v=4, network="198.18.0.0/15").map(str),
    st.ip_addresses(v=6, network="2001:db8::/32").map(str),
    st.sampled_from(["", "203.0.113.5", "198.18.07.1", "198.18.7", "2001:DB8::1", "2001:db8:0:0::1", "tcp", "::"]),
)
ROW = st.fixed_dictionaries(
    {
        "timestamp": MOMENT,
        "ip": ADDRESS,
        "protocol": st.sampled_from(["tcp", "UDP", "icmp", "", "sctp"]),
        "port": st.one_of(st.integers(0, 70_000).map(str), st.sampled_from(["", "x", "-1", "1e3"])),
        "hostname": st.sampled_from(
            ["", "localhost", "pc.Hospital.example.", "bank.example", "notbank.example", "a.b.isp.example"]
        ),
        "tag": TEXT,
        "asn": st.sampled_from(["", "0", "64500", "64496", "4294967295", "4294967296", "AS1"]),
        "geo": st.sampled_from(["PK", ""]),
        "region": TEXT,
        "city": TEXT,
        "banner": TEXT,
    }
)
FEED = st.lists(ROW, min_size=1, max_size=25).flatmap(
    lambda rows: st.lists(st.sampled_from(rows), max_size=5).map(lambda again: rows + again)
)


def as_text(rows: list[dict[str, str]], *, quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADERS, quoting=quoting, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def said(node: Node) -> list[dict[str, object]]:
    """The events of a lake in the words of the naive engine."""
    events = []
    for event in node.events().to_dicts() if node.outcomes and node.outcomes[0].files else []:
        names = [
            "time_source",
            "source_ip",
            "source_port",
            "source_asn",
            "source_cc",
            "source_region",
            "source_city",
            "source_reverse_dns",
            "protocol_transport",
            "asset",
        ]
        extra = event["extra"] and json.dumps(json.loads(event["extra"]), sort_keys=True)
        events.append({**{name: event[name] for name in names}, "extra": extra})
    return rows_of(events)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FEED)
@example([dict.fromkeys(HEADERS, "") | {"timestamp": "2026-11-23 00:00:00", "tag": "a\x1fb", "banner": "c"}])
def test_two_engines_agree_and_no_row_is_lost(rows: list[dict[str, str]]) -> None:
    text = as_text(rows)
    naive = Naive(BOOK, AT)
    naive.take(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(text, newline="")
        node = Node(Path(folder) / "lake", book=BOOK)
        outcome = node.ingest(path)
        assert (outcome.rows_read, outcome.rows_duplicate, outcome.rows_rejected) == (
            naive.read,
            naive.duplicate,
            naive.rejected,
        )
        assert outcome.rows_read == outcome.rows_stored + outcome.rows_duplicate + outcome.rows_rejected
        assert len(node.rejects(outcome)) == outcome.rows_rejected
        assert said(node) == rows_of(naive.events.values())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FEED, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_and_quoting_make_no_new_event(
    rows: list[dict[str, str]], order: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder) / "lake", book=BOOK)
        path = Path(folder) / NAME
        path.write_text(as_text(rows), newline="")
        first = node.ingest(path)
        shuffled, headers = order.sample(rows, len(rows)), order.sample(HEADERS, len(HEADERS))
        out = io.StringIO()
        writer = csv.DictWriter(out, headers, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(shuffled)
        other = Path(folder) / "2026-11-25-scan_telnet-again.csv"
        other.write_text(out.getvalue(), newline="")
        second = node.ingest(other)
    assert second.rows_stored == 0
    assert second.rows_rejected == first.rows_rejected
    assert second.rows_duplicate == first.rows_stored + first.rows_duplicate


def _zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some/folder/renamed.csv", content)
    return out.getvalue()


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "copy.csv": bytes,
    "renamed.csv.gz": gzip.compress,
    "2026-12-01-scan_telnet-x.csv.zip": _zipped,
    "data.zst": zstandard.ZstdCompressor().compress,
    "two members.gz": lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]) + b"\0" * 512,
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_another_name_order_and_compression_store_nothing(name: str, tmp_path: Path) -> None:
    node = Node(tmp_path / "lake")
    path = tmp_path / NAME
    rows = [telnet(number) for number in range(300)]
    path.write_bytes(report(rows))
    assert node.ingest(path).rows_stored == 300
    other = tmp_path / name
    other.write_bytes(WRAPPINGS[name](report(rows[::-1])))
    again = node.ingest(other)
    assert (again.rows_read, again.rows_stored, again.rows_duplicate) == (300, 0, 300)
    assert len(again.sightings) == 0
    assert not again.alarms


def test_a_file_without_a_telling_name_is_the_report_whose_rows_it_holds(tmp_path: Path) -> None:
    node = Node(tmp_path / "lake")
    for kind, first in (("scan_telnet", 0), ("scan_ftp", 1_000)):
        path = tmp_path / f"2026-11-24-{kind}-x.csv"
        path.write_bytes(report([telnet(number) for number in range(first, first + 50)]))
        assert node.ingest(path).rows_stored == 50
    nameless = tmp_path / "attachment"
    nameless.write_bytes(report([telnet(number) for number in range(1_049, 999, -1)]))
    again = node.ingest(nameless)
    assert (again.rows_stored, again.texts[0].report) == (0, "scan_ftp")


def test_the_same_row_of_another_report_is_another_event(tmp_path: Path) -> None:
    """A row that came as `scan_telnet` and comes as `scan_telnet_brute_force` tells of another problem."""
    node = Node(tmp_path / "lake")
    for kind, ending in (("scan_telnet", b""), ("scan_telnet_brute_force", b"\n")):
        path = tmp_path / f"2026-11-24-{kind}-x.csv"
        path.write_bytes(report([telnet(1)]) + ending)  # other bytes: the very same ones are never read twice
        assert node.ingest(path).rows_stored == 1
    assert node.events()["event_key_high"].n_unique() == 2


def test_another_node_has_other_keys(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(report([telnet(1)]))
    keys = []
    for seed in (b"one", b"two"):
        node = Node(tmp_path / seed.decode(), seed=seed)
        node.ingest(path)
        keys.append(node.events()["event_key_high"][0])
    assert keys[0] != keys[1]


def test_many_batches_are_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pehra.telemetry.gateways import csv_rows

    path = tmp_path / NAME
    rows = [telnet(number % 900) for number in range(1_000)]
    random.Random(3).shuffle(rows)
    path.write_bytes(report(rows))
    whole = Node(tmp_path / "whole")
    expected = whole.ingest(path)
    monkeypatch.setattr(csv_rows, "BATCH_ROWS", 37)
    parts = Node(tmp_path / "parts")
    found = parts.ingest(path)
    assert len(found.files) > 1
    names = ("rows_read", "rows_stored", "rows_duplicate", "attributed", "matched")
    assert [getattr(found, name) for name in names] == [getattr(expected, name) for name in names]
    assert parts.events().sort("raw_line").equals(whole.events().sort("raw_line"))
    columns = [name for name in expected.sightings.columns if name != "evidence"]
    assert found.sightings.select(columns).sort("subject").equals(expected.sightings.select(columns).sort("subject"))
