"""What carries a message out of the house: one interface, whatever stands behind it.

A transport answers with a proof or raises; it knows nothing of tables, states and retries.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pehra.kernel.refusals import Fault


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
