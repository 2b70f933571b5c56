"""Rows in a country's real space find their operator and, by law, their team with the reason."""

import json
from ipaddress import ip_address, ip_network
from itertools import cycle

import pytest

from pehra.node import engine
from pehra.registry import api as registry
from pehra.telemetry import api as telemetry
from tests.road.national_space import operators, rewritten, write_registry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nation(shared_data, tmp_path, machine, at):
    """The shared prefix table, registered."""
    found = operators(shared_data)
    registry.load_profile(by=machine, at=at)
    organisations, assets = write_registry(found, tmp_path)
    for path, kind in ((organisations, "organisations"), (assets, "assets")):
        summary = registry.import_csv(path=path, kind=kind, by=machine, at=at)
        assert not summary.rejected
    return found


def most_specific(found):
    """The operator of one address of each prefix, found without intervals: the longest prefix that holds it."""
    networks = {ip_network(one.prefix): one.code for one in found}
    truth = {}
    for one in found:
        address = ip_address(one.an_address)
        lengths = range(address.max_prefixlen, 0, -1)
        holding = (networks.get(ip_network((address, length), strict=False)) for length in lengths)
        truth[one.an_address] = next(code for code in holding if code)
    return truth


def test_every_operator_prefix_answers_who(nation, machine, at):
    truth = most_specific(nation)
    answers = registry.who(observables=list(truth), on=at.date(), by=machine)
    for answer in (answer.as_json() for answer in answers):
        assert answer["organisation"] == truth[answer["observable"]]
        lead = next(team for team in answer["teams"] if team["role"] == "lead")
        assert lead["team"] == "ntcert"
        assert all(lead["because"][key] for key in ("rule", "citation", "status"))


def test_reports_rewritten_into_national_space_find_operator_and_team(nation, shared_data, tmp_path, machine, at):
    truth = most_specific(nation)
    addresses = cycle([address for address in truth if ":" not in address])
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    expected = set()
    for report in sorted((shared_data / "feeds" / "shadowserver" / "reports").glob("*.csv")):
        content, used = rewritten(report, addresses)
        if used:
            (feeds / report.name).write_bytes(content)
            expected.update((report.stem, address) for address in used)
    summary = engine.ingest([feeds], source="shadowserver", format=None, by=machine, at=at)
    assert not summary.failures
    rows = telemetry.query(
        "select source_ip, destination_ip, concerns, organisation, lead_team, because, feed_code from events",
        by=machine,
    )
    reached = set()
    for row in rows:
        address = row[f"{row['concerns']}_ip"]
        other = row["destination_ip"] if row["concerns"] == "source" else row["source_ip"]
        ours = address if address in truth else other
        if ours not in truth:
            continue
        assert row["organisation"] == truth[ours], row
        assert row["lead_team"] == "ntcert", row
        assert json.loads(row["because"]), row
        reached.add(ours)
    assert reached == {address for _report, address in expected}
