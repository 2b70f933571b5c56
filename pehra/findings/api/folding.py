"""Folding: new sightings become findings, or are counted on those there already.

Within the caller's transaction, so that an input, its findings, its incidents and its notices are one commit. That an
input is folded once is the caller's promise (the engine holds it by the input's SHA-256); here everything else is
idempotent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

import polars as pl
from django.db import transaction

from pehra.access import api as access
from pehra.findings import queries
from pehra.findings.gateways import folding
from pehra.findings.gateways.turns import take_turn
from pehra.findings.queries import FindingView
from pehra.findings.rules import sightings as columns
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger


@dataclass(frozen=True, kw_only=True)
class FoldOutcome:
    """What a fold found: problems not known before, problems that came back, and how many were only seen again."""

    new: Sequence[FindingView] = field(default_factory=tuple)
    reopened: Sequence[FindingView] = field(default_factory=tuple)
    seen_again: int = 0

    @cached_property
    def new_ids(self) -> frozenset[UUID]:
        """The identifiers of the new findings."""
        return frozenset(view.id for view in self.new)


@transaction.atomic
def fold(*, sightings: pl.DataFrame, by: Actor, at: datetime) -> FoldOutcome:
    """Fold sightings into findings and return what is new and what is back; one ledger entry for all of it.

    The order of inputs does not matter: an older day that comes in later moves `first_seen` back, and never reopens
    what was fixed after it.
    """
    access.require(by, access.Permission.TELEMETRY_INGEST)
    if sightings.is_empty():
        return FoldOutcome()
    frame = folding.with_ids(columns.foldable(sightings), at)
    number = new_id(at)
    take_turn()
    folded = folding.fold(frame, number=number, at=at)
    fresh = frame.filter(pl.col("id").is_in([identifier.hex for identifier in folded.new]))
    outcome = FoldOutcome(
        new=queries.views_of_frame(fresh, at=at),
        reopened=queries.by_ids(folded.reopened),
        seen_again=frame.height - len(folded.new) - len(folded.reopened),
    )
    _record(frame, fresh, outcome, number=number, by=by, at=at)
    return outcome


def _record(
    frame: pl.DataFrame, fresh: pl.DataFrame, outcome: FoldOutcome, *, number: UUID, by: Actor, at: datetime
) -> None:
    facts = {
        "new": len(outcome.new),
        "reopened": len(outcome.reopened),
        "seen_again": outcome.seen_again,
        "new_keys_sha256": columns.digest_of_keys(fresh),
    }
    teams = sorted({team for teams in frame["teams"].unique() for team in teams if team})
    entry = ledger.Entry(
        event="findings.folded", subject=queries.fold_subject(number), by=by, at=at, teams=teams, facts=facts
    )
    returned = [
        ledger.Entry(
            event="findings.reopened",
            subject=queries.finding_subject(view.id),
            by=by,
            at=at,
            teams=view.teams,
            facts={"because": "seen again after it was fixed", "last_seen": view.last_seen, "fixed_at": view.fixed_at},
        )
        for view in outcome.reopened
    ]
    ledger.record_many([entry, *returned])
