"""Where Pehra may be made to call: an address that a service names is a stranger's word.

Whoever may name an address that Pehra calls could otherwise let it knock at doors behind our own wall: the machine
itself, its neighbours, a cloud's metadata. So: `https` alone, no name and password in it, and only public addresses of
the network, but for the networks that the node's operator names. Pure: names are resolved by whoever calls.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pehra.kernel.refusals import Invalid

URL_CHARACTERS_MAX = 1_000
HTTPS_PORT = 443
HTTP_PORT = 80
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class Place:
    """An address on the web that may be called, taken apart. `target` is path and query."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.secure else HTTP_PORT) else f"{host}:{self.port}"


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    """Read networks as the operator names them (`10.20.0.0/16`); refuse what is none."""
    try:
        return tuple(ipaddress.ip_network(name.strip()) for name in names if name.strip())
    except ValueError as error:
        raise Invalid(f"{error}: a network is written as 10.20.0.0/16", field="networks") from error


def place(url: str, *, known: Iterable[Network] = (), field: str = "url") -> Place:
    """Read an address that is to be called; refuse all but `https` to a host, and a host that is no place outside.

    Plain `http` is taken to a loopback address alone, and only where the operator named the loopback network: a test.
    """
    if len(url) > URL_CHARACTERS_MAX or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise Invalid(f"an address has at most {URL_CHARACTERS_MAX} letters and no spaces", field=field)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("this is no address of the web", field=field) from error
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None or parts.password is not None or parts.fragment or not host:
        raise Invalid("an address is https://host/path, without a name, a password or a fragment", field=field)
    if not host.isascii() or not url.isascii():
        raise Invalid("write an address in ASCII letters: the name of the host as xn--", field=field)
    named = _literal(host)
    if named is not None and not may_reach(named, known=known):
        raise Invalid("this address is not on the public network, nor in a network that the node knows", field=field)
    plain = parts.scheme == "http" and named is not None and named.is_loopback
    if parts.scheme != "https" and not plain:
        raise Invalid("an address is called by https alone", field=field)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    standard = HTTP_PORT if plain else HTTPS_PORT
    return Place(secure=not plain, host=host, port=port or standard, target=target)


def may_reach(address: Address, *, known: Iterable[Network] = ()) -> bool:
    """Whether an address of the network may be called: a public one, or one in a network that the operator named."""
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in the clothes of an IPv6 one is what it is inside.
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return may_reach(inner, known=known)
    if any(address.version == network.version and address in network for network in known):
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved and not _is_translated(address)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_translated(address: Address) -> bool:
    """Whether an address is one of NAT64, which leads to an IPv4 address unseen."""
    return isinstance(address, ipaddress.IPv6Address) and address in ipaddress.IPv6Network("64:ff9b::/96")
