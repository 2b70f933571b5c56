"""Nothing above its TLP leaves, and nothing leaves in the clear that must not: the one place that says so.

Asked when a message is queued and again when it is handed to a transport. FIRST TLP 2.0 draws the circles. From which
marking on a message leaves only encrypted, the node's operator says; TLP:RED, if nothing is said.
"""

from pehra.kernel.markings import Circle, Tlp, may_share
from pehra.kernel.refusals import Invalid, Refusal

NEVER = "never"


class AboveMarking(Refusal):
    """The recipient stands outside the circle that the marking draws."""


def require_may_leave(tlp: Tlp, circle: Circle) -> None:
    """Refuse a message whose marking does not reach as far as its recipient."""
    if not may_share(tlp, circle):
        raise AboveMarking(f"{tlp} may not reach {circle}: the message was not queued", field="tlp")


def must_be_encrypted(tlp: Tlp, *, least: str) -> bool:
    """Whether a message may leave only encrypted; `least` is the freest marking for which that holds, or `never`."""
    if least == NEVER:
        return False
    try:
        return tlp >= Tlp(least)
    except ValueError as error:
        raise Invalid(f"PEHRA_OUTBOX_ENCRYPT_FROM names {least!r}; use a marking such as TLP:RED, or never") from error
