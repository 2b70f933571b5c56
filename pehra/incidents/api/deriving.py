"""Clocks stored anew after a fact changed: the one place that asks the law again about an incident that is there.

The law is that of the day on which the matter became an incident: a later change of law does not move its clocks.
"""

from collections.abc import Sequence
from datetime import datetime

from pehra.incidents.api import drafts, duty_clocks
from pehra.incidents.api.assessment import Assessor
from pehra.incidents.models import Clock, Incident
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger


def assessor_of(incident: Incident) -> Assessor:
    """Return the law as it stood when the incident was opened."""
    return Assessor.at(incident.opened_at)


def locked_clocks(incident: Incident) -> list[Clock]:
    """Return an incident's clocks, locked until the end of the transaction, in the order of the law's stages."""
    clocks = list(incident.clocks.select_for_update().order_by("order", "id"))
    for clock in clocks:
        # One row, one object: what is changed on the incident must be seen from its clocks.
        clock.incident = incident
    return clocks


def rederive(incident: Incident, clocks: Sequence[Clock], *, by: Actor, at: datetime) -> None:
    """Ask the law again with the facts as they now are; store what changed and tell it to the ledger."""
    moments = duty_clocks.moments_of(incident, clocks)
    entities, facts = duty_clocks.entities_of(incident), duty_clocks.facts_of(incident)
    duties = assessor_of(incident).duties(entities, facts, moments)
    added, updated, changes = duty_clocks.rederive(incident, clocks, duties, at=at)
    Clock.objects.bulk_create(added)
    for clock in updated:
        clock.save(update_fields=duty_clocks.DERIVED_FIELDS)
    ledger.record_many(
        [drafts.entry_of(change.clock, event=change.event, by=by, at=at, facts=change.facts) for change in changes]
    )
