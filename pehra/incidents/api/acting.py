"""What every act of the work on an incident begins and ends with: the row locked, the permission, the ledger entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.models import Incident
from pehra.incidents.rules import states
from pehra.incidents.rules.states import State
from pehra.incidents.rules.working import working_teams
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.kernel.sentences import Sentence
from pehra.ledger import api as ledger

REASON_LENGTH_MAX = 2_000


def locked(
    ref: str,
    *,
    by: Actor,
    permission: Permission = Permission.INCIDENTS_CHANGE,
    live: bool = True,
    merged_too: bool = False,
) -> Incident:
    """Return a visible incident, locked, that the actor may work on; refuse one that has ended, when it must be live.

    What was merged into another rests; `merged_too` is for the tasks that it has, which hold the whole until they are
    done.
    """
    incident = queries.for_change(ref, by=by, merged_too=merged_too)
    require(incident, permission, by=by)
    if live and State(incident.state) in states.ENDED:
        raise states.MoveRefused(
            Sentence("the incident is %(incident_word)s; open a new one instead", incident_word=incident.state),
            field="state",
        )
    return incident


def require(incident: Incident, permission: Permission, *, by: Actor) -> None:
    """Refuse, unless one of the teams that work on the incident gave the actor this permission."""
    access.require(by, permission, teams=working_teams(incident.roles, otherwise=incident.teams))


def of_its_teams(ref: str, *, by: Actor) -> Incident:
    """Return an incident that one of the actor's teams reads. Its organisation sees it, and none of the work."""
    incident = queries.find(ref, by=by)
    reader = queries.reader(by)
    if not reader.is_system and not set(incident.teams) & reader.teams:
        raise NotVisible("the work on this incident is its teams'")
    return incident


def record(incident: Incident, event: str, facts: Mapping[str, object], *, by: Actor, at: datetime) -> None:
    """Write an act into the ledger, for the teams of the incident."""
    ledger.record(event, subject=incident.reference, by=by, at=at, teams=incident.teams, facts=dict(facts))


def words(text: str, *, field: str, most: int, needed: bool = True) -> str:
    """Return what was written, stripped; refuse nothing where something is needed, NULs, and too much."""
    said = text.replace("\r\n", "\n").strip()
    if needed and not said:
        raise Invalid(_("this must be said"), field=field)
    if len(said) > most:
        raise Invalid(_("at most %(n)s characters, not %(more)s") % {"n": most, "more": len(said)}, field=field)
    if "\x00" in said or any("\ud800" <= letter <= "\udfff" for letter in said):
        raise Invalid("a text holds a NUL or half a character, which no text needs", field=field)
    return said


def reason(text: str, *, needed: bool = True) -> str:
    """Return a reason; refuse none where one is needed."""
    said = words(text, field="reason", most=REASON_LENGTH_MAX, needed=False)
    if needed and not said:
        raise Invalid(_("say why: a reason is kept with this decision"), field="reason")
    return said


@access.elevated(part="incidents.numbering")
def next_number(rows: Any) -> int:
    """Return the number after the highest of an incident's rows, of those too that the actor does not see; under its
    lock none is given twice."""
    return int(rows.aggregate(highest=Max("number"))["highest"] or 0) + 1
