"""What whoever keeps the node does with streams, and what the clock does: stop, start, verify, send again, sweep.

A receiver that took nothing for a week is paused, loudly: in the ledger, on the page of signals, in `pehra doctor`.
What waits on a paused stream is kept for thirty days; what the days or the limit end is written down, with its number.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor, system
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.signals.api.binding import require_manager
from pehra.signals.api.making import queue_verification
from pehra.signals.api.statuses import change_status
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.queries import streams as queries
from pehra.signals.queries.streams import StreamView
from pehra.signals.rules import streams as rules
from pehra.signals.rules.streams import SetState, Status

SWEPT_AT_ONCE_MAX = 10_000
NO_LONGER_KEPT = "kept for as long as such tokens are kept, and not taken"


@dataclass(frozen=True, kw_only=True)
class SignalsSwept:
    """What one sweep came to: tokens that grew too old or too many, tokens forgotten, streams paused or disabled."""

    expired: int = 0
    forgotten: int = 0
    paused: int = 0
    disabled: int = 0


def streams(*, by: Actor, at: datetime) -> list[StreamView]:
    """Return all streams with how they stand, those that need somebody first."""
    access.require(by, Permission.SIGNALS_READ)
    found = queries.streams_of(queries.streams_visible_to(by), at=at)
    return sorted(found, key=lambda view: (not needs_somebody(view), view.client_id))


def stream(*, stream_id: UUID, by: Actor, at: datetime) -> StreamView:
    """Return one stream; one that the actor may not see is not there."""
    found = next((view for view in streams(by=by, at=at) if view.id == stream_id), None)
    if found is None:
        raise NotVisible(_("There is no such stream."))
    return found


def needs_somebody(view: StreamView) -> bool:
    """Whether a stream will not mend itself: it was paused by Pehra, fails, is silent, or refused tokens."""
    stopped_by_itself = view.status is not Status.ENABLED and view.status_by == system("signals").id
    return stopped_by_itself or view.failures > 0 or view.silent or view.refused > 0


@transaction.atomic
def pause_stream(*, stream_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Stop telling a receiver; what comes meanwhile is kept for it."""
    _change(stream_id, Status.PAUSED, reason=reason, by=by, at=at)


@transaction.atomic
def resume_stream(*, stream_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Tell a receiver again, with what was kept for it; it is called at once."""
    _change(stream_id, Status.ENABLED, reason=reason, by=by, at=at)
    Stream.objects.filter(id=stream_id).update(next_try_at=None, failures=0, failing_since=None, problem="")


def _change(stream_id: UUID, status: Status, *, reason: str, by: Actor, at: datetime) -> None:
    words = reason.strip()
    if not words or len(words) > rules.REASON_CHARACTERS_MAX:
        raise Invalid(
            _("say why, in at most %(number)d characters") % {"number": rules.REASON_CHARACTERS_MAX}, field="reason"
        )
    change_status(_for_change(stream_id, by=by), status, reason=words, tell=True, by=by, at=at)


@transaction.atomic
def verify_stream(*, stream_id: UUID, by: Actor, at: datetime) -> None:
    """Send a receiver a verification event, to see whether it takes it."""
    row = _for_change(stream_id, by=by)
    Stream.objects.filter(id=row.id).update(verification_asked_at=at, next_try_at=None)
    queue_verification(row, state=None, at=at)


@transaction.atomic
def send_again(*, stream_id: UUID, by: Actor, at: datetime) -> int:
    """Let the tokens that a receiver refused wait once more, in their old order; return how many."""
    row = _for_change(stream_id, by=by)
    count = row.events.filter(state=SetState.REFUSED.value).update(
        state=SetState.WAITING.value, ended_at=None, refused_since=None
    )
    Stream.objects.filter(id=row.id).update(next_try_at=None)
    if count:
        facts = {"service": row.receiver_id, "tokens": count}
        ledger.record("signals.stream.sent_again", subject=f"stream:{row.id}", by=by, at=at, facts=facts)
    return count


def _for_change(stream_id: UUID, *, by: Actor) -> Stream:
    """Return a stream, locked, to whoever keeps signals; to others who may read it, a refusal."""
    row = queries.streams_visible_to(by).select_for_update(of=("self",)).filter(id=stream_id).first()
    if row is None:
        raise NotVisible(_("There is no such stream."))
    require_manager(by)
    return row


def sweep_signals(*, at: datetime) -> SignalsSwept:
    """Do what the clock asks for: pause who took nothing for days, stop closed services, let go what is too old."""
    by = system("signals")
    paused = disabled = expired = 0
    open_services = access.open_services()
    for stream_id in Stream.objects.order_by("id").values_list("id", flat=True):
        with transaction.atomic():
            row = Stream.objects.select_for_update().filter(id=stream_id).first()
            if row is None:
                continue
            if row.receiver_id not in open_services and row.status != Status.DISABLED:
                change_status(row, Status.DISABLED, reason="the service was closed", tell=False, by=by, at=at)
                disabled += 1
            elif _is_dead(row, at=at):
                change_status(row, Status.PAUSED, reason="nothing was taken for days", tell=True, by=by, at=at)
                paused += 1
            expired += _let_go(row, by=by, at=at)
    return SignalsSwept(expired=expired, forgotten=_forget(at=at), paused=paused, disabled=disabled)


def _is_dead(row: Stream, *, at: datetime) -> bool:
    return (
        row.status == Status.ENABLED and row.failing_since is not None and row.failing_since <= at - rules.PAUSED_AFTER
    )


def _let_go(row: Stream, *, by: Actor, at: datetime) -> int:
    """End the tokens that waited too long, and the oldest of too many; the ledger says how many."""
    waiting = row.events.filter(queries.WAITING)
    too_old = waiting.filter(made_at__lte=at - rules.UNDELIVERED_KEPT)
    old = list(too_old.values_list("id", flat=True)[:SWEPT_AT_ONCE_MAX])
    over = waiting.exclude(id__in=old).count() - rules.WAITING_MAX
    if over > 0:
        oldest = waiting.exclude(id__in=old).order_by("id").values_list("id", flat=True)
        old += list(oldest[: min(over, SWEPT_AT_ONCE_MAX)])
    if not old:
        return 0
    ended = SecurityEvent.objects.filter(id__in=old)
    kinds = dict(ended.order_by().values_list("event").annotate(count=Count("id")))
    ended.update(state=SetState.EXPIRED.value, ended_at=at, error=NO_LONGER_KEPT)
    facts = {"service": row.receiver_id, "tokens": len(old), "events": kinds}
    ledger.record("signals.stream.let_go", subject=f"stream:{row.id}", by=by, at=at, facts=facts)
    return len(old)


def _forget(*, at: datetime) -> int:
    """Delete tokens that ended long ago: they hold whom they were about."""
    old = SecurityEvent.objects.filter(ended_at__lte=at - rules.DELIVERED_KEPT).values_list("id", flat=True)
    return SecurityEvent.objects.filter(id__in=list(old[:SWEPT_AT_ONCE_MAX])).delete()[0]
