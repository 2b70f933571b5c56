"""Under which other values an observable is known too: a name by its parents, a URL by its host, an address by nets.

An indicator for a domain speaks of what is below it, and one for a prefix of what is within it; so an observable is
looked up together with its kin. Which parents are shared suffixes is for the caller to say.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from pehra.kernel.observables import Observable, ObservableType, parse
from pehra.kernel.refusals import Invalid

NARROWEST_NET_V4, NARROWEST_NET_V6 = 8, 16


def kin(observable: Observable, *, is_registrable: Callable[[str], bool]) -> tuple[Observable, ...]:
    """Return the observable and the values of indicators that would speak of it, the nearest first."""
    return tuple(dict.fromkeys(_every(observable, is_registrable)))


def _every(observable: Observable, is_registrable: Callable[[str], bool]) -> Iterator[Observable]:
    yield observable
    match observable.type:
        case ObservableType.DOMAIN:
            yield from _parents(observable.value, is_registrable)
        case ObservableType.EMAIL:
            domain = observable.value.rpartition("@")[2]
            yield Observable(ObservableType.DOMAIN, domain)
            yield from _parents(domain, is_registrable)
        case ObservableType.IPV4 | ObservableType.IPV6:
            yield from _nets(observable.value)
        case ObservableType.URL:
            host = urlsplit(observable.value).hostname or ""
            try:
                yield from _every(parse(host), is_registrable)
            except Invalid:
                return


def _parents(name: str, is_registrable: Callable[[str], bool]) -> Iterator[Observable]:
    parent = name.partition(".")[2]
    while is_registrable(parent):
        yield Observable(ObservableType.DOMAIN, parent)
        parent = parent.partition(".")[2]


def _nets(value: str) -> Iterator[Observable]:
    address = ip_address(value)
    narrowest = NARROWEST_NET_V4 if address.version == 4 else NARROWEST_NET_V6
    for length in range(address.max_prefixlen - 1, narrowest - 1, -1):
        net = ip_network((address, length), strict=False)
        yield Observable(ObservableType.PREFIX, str(net))
