"""A fact that only a person can know: when something was, of the matter as a whole or of one of its organisations.

When one organisation became aware is its own fact: what it owes counts from its own moment where it has one, else from
the incident's. What a team owes counts from the incident's alone. Whoever may say it of an organisation is who works on
the incident and reads of that organisation, and the team that leads for it, which otherwise may only be informed.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting, deriving, duty_clocks
from pehra.incidents.models import Clock, Incident, IncidentOrganisation
from pehra.incidents.queries.families import family_ids, lock_matters
from pehra.incidents.rules import states, working
from pehra.incidents.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.kernel.sentences import Sentence
from pehra.ledger import api as ledger

MOMENTS = ("occurrence", "discovery", "awareness", "ransom_payment", "handling_end")


@transaction.atomic
def supply_moment(
    *, ref: str, name: str, moment: datetime, by: Actor, at: datetime, organisation: str = ""
) -> queries.IncidentView:
    """Supply a fact that only a person can know; the clocks that count from it are derived anew, those that ended
    stay.

    `name` is a start event of the law (`occurrence`, `discovery`, `awareness`, `ransom_payment`, `handling_end`), or,
    where the law leaves a clock open, `<duty>/<stage>:start` or `<duty>/<stage>:due`. `organisation` says that it is
    this one's own fact, and counts for what this one owes alone.
    """
    if organisation:
        return _supply_own(ref, organisation, name=name, moment=moment, by=by, at=at)
    incident = acting.locked(ref, by=by)
    clocks = deriving.locked_clocks(incident)
    _require_moment(name, moment, clocks, at=at)
    before = incident.moments.get(name, {}).get("moment")
    incident.moments = incident.moments | {name: duty_clocks.moment(value=moment, by=by.id, at=at, note="")}
    incident.save(update_fields=["moments"])
    facts = {"moment": name, "at": format_time(moment), "before": before}
    acting.record(incident, "incidents.moment.supplied", facts, by=by, at=at)
    deriving.rederive(incident, clocks, by=by, at=at)
    return queries.views([incident])[0]


def _supply_own(
    ref: str, organisation: str, *, name: str, moment: datetime, by: Actor, at: datetime
) -> queries.IncidentView:
    # Its row may be that of a part.
    lock_matters([queries.find(ref, by=by).id])
    incident = queries.for_change(ref, by=by)
    side = _side(incident, organisation, by=by)
    access.require(by, Permission.INCIDENTS_CHANGE, teams=working.who_may_say(incident, side))
    if State(incident.state) in states.ENDED:
        raise states.MoveRefused(
            Sentence("the incident is %(incident_word)s; open a new one instead", incident_word=incident.state),
            field="state",
        )
    clocks = deriving.locked_clocks(incident)
    _require_moment(name, moment, [clock for clock in clocks if clock.organisation == organisation], at=at)
    before = side.moments.get(name, {}).get("moment")
    side.moments = side.moments | {name: duty_clocks.moment(value=moment, by=by.id, at=at, note="")}
    with access.elevated(part="incidents.sides"):
        side.save(update_fields=["moments"])
    facts = {"moment": name, "at": format_time(moment), "before": before, "organisation": organisation}
    # Other teams of the incident do not read of this one's constituent.
    wall = working.wall_of(incident, side)
    ledger.record("incidents.moment.supplied", subject=incident.reference, by=by, at=at, teams=wall, facts=facts)
    deriving.rederive(incident, clocks, by=by, at=at)
    return queries.views([incident])[0]


def _side(incident: Incident, organisation: str, *, by: Actor) -> IncidentOrganisation:
    """Return an organisation's row in an incident or in one that is part of it, as far as the actor reads of it."""
    reader = queries.reader(by)
    with access.elevated(part="incidents.sides"):
        named = IncidentOrganisation.objects.filter(
            incident__in=family_ids(incident), organisation=organisation, removed_at__isnull=True
        )
        if incident.lead_team not in reader.teams:
            named = named.filter(pk__in=named.visible_to(reader).values("pk"))
        found = sorted(named, key=lambda side: (side.incident_id != incident.id, side.id))
    if not found:
        raise NotVisible("this organisation is not named in the incident")
    return found[0]


def _require_moment(name: str, moment: datetime, clocks: Sequence[Clock], *, at: datetime) -> None:
    settled = [f"{clock.duty}/{clock.stage}:{end}" for clock in clocks for end in ("start", "due")]
    if name not in {*MOMENTS, *settled}:
        names = ", ".join([*MOMENTS, "<duty>/<stage>:start", "<duty>/<stage>:due"])
        raise Invalid(f"{name!r} is not a moment that the law counts from; one of: {names}", field="name")
    if moment.tzinfo is None:
        raise Invalid("a moment needs an offset", field="moment")
    if moment > at and not name.endswith(":due"):
        raise Invalid(_("%(moment)s has not come yet") % {"moment": format_time(moment)}, field="moment")
