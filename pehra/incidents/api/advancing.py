"""Time passes over clocks: each becomes due soon, and overdue, exactly once.

Workers take what fires with `for update skip locked` and change it by an update that holds only in the state it was
read in. The new state, its ledger entry and its messages are one transaction: a worker that dies in the middle leaves
the clock as it was, for the next one; two workers never see the same clock.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from pehra.access import api as access
from pehra.incidents.api import telling
from pehra.incidents.api.drafts import entry_of
from pehra.incidents.api.duty_clocks import told as told_of
from pehra.incidents.models import Clock
from pehra.incidents.rules import clocks as rules
from pehra.incidents.rules.clocks import ClockState
from pehra.kernel.actors import Actor, system
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

CLOCKS_AN_ADVANCE_MAX = 500
EVENTS = {ClockState.DUE_SOON: "incidents.clock.due_soon", ClockState.OVERDUE: "incidents.clock.overdue"}


@transaction.atomic
def advance_clocks(*, at: datetime, limit: int = CLOCKS_AN_ADVANCE_MAX, by: Actor | None = None) -> int:
    """Change the clocks whose moment has come, tell their teams, and return how many; 0 when none is left.

    A clock that nobody advanced until it was overdue becomes overdue at once: to say "due soon" of it would be untrue.
    """
    actor = by or system("incidents")
    access.require(actor, access.Permission.INCIDENTS_CHANGE)
    firing = (
        # While an incident is merged, the one that it is part of speaks for it.
        Clock.objects.filter(fires_at__lte=at, incident__merged_into__isnull=True)
        .order_by("fires_at", "id")
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("incident")
    )
    fired = _fire(list(firing[: min(limit, CLOCKS_AN_ADVANCE_MAX)]), at=at)
    book = telling.AddressBook()
    entries: list[ledger.Entry] = []
    messages: list[outbox.Draft] = []
    for clock in fired:
        told = telling.clock_fired(clock, book)
        messages += told.drafts
        facts = told_of(clock) | told.as_facts()
        entries.append(entry_of(clock, event=EVENTS[ClockState(clock.state)], by=actor, at=at, facts=facts))
    ledger.record_many(entries)
    outbox.queue_many(drafts=messages, by=actor, at=at)
    return len(fired)


def _fire(clocks: Sequence[Clock], *, at: datetime) -> list[Clock]:
    """Give clocks, locked by this transaction, the state that this moment makes of them; return those that changed."""
    changed: dict[tuple[ClockState, ClockState], list[Clock]] = {}
    for clock in clocks:
        before = ClockState(clock.state)
        reading = rules.advance(state=before, due=clock.due_at, warn=clock.warn_at, at=at)
        if reading.state is not before:
            clock.state, clock.fires_at = reading.state, reading.fires_at
            changed.setdefault((before, reading.state), []).append(clock)
    for (before, after), group in changed.items():
        fields = (
            {"overdue_at": at, "fires_at": None}
            if after is ClockState.OVERDUE
            else {"due_soon_at": at, "fires_at": F("due_at")}
        )
        still = Clock.objects.filter(pk__in=[clock.pk for clock in group], state=before)
        written = still.update(state=after, **fields)
        assert written == len(group), "a locked clock changed under its lock"
    return [clock for group in changed.values() for clock in group]
