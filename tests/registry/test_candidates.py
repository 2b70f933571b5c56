"""Where to look for a holder: every network around an address, in the spelling of the registry."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.kernel.observables import parse
from pehra.registry.rules.candidates import candidates
from pehra.registry.rules.rows import prefix

V4 = st.builds(lambda n, length: IPv4Network((n >> (32 - length) << (32 - length), length)), st.integers(0, 2**32 - 1), st.integers(1, 32))  # fmt: skip  # noqa: E501
SPARSE = st.one_of(st.integers(0, 2**128 - 1), st.lists(st.integers(0, 127), max_size=6).map(lambda bs: sum(1 << b for b in set(bs))))  # fmt: skip  # noqa: E501
V6 = st.builds(lambda n, length: IPv6Network((n >> (128 - length) << (128 - length), length)), SPARSE, st.integers(1, 128))  # fmt: skip  # noqa: E501


@settings(max_examples=60, deadline=None)
@given(st.one_of(V4, V6))
def test_every_network_around_one_is_asked_for_as_it_would_be_registered(network: IPv4Network | IPv6Network) -> None:
    levels = candidates(parse(str(network))).levels
    around = [str(network.supernet(new_prefix=length)) for length in range(network.prefixlen, 0, -1)]
    assert [value for ((_, value),) in levels] == around


def test_a_prefix_of_everything_has_nothing_around_it() -> None:
    assert candidates(parse("0.0.0.0/0")).levels == ()


@settings(max_examples=100, deadline=None)
@given(st.one_of(V4, V6))
def test_the_registry_writes_a_prefix_as_it_is_asked_for(network: IPv4Network | IPv6Network) -> None:
    if not str(network).startswith("::ffff:") or network.prefixlen < 96:
        assert prefix(str(network)) == str(network) == str(ip_network(prefix(network.exploded)))
