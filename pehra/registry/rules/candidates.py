"""Which assets could hold an observable, from the most specific to the least.

An address is held by its host or by any prefix around it, a name by its host, its service or any domain above it, a URL
and an e-mail address by their host's name. The column tables of `attribution.py` give the same answers another way; a
test holds the two to each other.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, AF_INET6, inet_ntop
from typing import TypeAlias
from urllib.parse import urlsplit

from pehra.kernel.observables import Observable, ObservableType
from pehra.registry.rules.vocabulary import AssetType

# Assets of one level are equally specific; a holder goes before none, then the order here.
Level: TypeAlias = tuple[tuple[AssetType, str], ...]


@dataclass(frozen=True)
class Candidates:
    """Where to look for an observable's holder; no levels: nothing of its kind is held by anybody."""

    levels: tuple[Level, ...]
    service_host: str = ""  # services at URLs on this host are of the first level
    reserved: str = ""  # why nobody on the public network holds it


def candidates(observable: Observable) -> Candidates:
    """Return where to look for an observable's holder."""
    match observable.type:
        case ObservableType.IPV4 | ObservableType.IPV6:
            return _of_address(observable.value)
        case ObservableType.PREFIX:
            network = ipaddress.ip_network(observable.value)
            return Candidates(tuple(_around(network)), reserved=_reserved(network))
        case ObservableType.ASN:
            return Candidates((((AssetType.ASN, observable.value),),), reserved=_reserved_asn(observable.value))
        case ObservableType.DOMAIN:
            return _of_name(observable.value)
        case ObservableType.EMAIL:
            return _of_name(observable.value.rpartition("@")[2])
        case ObservableType.URL:
            host = urlsplit(observable.value).hostname or ""
            return _of_address(host) if _is_address(host) else _of_name(host)
    return Candidates(())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _of_address(text: str) -> Candidates:
    network = ipaddress.ip_network(text)
    host, *around = _around(network)
    first = ((AssetType.HOST, str(network.network_address)), *host)
    return Candidates((first, *around), reserved=_reserved(network))


def _around(network: IPv4Network | IPv6Network) -> Iterator[Level]:
    """Yield a network and all those around it, the nearest first."""
    bits = network.max_prefixlen
    number, text = int(network.network_address), str(network.network_address)
    for length in range(network.prefixlen, 0, -1):
        masked = number >> (bits - length) << (bits - length)
        if masked != number:
            number, text = masked, _written(masked, bits)
        yield ((AssetType.PREFIX, f"{text}/{length}"),)


def _written(number: int, bits: int) -> str:
    """Return an address as `ipaddress` writes it, which is slow: asked a hundred times an IPv6 address."""
    if bits == 32:
        return inet_ntop(AF_INET, number.to_bytes(4))
    # The system writes an address without upper bits as if IPv4 were in it.
    return inet_ntop(AF_INET6, number.to_bytes(16)) if number >> 32 else str(IPv6Address(number))


def _of_name(name: str) -> Candidates:
    labels = name.split(".")
    levels: list[Level] = [((AssetType.HOST, name), (AssetType.SERVICE, name))]
    levels += [((AssetType.DOMAIN, ".".join(labels[start:])),) for start in range(len(labels))]
    return Candidates(tuple(levels), service_host=name)


def _reserved(network: IPv4Network | IPv6Network) -> str:
    """Say why a network is nobody's on the public network, or nothing (IANA special-purpose registries, RFC 6890)."""
    first: IPv4Address | IPv6Address = network.network_address
    if network.is_multicast:
        return "multicast"
    if network.is_loopback:
        return "loopback"
    if network.is_link_local:
        return "link-local"
    if network.is_private or first.is_private:
        return "private or reserved"
    return "" if network.is_global else "reserved"


def _reserved_asn(value: str) -> str:
    number = int(value.removeprefix("AS"))
    private = 64_512 <= number <= 65_534 or 4_200_000_000 <= number <= 4_294_967_294  # RFC 6996
    documentation = 64_496 <= number <= 64_511 or 65_536 <= number <= 65_551  # RFC 5398
    if private or documentation:
        return "private or reserved"
    return "reserved" if number in (0, 23_456, 65_535, 4_294_967_295) else ""
