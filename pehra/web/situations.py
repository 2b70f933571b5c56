"""The situation in one look: what is open, what runs out, where, and whether the sources still speak.

Every number is of what the actor may see: two people of two teams see two pictures.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.kernel.actors import Actor
from pehra.telemetry import api as telemetry
from pehra.threads import api as threads
from pehra.web.rules.spans import SOON

CLOCKS_SHOWN = 8
CLOCKS_READ = 200
INPUTS_SHOWN = 6
PLACES_SHOWN = 12
LETTERS_COUNTED = 100


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


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Who waits for a team of the reader: people who reported, and those whose letter nobody answered.

    `more`: there are at least as many. None: no matter of the reader's.
    """

    reports: int | None = None
    more_reports: bool = False
    letters: int | None = None
    more_letters: bool = False
    asking_for_help: int = 0


def waiting(*, by: Actor) -> Waiting:
    """Return who waits for an answer of the actor's teams."""
    said = Waiting()
    if access.may(by, Permission.INTAKE_READ):
        page = intake.reports(by=by, filters=intake.parse_filters({}), limit=1)
        said = replace(said, reports=page.count, more_reports=not page.is_counted_whole)
    if access.may(by, Permission.THREADS_WRITE):
        rows, following = threads.threads(by=by, turn=threads.Turn.US, limit=LETTERS_COUNTED)
        helpless = sum(1 for row in rows if row.urgent)
        said = replace(said, letters=len(rows), more_letters=bool(following), asking_for_help=helpless)
    return said


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
