"""A feed's expected counts are those of the rows that were written."""

import csv
import io
import json
from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from pehra.drill.rules import addresses, formats
from pehra.drill.rules.feed import REPORTS, make_feed
from pehra.kernel.refusals import Invalid

PREFIXES = ("198.18.0.0/28", "198.18.4.0/24", "100.64.0.0/14", "2001:db8::/48")
DAY = date(2026, 11, 3)


def usable(row, address):
    try:
        ip_address(row[address])
    except ValueError:
        return False
    return row["timestamp"].startswith("2026-11-03 ")


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_naive_reader_counts_what_was_promised(name):
    kind = REPORTS[name]
    made = make_feed(kind=kind, prefixes=PREFIXES, seed=9, rows=4_000, day=DAY)
    rows = list(csv.DictReader(io.StringIO(formats.shadowserver(made.rows, kind).decode())))
    address = "src_ip" if kind.two_sided else "ip"
    good = [tuple(row.items()) for row in rows if usable(row, address)]
    ours = {
        row
        for row in good
        if any(ip_address(dict(row)[address]) in ip_network(prefix) for prefix in PREFIXES if ":" not in prefix)
    }
    expected = made.expected
    assert (len(rows), len(rows) - len(good)) == (expected.rows, expected.bad) == (4_000, 20)
    assert (len(set(good)), len(good) - len(set(good))) == (expected.distinct, expected.duplicates)
    assert (len(ours), expected.distinct - len(ours)) == (expected.ours, expected.abroad)
    assert expected.duplicates >= 800
    assert expected.abroad > 0


@pytest.mark.parametrize("form", ["intelmq", "eve"])
def test_json_lines_are_whole(form):
    kind = REPORTS["event4_sinkhole"]
    made = make_feed(kind=kind, prefixes=PREFIXES, seed=9, rows=500, day=DAY)
    lines = formats.WRITERS[form](made.rows, kind).decode().splitlines()
    assert len([json.loads(line) for line in lines]) == 500


def test_the_same_seed_gives_the_same_feed():
    kind = REPORTS["scan_rdp"]
    first = make_feed(kind=kind, prefixes=PREFIXES, seed=1, rows=300, day=DAY)
    assert first.rows.equals(make_feed(kind=kind, prefixes=PREFIXES, seed=1, rows=300, day=DAY).rows)
    assert not first.rows.equals(make_feed(kind=kind, prefixes=PREFIXES, seed=2, rows=300, day=DAY).rows)


@pytest.mark.parametrize(("rows", "prefixes"), [(0, PREFIXES), (10, ("2001:db8::/48",)), (10, ())])
def test_a_feed_of_nothing_is_refused(rows, prefixes):
    with pytest.raises(Invalid):
        make_feed(kind=REPORTS["scan_rdp"], prefixes=prefixes, seed=1, rows=rows, day=DAY)


def test_no_row_names_a_network_that_an_organisation_holds():
    kind = REPORTS["event4_sinkhole"]
    rows = make_feed(kind=kind, prefixes=PREFIXES, seed=9, rows=500, day=DAY).rows
    held = {f"{addresses.PRIVATE_ASN_FIRST + number}" for number in range(100)}
    assert not held & set(rows["src_asn"].to_list())
