"""The situation in one look: what is open, what runs out, where, and whether the sources still speak.

Every number is of what the actor may see: two people of two teams see two pictures.
"""

from dataclasses import dataclass
from datetime import datetime

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.telemetry import api as telemetry
from pehra.web.rules.spans import SOON

CLOCKS_SHOWN = 8
CLOCKS_READ = 200
INPUTS_SHOWN = 6
PLACES_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What the first page shows."""

    counts: incidents.Counts
    due_soon: int
    overdue: int
    next_clocks: tuple[incidents.DueView, ...]
    findings: findings.Totals
    inputs: tuple[telemetry.InputView, ...] | None
    at: datetime


def picture(*, by: Actor, at: datetime) -> Picture:
    """Return the situation as an actor may see it."""
    clocks = incidents.next_clocks(by=by, limit=CLOCKS_READ)
    due = [clock for clock in clocks if clock.clock.due_at is not None and clock.clock.due_at <= at + SOON]
    reads_inputs = access.may(by, Permission.TELEMETRY_READ)
    return Picture(
        counts=incidents.counts(by=by),
        due_soon=sum(1 for clock in due if clock.clock.due_at is not None and clock.clock.due_at >= at),
        overdue=sum(1 for clock in due if clock.clock.due_at is not None and clock.clock.due_at < at),
        next_clocks=tuple(clocks[:CLOCKS_SHOWN]),
        findings=findings.totals(by=by, places=PLACES_SHOWN),
        inputs=tuple(telemetry.recent_inputs(by=by, limit=INPUTS_SHOWN)) if reads_inputs else None,
        at=at,
    )
