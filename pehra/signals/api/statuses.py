"""What happens to a stream when its status changes, whoever changes it: kept, let go, told, written down."""

from datetime import datetime

from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger
from pehra.signals.api.making import queue_status
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.queries.streams import WAITING
from pehra.signals.rules.events import STREAM_UPDATED
from pehra.signals.rules.streams import SetState, Status


def change_status(stream: Stream, status: Status, *, reason: str, tell: bool, by: Actor, at: datetime) -> None:
    """Change the status of a locked stream; to what it is already is nothing.

    `tell` where the receiver did not ask for it. Of a disabled stream nothing is kept: what waited is let go, and the
    ledger says how much.
    """
    former = Status(stream.status)
    if former is status:
        return
    Stream.objects.filter(id=stream.id).update(
        status=status.value, reason=reason, status_by=by.id, status_at=at, changed_at=at, failures=0,
        failing_since=None, next_try_at=None,
    )  # fmt: skip
    let_go = 0
    if status is Status.DISABLED:
        waiting = SecurityEvent.objects.filter(WAITING, stream=stream).exclude(event=STREAM_UPDATED)
        let_go = waiting.update(state=SetState.EXPIRED.value, ended_at=at, error="the stream was disabled")
    if tell:
        queue_status(stream, status=status, reason=reason, at=at)
    facts = {
        "service": stream.receiver_id,
        "from": former.value,
        "to": status.value,
        "reason": reason,
        "let_go": let_go,
    }
    ledger.record(f"signals.stream.{status.value}", subject=f"stream:{stream.id}", by=by, at=at, facts=facts)
