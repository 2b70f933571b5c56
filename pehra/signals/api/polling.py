"""A receiver asks for what waits, and says what it took (RFC 8936).

A token is given again at each poll until it is acknowledged, in the order of the stream. A poll never waits: one that
held on would hold a place at the web server, and whoever opens many would hold them all. Ask again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.signals.api.making import signed
from pehra.signals.api.receiver_streams import own_row
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.queries import streams as queries
from pehra.signals.rules import requests
from pehra.signals.rules.events import VERIFICATION
from pehra.signals.rules.streams import Delivery, SetState


@transaction.atomic
def poll(*, stream_id: UUID, said: Mapping[str, Any], by: Actor, at: datetime) -> dict[str, Any]:
    """Note what the receiver took or refused, and return the next tokens of its stream."""
    row = own_row(stream_id, by=by, at=at)
    if row.delivery != Delivery.POLL:
        raise Invalid(_("This stream is pushed, not polled."), field="stream_id")
    asked = requests.poll(said)
    if asked.acknowledged:
        _acknowledge(row, asked.acknowledged, at=at)
    for jti, words in asked.errors.items():
        _named(row, [jti]).update(state=SetState.REFUSED.value, ended_at=at, error=words)
    found = queries.given_next(row, limit=asked.sets_max + 1)
    given = found[: asked.sets_max]
    _note_given(given, at=at)
    sets = {str(event.jti): signed(event, at=at) for event in given}
    return {"sets": sets, "moreAvailable": len(found) > len(given)}


def _acknowledge(row: Stream, names: tuple[str, ...], *, at: datetime) -> None:
    taken = _named(row, names)
    verified = taken.filter(event=VERIFICATION).exists()
    if taken.update(state=SetState.DELIVERED.value, ended_at=at, error=""):
        changes = {"last_delivered_at": at} | ({"verified_at": at} if verified else {})
        Stream.objects.filter(id=row.id).update(**changes)


def _named(row: Stream, names: tuple[str, ...] | list[str]) -> Any:
    """Return the tokens of this stream that were given out, wait for an answer, and are named."""
    ids = []
    for name in names:
        try:
            ids.append(UUID(name))
        except ValueError:
            continue  # of another stream, or of nobody: said of it is nothing
    return SecurityEvent.objects.filter(queries.WAITING, stream=row, jti__in=ids, given_at__isnull=False)


def _note_given(given: list[SecurityEvent], *, at: datetime) -> None:
    rows = SecurityEvent.objects.filter(id__in=[event.id for event in given])
    rows.update(attempts=F("attempts") + 1, given_at=at)
