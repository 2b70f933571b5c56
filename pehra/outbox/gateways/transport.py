"""What carries a message out of the house: one interface, one address in the settings.

`maildir:///folder`, `smtp://user:password@host:port` (TLS by STARTTLS where offered, required before a password is
said) or `smtps://…`. A transport answers with a proof or raises; it knows nothing of tables, states and retries.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from pehra.kernel.refusals import Fault, Invalid


class TemporaryFault(Fault):
    """Not now: the other side, or the road to it, may be better later."""


class PermanentFault(Fault):
    """Not ever: the other side says that this message or this address will not do."""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What a transport carries: finished bytes from one address to one address."""

    name: str
    written_at: float
    sender: str
    recipient: str
    content: bytes


class Transport(AbstractContextManager["Transport"], Protocol):
    """Something that carries parcels; opened for a batch, closed after it."""

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """Carry one parcel and return the proof; raise TemporaryFault or PermanentFault."""
        ...


def open_transport(url: str) -> Transport:
    """Return the transport that an address in the settings names."""
    scheme = urlsplit(url).scheme
    if scheme == "maildir":
        from pehra.outbox.gateways.maildir import MaildirTransport

        return MaildirTransport.from_url(url)
    if scheme in ("smtp", "smtps"):
        from pehra.outbox.gateways.smtp import SmtpTransport

        return SmtpTransport.from_url(url)
    raise Invalid(f"PEHRA_OUTBOX_URL names {scheme or 'nothing'}; use maildir:///folder, smtp:// or smtps://")
