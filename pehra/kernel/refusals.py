"""The three families of things that go wrong.

A *refusal* is the world saying no: expected, shown to the person. A *fault* is another's: a peer, a network, a disk;
retried or reported. All else is our bug, and is left to crash loudly.
"""


class Refusal(Exception):
    """The world said no. The message is for a person and says what to do."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(Refusal):
    """The input cannot be used; `field` names the part at fault."""


class Forbidden(Refusal):
    """The actor may see the thing, but may not do this to it."""


class NotVisible(Refusal):
    """There is no such thing, or the actor may not see it: the two are never told apart."""


class Gone(Refusal):
    """The thing was here and is gone for good; what is known of it stays."""


class Fault(Exception):
    """Something outside failed: a peer, the network, a disk. The message says what to do."""
