"""How many passwords may be tried, by whom: numbers, and from how far away two tries are one place.

A known device is a browser in which this very account came in by two factors. It has a bucket of its own, so that
nothing a stranger does reaches it. Strangers share one bucket an account, which slows them down and never ends.
"""

import ipaddress
from datetime import timedelta

WINDOW = timedelta(minutes=15)
DEVICE_MAX = 10  # a known device against its own account
HERE_MAX = 5  # one network against one account
NETWORK_MAX = 30  # one network against all accounts together
STRANGERS_MAX = 20  # all networks against one account; from then on one try at a time
SLOWED_TO = timedelta(seconds=30)
IPV6_PREFIX = 64  # what one household or office holds


def network_of(address: str) -> str:
    """Return the network that an address counts as: itself, or of IPv6 the first 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False).network_address)
    return str(found)
