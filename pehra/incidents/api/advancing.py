"""Time passes over clocks: each becomes due soon, and overdue, exactly once.

Workers take what fires with `for update skip locked` and change it by an update that holds only in the state it was
read in. The new state, its ledger entry and its messages are one transaction: a worker that dies in the middle leaves
the clock as it was, for the next one; two workers never see the same clock.
"""

from datetime import datetime

from django.db import transaction

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
        Clock.objects.filter(fires_at__lte=at)
        .order_by("fires_at", "id")
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("incident")
    )
    book = telling.AddressBook()
    entries: list[ledger.Entry] = []
    messages: list[outbox.Draft] = []
    for clock in firing[: min(limit, CLOCKS_AN_ADVANCE_MAX)]:
        if _fire(clock, at=at):
            told = telling.clock_fired(clock, book)
            messages += told.drafts
            facts = told_of(clock) | told.as_facts()
            event = EVENTS[ClockState(clock.state)]
            entries.append(entry_of(clock, event=event, by=actor, at=at, facts=facts))
    ledger.record_many(entries)
    outbox.queue_many(drafts=messages, by=actor, at=at)
    return len(entries)


def _fire(clock: Clock, *, at: datetime) -> bool:
    """Give a clock the state that this moment makes of it, if it still stands as it was read."""
    before = ClockState(clock.state)
    reading = rules.advance(state=before, due=clock.due_at, warn=clock.warn_at, at=at)
    if reading.state is before:
        return False
    fields: dict[str, object] = {"state": reading.state, "fires_at": reading.fires_at}
    fields["overdue_at" if reading.state is ClockState.OVERDUE else "due_soon_at"] = at
    changed = Clock.objects.filter(pk=clock.pk, state=before, fires_at=clock.fires_at).update(**fields)
    clock.state, clock.fires_at = reading.state, reading.fires_at
    return changed == 1
