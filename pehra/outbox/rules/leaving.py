"""Nothing above its TLP leaves: the one place that says whether a message may go to its recipient.

Asked when a message is queued and again when it is handed to a transport. FIRST TLP 2.0 draws the circles.
"""

from pehra.kernel.markings import Circle, Tlp, may_share
from pehra.kernel.refusals import Refusal


class AboveMarking(Refusal):
    """The recipient stands outside the circle that the marking draws."""


def require_may_leave(tlp: Tlp, circle: Circle) -> None:
    """Refuse a message whose marking does not reach as far as its recipient."""
    if not may_share(tlp, circle):
        raise AboveMarking(f"{tlp} may not reach {circle}: the message was not queued", field="tlp")
