"""Calling a service outside: one POST to an address that the service named, and what it answered.

The name is resolved here, each address it leads to is judged, and the connection goes to one of those: a name that
leads elsewhere a moment later gains nothing. No redirect is followed, no proxy and no cookie is used. The whole call
has one deadline, by which the connection is cut from outside: a receiver that answers a byte at a time holds nobody up.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pehra.kernel import outward
from pehra.kernel.outward import Network, Place
from pehra.kernel.refusals import Fault

CALL_SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 64 * 1024
ADDRESSES_TRIED_MAX = 2


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the status, the media type without parameters, and of an error, or where asked for, the body."""

    status: int
    media_type: str
    body: bytes


def post(
    place: Place,
    *,
    body: bytes,
    headers: Mapping[str, str],
    known: Sequence[Network] = (),
    seconds: float = CALL_SECONDS_MAX,
    reads: bool = False,
) -> Answer:
    """Send one POST and return the answer, whatever its status; raise `Fault` when there is none in time.

    `reads`: the body of a good answer matters as well; one over the limit is a fault.
    """
    connection = _Connection(place, _addresses(place, known), seconds)
    with _deadline(connection, seconds):
        try:
            connection.request("POST", place.target, body=body, headers={**headers, "Host": place.authority})
            answer = connection.getresponse()
            # Only an error has words worth reading: of all else the status is the answer, unless the caller reads.
            body_read = answer.read(ANSWER_BYTES_MAX) if reads or answer.status >= 400 else b""
            if connection.was_cut:
                raise TimeoutError("cut")
            if reads and answer.read(1):
                raise http.client.HTTPException(f"more than {ANSWER_BYTES_MAX} bytes")
            media_type = answer.headers.get_content_type() if answer.headers.get("Content-Type") else ""
            return Answer(status=answer.status, media_type=media_type, body=body_read)
        except ssl.SSLError as error:
            raise Fault(f"{place.authority} shows no certificate that we trust ({error.reason or error})") from error
        except (OSError, http.client.HTTPException) as error:
            said = "no answer in time" if connection.was_cut or isinstance(error, TimeoutError) else _words(error)
            raise Fault(f"{place.authority}: {said}") from error


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _addresses(place: Place, known: Sequence[Network]) -> list[str]:
    """Return the addresses a host stands at; refuse the host when any of them is not to be called."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Fault(f"{place.host}: the name leads nowhere") from error
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for address in addresses:
        if not outward.may_reach(ipaddress.ip_address(address), known=known):
            raise Fault(f"{place.host}: the name leads to an address that is not to be called")
    return addresses


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name by which it shows its certificate."""

    def __init__(self, place: Place, addresses: Sequence[str], seconds: float) -> None:
        super().__init__(place.host, place.port, timeout=seconds)
        self.place, self.addresses, self.was_cut = place, addresses, False
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first address that answers."""
        raised: OSError = OSError("no address")
        for address in self.addresses[:ADDRESSES_TRIED_MAX]:
            try:
                self._raw = socket.create_connection((address, self.place.port), timeout=self.timeout)
                break
            except OSError as error:
                raised = error
        else:
            raise raised
        self._raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.was_cut:
            raise TimeoutError("cut")
        self.sock = self._raw
        if self.place.secure:
            # The handshake comes after the name is set, so that `cut` reaches it as well.
            secured = ssl.create_default_context().wrap_socket(
                self._raw, server_hostname=self.place.host, do_handshake_on_connect=False
            )
            self.sock = secured
            secured.do_handshake()

    def cut(self) -> None:
        """End the connection from outside: whoever waits for its answer is told at once."""
        self.was_cut = True
        for end in (self.sock, self._raw):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def _deadline(connection: _Connection, seconds: float) -> Iterator[None]:
    """Cut a connection when the call has lasted too long, and close it at the end whatever happened."""
    watch = threading.Timer(seconds, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        connection.close()
        if connection._raw is not None:
            connection._raw.close()
