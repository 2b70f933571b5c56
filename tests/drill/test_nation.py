"""A synthetic nation is repeatable, whole, and made of reserved space only."""

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.drill.rules.addresses import NATIONAL_SPACE
from pehra.drill.rules.attacks import stage_attacks
from pehra.drill.rules.nation import Country, make_nation
from pehra.kernel.refusals import Invalid

COUNTRY = Country(
    sectors=("telecom", "banking-finance", "power", "government", "health", "academia"),
    territories=("north", "south"),
    critical_class="cii",
    public_class="public-body",
    licensee_class="licensee",
    private_class="private",
)


def test_the_same_seed_gives_the_same_nation():
    assert make_nation(COUNTRY, seed=3, organisations=200) == make_nation(COUNTRY, seed=3, organisations=200)
    assert make_nation(COUNTRY, seed=3, organisations=200) != make_nation(COUNTRY, seed=4, organisations=200)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), organisations=st.integers(6, 300))
def test_every_row_stands_on_another_and_on_reserved_space(seed, organisations):
    nation = make_nation(COUNTRY, seed=seed, organisations=organisations)
    known = {row.organisation for row in nation.organisations}
    assert len(known) == organisations
    assert {row.sector for row in nation.organisations} == set(COUNTRY.sectors)
    assert all(row.parent in known or not row.parent for row in nation.organisations)
    assert all(contact.organisation in known for contact in nation.contacts)
    reserved = [ip_network(text) for text in NATIONAL_SPACE]
    for asset in nation.assets:
        assert asset.organisation in known or (not asset.organisation and asset.value in NATIONAL_SPACE)
        if asset.type == "prefix":
            network = ip_network(asset.value)
            assert any(network.version == space.version and network.subnet_of(space) for space in reserved)
        elif asset.type != "asn":
            assert ".example" in asset.value


def test_no_asset_and_no_name_is_dealt_twice():
    nation = make_nation(COUNTRY, seed=5, organisations=3_000, assets=30_000)
    values = [(asset.type, asset.value) for asset in nation.assets]
    assert len(values) == len(set(values)) >= 30_000
    names = [row.name for row in nation.organisations]
    assert len(names) == len(set(names))


def test_attacks_hit_whom_the_law_has_rules_for():
    nation = make_nation(COUNTRY, seed=7, organisations=400)
    staged = stage_attacks(nation, COUNTRY)
    operators = [infection.operator for infection in staged.infections]
    assert len(operators) >= 3
    assert all("cii" in operator.classes.split(";") for operator in operators)
    assert len({operator.sector for operator in operators}) == len(operators)
    assert "public-body" in staged.public.classes.split(";")
    assert len(set(staged.broken_into)) == 60
    infected = {host for infection in staged.infections for host in infection.hosts}
    assert not set(staged.broken_into) & infected


def test_a_nation_too_small_for_the_attacks_says_so():
    with pytest.raises(Invalid, match="too small"):
        stage_attacks(make_nation(COUNTRY, seed=7, organisations=2), COUNTRY)
