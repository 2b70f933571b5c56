"""Reserved address space, dealt out to a synthetic nation.

Every block comes from a range that the Internet's registries keep for tests and documentation, so that no sample can
accuse a real network.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain

NATIONAL_SPACE: tuple[str, ...] = ("198.18.0.0/15", "100.64.0.0/10", "2001:db8::/32")
OPERATOR_SPACE = IPv4Network("100.64.0.0/11")
OPERATORS_MAX = 8
ABROAD: tuple[IPv4Network, ...] = tuple(
    IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
PRIVATE_ASN_FIRST = 4_200_000_000  # RFC 6996
DOCUMENTATION_ASN = 64_496  # RFC 5398; no organisation of a nation has it, so that feeds are attributed by address


def operator_blocks() -> list[IPv4Network]:
    """Return the large blocks that network operators get; what is left of the range has no owner."""
    return list(OPERATOR_SPACE.subnets(new_prefix=14))


def organisation_blocks() -> Iterator[IPv4Network]:
    """Deal the /28 blocks of organisations: first their own range, then inside the operators' blocks."""
    return chain(
        IPv4Network("198.18.0.0/15").subnets(new_prefix=28), IPv4Network("100.64.0.0/10").subnets(new_prefix=28)
    )


def organisation_blocks_v6() -> Iterator[IPv6Network]:
    """Deal the /48 blocks of organisations, then /64 blocks when those run out."""
    whole = ip_network("2001:db8::/32")
    assert isinstance(whole, IPv6Network)
    lower, upper = whole.subnets(prefixlen_diff=1)
    return chain(lower.subnets(new_prefix=48), upper.subnets(new_prefix=64))
