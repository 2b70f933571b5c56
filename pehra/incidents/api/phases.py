"""The phases of an incident: entering one, and what keeps it from going on."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.incidents.api import acting
from pehra.incidents.models import Incident, IncidentPhase
from pehra.incidents.queries import work as queries
from pehra.incidents.rules import holding
from pehra.incidents.rules.states import State
from pehra.incidents.rules.tasks import Blocking
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid


@transaction.atomic
def enter_phase(*, ref: str, phase: str, reason: str = "", by: Actor, at: datetime) -> str:
    """Move an incident to another phase; forward only when no blocking task of an earlier one is unfinished.

    Back is always open, with a reason: what one learns may show that the work before was not done.
    """
    incident = acting.locked(ref, by=by)
    known = queries.phases_on(at)
    order = [item.code for item in known]
    current = queries.phase_of(incident, known)
    target = holding.place_of(phase, order)
    if phase == current:
        raise Invalid(_("the incident stands there already"), field="phase")
    if current in order and target < order.index(current):
        words = acting.reason(reason)
    else:
        words = acting.reason(reason, needed=False)
        held = holding.before(queries.blocking(incident.id), phase=phase, order=order)
        holding.require_none(held, field="phase")
    IncidentPhase.objects.create(incident=incident, phase=phase, entered_at=at, entered_by=by.id, reason=words)
    acting.record(incident, "incidents.phase.entered", {"from": current, "to": phase, "reason": words}, by=by, at=at)
    return phase


def held_from(incident: Incident, target: State, *, at: datetime) -> Sequence[Blocking]:
    """Return the blocking tasks that keep an incident from a state on a day."""
    holds = {phase.code: phase.holds for phase in queries.phases_on(at)}
    return holding.holding(queries.blocking(incident.id), target=target, holds=holds)


def require_free(incident: Incident, target: State, *, at: datetime) -> None:
    """Refuse a state while blocking tasks keep an incident from it."""
    holding.require_none(held_from(incident, target, at=at), field="state")
