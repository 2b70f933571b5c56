"""Reading streams and their tokens: a receiver its own, whoever keeps the node all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.signals.models import Receiver, SecurityEvent, Stream
from pehra.signals.rules.events import STREAM_UPDATED, delivered
from pehra.signals.rules.streams import PAUSED_AFTER, Delivery, SetState, Status

_NATION = f"{access.Permission.SIGNALS_READ}@national"
WAITING = Q(state=SetState.WAITING.value)


@dataclass(frozen=True, kw_only=True)
class ReceiverView:
    """A service account that receives for a relying service, and its stream where it made one."""

    client_id: str
    service: str  # its name; empty when the service is closed
    account_id: UUID
    email_agreed: bool
    bound_at: datetime
    stream: "StreamView | None" = None


@dataclass(frozen=True, kw_only=True)
class StreamView:
    """A stream as pages and commands show it: how it stands and how far it is behind; nobody whom it tells of."""

    id: UUID
    client_id: str
    delivery: Delivery
    endpoint: str
    description: str
    events: tuple[str, ...]
    status: Status
    reason: str
    status_by: str
    status_at: datetime
    created_at: datetime
    verified_at: datetime | None
    verification_asked_at: datetime | None
    failures: int
    failing_since: datetime | None
    problem: str
    next_try_at: datetime | None
    last_delivered_at: datetime | None
    last_seen_at: datetime | None
    waiting: int = 0
    waiting_since: datetime | None = None
    refused: int = 0
    silent: bool = False  # a receiver that should ask, has something waiting, and has not asked for days


def streams_visible_to(by: Actor) -> QuerySet[Stream]:
    """Return the streams an actor may read: all, for whoever reads signals for the nation; a receiver its own."""
    rows = Stream.objects.select_related("receiver")
    if by.is_system or _NATION in by.permissions:
        return rows
    return rows.filter(receiver__account_id__in=_account_ids(by))


def receivers_visible_to(by: Actor) -> QuerySet[Receiver]:
    """Return the bound receivers an actor may read, by the same rule."""
    rows = Receiver.objects.filter(ended_at__isnull=True)
    if by.is_system or _NATION in by.permissions:
        return rows
    return rows.filter(account_id__in=_account_ids(by))


def _account_ids(by: Actor) -> list[UUID]:
    try:
        return [UUID(by.id)]
    except ValueError:
        return []


def receivers(*, by: Actor, at: datetime) -> list[ReceiverView]:
    """Return every bound receiver with its stream, by the name of its service."""
    open_services = access.open_services()
    streams = {view.client_id: view for view in streams_of(streams_visible_to(by), at=at)}
    found = [
        ReceiverView(
            client_id=row.client_id,
            service=open_services.get(row.client_id, ""),
            account_id=row.account_id,
            email_agreed=row.email_agreed,
            bound_at=row.bound_at,
            stream=streams.get(row.client_id),
        )
        for row in receivers_visible_to(by)
    ]
    return sorted(found, key=lambda view: (view.service.lower() or "\uffff", view.client_id))


def streams_of(rows: QuerySet[Stream], *, at: datetime) -> list[StreamView]:
    """Return streams with what waits on them: one query for the rows, one for the counts."""
    streams = list(rows)
    events = SecurityEvent.objects.filter(stream__in=streams).order_by()
    counts: dict[UUID, Mapping[str, Any]] = {
        row["stream"]: row
        for row in events.values("stream").annotate(
            waiting=Count("id", filter=WAITING),
            since=Min("made_at", filter=WAITING),
            refused=Count("id", filter=Q(state=SetState.REFUSED.value)),
        )
    }
    return [_view(row, counts.get(row.id, {"waiting": 0, "since": None, "refused": 0}), at=at) for row in streams]


def _view(row: Stream, counts: Mapping[str, Any], *, at: datetime) -> StreamView:
    since = counts["since"]
    quiet_since = row.last_seen_at or row.created_at
    silent = row.delivery == Delivery.POLL and since is not None and max(since, quiet_since) <= at - PAUSED_AFTER
    return StreamView(
        id=row.id,
        client_id=row.receiver_id,
        delivery=Delivery(row.delivery),
        endpoint=row.endpoint,
        description=row.description,
        events=tuple(delivered(row.events_requested)),
        status=Status(row.status),
        reason=row.reason,
        status_by=row.status_by,
        status_at=row.status_at,
        created_at=row.created_at,
        verified_at=row.verified_at,
        verification_asked_at=row.verification_asked_at,
        failures=row.failures,
        failing_since=row.failing_since,
        problem=row.problem,
        next_try_at=row.next_try_at,
        last_delivered_at=row.last_delivered_at,
        last_seen_at=row.last_seen_at,
        waiting=counts["waiting"],
        waiting_since=since,
        refused=counts["refused"],
        silent=silent,
    )


def may_be_given() -> Q:
    """Return the condition on tokens that they may leave: of an enabled stream all, else news of the stream alone."""
    return WAITING & (Q(stream__status=Status.ENABLED.value) | Q(event=STREAM_UPDATED))


def given_next(stream: Stream, *, limit: int) -> list[SecurityEvent]:
    """Return the next tokens of a stream that may leave, in order."""
    return list(SecurityEvent.objects.filter(may_be_given(), stream=stream).order_by("id")[:limit])
