"""From the ledger to the streams: what became of an account, as tokens for each service that the person used.

The ledger is read by places, and the place is moved in the same transaction in which the tokens are written: an entry
is told once, whatever dies in between, and none is passed over because it committed late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.kernel.actors import Actor, system
from pehra.kernel.refusals import NotVisible
from pehra.ledger import api as ledger
from pehra.ledger.api import SealedEntry
from pehra.signals.api import making
from pehra.signals.models import ExcludedPerson, LedgerPlace, SecurityEvent, Stream
from pehra.signals.rules import events
from pehra.signals.rules.events import EMAIL_SCOPE, ROLES_SCOPE, TABLE, Signal
from pehra.signals.rules.streams import Status

READER = "streams"
PLACES_AT_ONCE = 2_000
TOKEN_CLAIMS = ("pehra_roles", "pehra_teams", "pehra_organisations")


@dataclass(frozen=True, kw_only=True)
class Followed:
    """How far the ledger was read in one call: places passed, tokens queued."""

    places: int
    queued: int


def follow(*, at: datetime, limit: int = PLACES_AT_ONCE) -> Followed:
    """Read the ledger on from where it was left, at most so many places, and queue what it says to services."""
    by = system("signals")
    with transaction.atomic():
        LedgerPlace.objects.get_or_create(reader=READER)
        place = LedgerPlace.objects.select_for_update().get(reader=READER)
        page = ledger.sealed_from(position=place.position, prefixes=tuple(TABLE), limit=limit, by=by)
        rows = _Round(by=by, at=at).rows(page.entries) if page.entries else []
        making.queue_all(rows)
        LedgerPlace.objects.filter(reader=READER).update(position=page.next)
    return Followed(places=page.next - place.position, queued=len(rows))


class _Round:
    """What one call needs to know of the streams, read once."""

    def __init__(self, *, by: Actor, at: datetime) -> None:
        rows = Stream.objects.select_related("receiver").filter(receiver__ended_at__isnull=True)
        live = list(rows.exclude(status=Status.DISABLED.value))
        self.by, self.at = by, at
        self.streams = {row.receiver_id: row for row in live}
        self.excluded = set(ExcludedPerson.objects.filter(stream__in=live).values_list("stream_id", "person_id"))

    def rows(self, entries: tuple[SealedEntry, ...]) -> list[SecurityEvent]:
        """Return the tokens that some entries say, in the order of the ledger."""
        if not self.streams:
            return []
        return [row for entry in entries for row in self._of_entry(entry)]

    def _of_entry(self, entry: SealedEntry) -> Iterator[SecurityEvent]:
        signals = events.signals_of(entry.event, entry.facts)
        person = _person(entry) if signals else None
        if person is None:
            return
        for number, signal in enumerate(signals):
            for use in access.uses_of(person_id=person, sid=signal.session, by=self.by):
                stream = self.streams.get(use.client_id)
                if stream is not None and use.first_at <= entry.at and self._wants(stream, signal, entry, person):
                    yield self._token(stream, signal, entry, person, number=number)

    def _wants(self, stream: Stream, signal: Signal, entry: SealedEntry, person: UUID) -> bool:
        """Whether a stream is to be told: it asked for such events before this one, and not to be spared the person."""
        return (
            signal.event in stream.events_requested
            and stream.created_at <= entry.at
            and (stream.id, person) not in self.excluded
            and (signal.claims != EMAIL_SCOPE or stream.receiver.email_agreed)
        )

    def _token(self, stream: Stream, signal: Signal, entry: SealedEntry, person: UUID, *, number: int) -> SecurityEvent:
        initiator = events.initiator(entry.event, by=entry.by, person=str(person))
        said: dict[str, Any] = {
            **signal.said,
            "initiating_entity": initiator.value,
            "event_timestamp": int(entry.at.timestamp()),
        }
        if signal.claims:
            said["claims"] = self._claims(stream, person, signal.claims)
        user = making.user(person)
        session = {"format": "opaque", "id": signal.session}
        subject = {"format": "complex", "user": user, "session": session} if signal.session else user
        return making.queue_event(
            stream,
            event=signal.event,
            said=said,
            subject=subject,
            key=f"{entry.id}:{number}",
            txn=str(entry.id),
            at=self.at,
        )

    def _claims(self, stream: Stream, person: UUID, scope: str) -> dict[str, Any]:
        """Return what the service would learn of the person at its next sign-in: the new values, as they are now.

        Who may not sign in there any more has no role that is the service's matter.
        """
        try:
            found = access.claims_of(person_id=person, client_id=stream.receiver_id, scopes=(scope,), at=self.at)
        except NotVisible:
            return {name: [] for name in TOKEN_CLAIMS} if scope == ROLES_SCOPE else {}
        return {name: value for name, value in found.items() if name != "sub"}


def _person(entry: SealedEntry) -> UUID | None:
    try:
        return UUID(events.person_of(entry.subject))
    except ValueError:
        return None
