"""Making a token: its claims, once, in the order of its stream (RFC 8417, as the Shared Signals Framework profiles it).

`sub` and `exp` never stand in one, so that nobody takes it for an ID token. `txn` is the same for all that one act set
off. A second token for the same key is none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.kernel.identifiers import new_id
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules.events import STREAM_UPDATED, VERIFICATION
from pehra.signals.rules.streams import Status

TYP = "secevent+jwt"


def queue_event(
    stream: Stream, *, event: str, said: Mapping[str, Any], subject: Mapping[str, Any], key: str, txn: str, at: datetime
) -> SecurityEvent:
    """Return the row of a token, not yet written."""
    jti = new_id(at)
    claims = {
        "iss": access.issuer(),
        "jti": str(jti),
        "iat": int(at.timestamp()),
        "aud": stream.receiver_id,
        "txn": txn,
        "sub_id": dict(subject),
        "events": {event: dict(said)},
    }
    return SecurityEvent(jti=jti, stream=stream, key=key, event=event, claims=claims, made_at=at)


def queue_all(rows: list[SecurityEvent]) -> None:
    """Write tokens; one that was written before, by its key, is left as it was."""
    SecurityEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def queue_verification(stream: Stream, *, state: str | None, at: datetime) -> None:
    """Queue the token by which a receiver sees that its stream works; `state` is what it wants to see in it."""
    said = {} if state is None else {"state": state}
    key = f"verification:{new_id(at)}"
    queue_all([queue_event(stream, event=VERIFICATION, said=said, subject=_itself(stream), key=key, txn=key, at=at)])


def queue_status(stream: Stream, *, status: Status, reason: str, at: datetime) -> None:
    """Queue the token by which a receiver learns that we changed the status of its stream."""
    said = {"status": status.value, **({"reason": reason} if reason else {})}
    key = f"status:{new_id(at)}"
    queue_all([queue_event(stream, event=STREAM_UPDATED, said=said, subject=_itself(stream), key=key, txn=key, at=at)])


def _itself(stream: Stream) -> dict[str, str]:
    return {"format": "opaque", "id": str(stream.id)}


def user(person_id: UUID | str) -> dict[str, str]:
    """Return a person as ID tokens name them."""
    return {"format": "iss_sub", "iss": access.issuer(), "sub": str(person_id)}


def signed(row: SecurityEvent, *, at: datetime) -> str:
    """Return the token, signed with the key of this moment."""
    return access.sign(row.claims, typ=TYP, at=at)
