"""Whoever must still do something is reminded: organisations that are asked for consent, and people with a task.

Like a clock, each fires once: a row is taken with `for update skip locked`, and what it says next, its ledger entry and
its letters are one transaction. A worker that dies leaves all as it was; two never see the same row.
"""

from datetime import datetime

from django.db import transaction

from pehra.incidents.api import consenting, tasks
from pehra.kernel.actors import Actor, system
from pehra.kernel.refusals import Forbidden

REMINDED_AT_ONCE_MAX = 200


@transaction.atomic
def remind(*, at: datetime, limit: int = REMINDED_AT_ONCE_MAX, by: Actor | None = None) -> int:
    """Remind whoever has something to do by now, and return of how many matters; 0 when none is left."""
    actor = by or system("incidents")
    if not actor.is_system:
        raise Forbidden("who is reminded is found by Pehra itself")
    most = max(1, min(limit, REMINDED_AT_ONCE_MAX))
    asked = consenting.remind_silent(by=actor, at=at, limit=most)
    return asked + tasks.remind_due(by=actor, at=at, limit=most)
