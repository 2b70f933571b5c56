"""The column snapshot says what asking one by one says, on every day."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pehra.kernel.actors import Actor
from pehra.registry import api
from pehra.registry.api import Attribution, ImportSummary

TODAY = date(2026, 11, 24)
FIRST = date(2026, 1, 1)
TakeIn = Callable[..., ImportSummary]


def found(snapshot: Attribution, asked: list[str]) -> list[str]:
    """The asset of each address or name, by columns; empty for nobody's."""
    texts = pl.Series(asked, dtype=pl.String)
    v4, is_v4 = api.parse_v4(texts)
    high, low, is_v6 = api.parse_v6(texts)
    rows = np.where(is_v4, snapshot.find_v4(v4), np.where(is_v6, snapshot.find_v6(high, low), -1))
    rows = np.where(is_v4 | is_v6, rows, snapshot.find_domains(texts))
    return ["" if row < 0 else snapshot.owners["asset"][int(row)] for row in rows]


def test_a_row_says_whose_it_is_and_who_answers(nation: None) -> None:
    snapshot = api.attribution(on=TODAY)
    (row,) = snapshot.find_v4(np.array([int(IPv4Address("198.18.200.1"))], np.uint32))
    owner = snapshot.owners.row(int(row), named=True)
    assert (owner["asset"], owner["organisation"], owner["organisation_name"]) == (
        "prefix:198.18.0.0/16",
        "op-1",
        "Saffron Telecom",
    )
    assert (owner["sector"], owner["territory"], owner["classes"]) == ("telecom", "punjab", ["licensee", "private"])
    assert (owner["lead_team"], owner["teams"]) == ("ntcert", ["ntcert", "pkcert"])
    assert [reason["team"] for reason in pl.Series([owner["because"]]).str.json_decode(
        pl.List(pl.Struct({"team": pl.String, "rule": pl.String}))
    )[0]] == ["ntcert", "pkcert"]  # fmt: skip


def test_unowned_space_and_space_that_is_not_ours(nation: None) -> None:
    snapshot = api.attribution(on=TODAY)
    rows = snapshot.find_v4(np.array([int(IPv4Address("198.19.0.1")), int(IPv4Address("8.8.8.8"))], np.uint32))
    owner = snapshot.owners.row(int(rows[0]), named=True)
    assert (owner["organisation"], owner["classes"], owner["lead_team"]) == ("", None, "ntcert")
    assert set(owner["teams"]) == {"ntcert", "pkcert"}
    assert rows[1] == -1


def test_as_numbers(nation: None) -> None:
    snapshot = api.attribution(on=TODAY)
    rows = snapshot.find_asn(np.array([64500, 1, 64501], np.int64))
    assert rows.tolist()[1:] == [-1, -1]
    assert snapshot.owners["organisation"][int(rows[0])] == "op-1"


def test_an_empty_registry(profile: None) -> None:
    snapshot = api.attribution(on=TODAY)
    assert found(snapshot, ["198.18.0.1", "2001:db8::1", "roads.example"]) == ["", "", ""]
    assert found(snapshot, ["roads.gov.pk"]) == ["domain:pk"]
    assert snapshot.find_asn(np.array([1], np.int64)).tolist() == [-1]


def test_the_snapshot_is_shared_until_the_registry_changes(nation: None, take_in: TakeIn) -> None:
    before = api.attribution(on=TODAY)
    assert api.attribution(on=TODAY) is before
    assert api.attribution(on=TODAY + timedelta(days=1)) is not before
    take_in("assets", "type,value,organisation\nprefix,203.0.113.0/24,op-2\n")
    after = api.attribution(on=TODAY)
    assert after is not before
    assert (found(before, ["203.0.113.1"]), found(after, ["203.0.113.1"])) == ([""], ["prefix:203.0.113.0/24"])


DAYS = st.one_of(st.none(), st.integers(0, 9).map(lambda day: FIRST + timedelta(days=day)))
V4 = st.builds(
    lambda number, length: f"{IPv4Address((0xC6120000 + number) >> (32 - length) << (32 - length))}/{length}",
    st.integers(0, 1023),
    st.integers(22, 32),
)
V6 = st.builds(
    lambda number, length: f"{IPv6Address(((0x20010DB8 << 96) + number) >> (128 - length) << (128 - length))}/{length}",
    st.integers(0, 255),
    st.integers(118, 128),
)
NAME = st.lists(st.sampled_from(["a", "b", "www", "x"]), min_size=0, max_size=3).map(
    lambda ls: ".".join([*ls, "org.example"])
)
ASSET = st.one_of(
    V4.map(lambda value: ("prefix", value)),
    V6.map(lambda value: ("prefix", value)),
    st.integers(0, 1023).map(lambda number: ("host", str(IPv4Address(0xC6120000 + number)))),
    NAME.map(lambda value: ("domain", value)),
    NAME.map(lambda value: ("host", value)),
    NAME.map(lambda value: ("service", f"https://{value}/pay")),
)
LINES = st.lists(st.tuples(ASSET, st.sampled_from(["", "op-1", "gov-1"]), DAYS, DAYS), min_size=1, max_size=30)


def test_columns_and_one_by_one_agree(nation: None, take_in: TakeIn, machine: Actor, at: datetime) -> None:
    from django.db import transaction

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(LINES, st.integers(-1, 10))
    def agree(lines: list[tuple[tuple[str, str], str, date | None, date | None]], day: int) -> None:
        on = FIRST + timedelta(days=day)
        rows = [f"{kind},{value},{org},{first or ''},{last or ''}" for (kind, value), org, first, last in lines]
        with transaction.atomic():
            take_in("assets", "\n".join(["type,value,organisation,valid_from,valid_to", *rows]))
            asked = [str(IPv4Address(0xC6120000 + number)) for number in range(0, 1024, 5)]
            asked += [str(IPv6Address((0x20010DB8 << 96) + number)) for number in range(0, 256, 3)]
            asked += [f"{sub}org.example" for sub in ("", "a.", "b.a.", "www.", "x.www.", "www.x.b.", "a.b.x.www.")]
            one_by_one = api.who(observables=asked, on=on, by=machine)
            assert found(api.attribution(on=on), asked) == [answer.asset for answer in one_by_one]
            transaction.set_rollback(True)

    agree()
