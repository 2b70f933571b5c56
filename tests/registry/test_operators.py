"""The country's real address space: each operator's prefix finds its operator and, by law, its teams."""

import csv
import gzip
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pehra.kernel.actors import Actor
from pehra.registry import api
from pehra.registry.api import Standing
from tests.registry.operators import OperatorPrefix, operator_code, operator_prefixes, write_registry


@pytest.fixture
def operators(profile: None, shared_data: Path, tmp_path: Path, machine: Actor, at: datetime) -> list[OperatorPrefix]:
    """The shared prefixes, registered."""
    prefixes = operator_prefixes(shared_data)
    for kind, path in write_registry(prefixes, tmp_path).items():
        summary = api.import_csv(path=path, kind=kind, by=machine, at=at)
        assert not summary.rejected
        assert summary.created == summary.read
    return prefixes


def test_one_address_of_each_operator_prefix(operators: list[OperatorPrefix], machine: Actor, at: datetime) -> None:
    asked = [str(ip_network(row.prefix)[-1]) for row in operators]
    nested = {
        ip_network(row.prefix)[-1]: row for row in sorted(operators, key=lambda row: ip_network(row.prefix).prefixlen)
    }
    answers = api.who(observables=asked, on=at.date(), by=machine)
    assert len(answers) > 4_000
    for address, answer in zip(asked, answers, strict=True):
        row = nested[ip_network(address)[0]]  # of prefixes that end together, the longest
        assert (answer.asset, answer.organisation) == (f"prefix:{row.prefix}", row.organisation)
        assert answer.standing is (Standing.OWNED if row.organisation else Standing.UNOWNED)
        roles = [(role.team, role.role) for role in answer.teams]
        assert roles == [("ntcert", "lead"), ("pkcert", "inform" if row.organisation else "coordinate")]
        assert all(role.because["rule"] and role.because["citation"] for role in answer.teams)


def test_a_real_feed_is_attributed_as_known(operators: list[OperatorPrefix], shared_data: Path, at: datetime) -> None:
    folder = shared_data / "feeds/ipsum"
    with gzip.open(folder / "expected-pk-attribution.csv.gz", "rt", encoding="utf-8", newline="") as opened:
        expected = {
            row["ip"]: (f"prefix:{row['prefix']}", operator_code(row["as_org"])) for row in csv.DictReader(opened)
        }
    with gzip.open(folder / "ipsum-sample.txt.gz", "rt", encoding="utf-8") as opened:
        listed = [line.split("\t")[0] for line in opened if line.strip() and not line.startswith("#")]
    snapshot = api.attribution(on=at.date())
    numbers, good = api.parse_v4(pl.Series(listed))
    assert good.all()
    rows = snapshot.find_v4(numbers)
    ours = snapshot.owners[rows[rows >= 0]]
    found = dict(zip(np.array(listed)[rows >= 0], zip(ours["asset"], ours["organisation"], strict=True), strict=True))
    assert len(expected) == 1_458
    assert found == expected


def test_garbage_among_addresses_is_answered_in_place(
    operators: list[OperatorPrefix], machine: Actor, at: datetime
) -> None:
    asked = [row.prefix.split("/")[0] if n % 2 else f"junk {n}" for n, row in enumerate(operators[:1_500])]
    answers = api.who(observables=asked, on=at.date(), by=machine)
    assert [bool(answer.error) for answer in answers] == [n % 2 == 0 for n in range(1_500)]
