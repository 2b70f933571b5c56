"""How an incident may be shared and used, and whether it is an exercise: said by a person, with a reason.

TLP 2.0: only the source loosens a marking, and for an incident that is whoever leads it; whoever works on it may make
it stricter. One matter made of several incidents is marked as its strictest part, for as long as they are merged.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting
from pehra.incidents.models import Incident, Merge
from pehra.incidents.queries.families import family_of
from pehra.incidents.rules.joining import JoiningRefused
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Pap, Tlp, parse_pap, parse_tlp, strictest

SET_BY_HAND = "set-by-hand"
STRICTEST_OF_A_MERGE = "strictest-of-a-merge"
AS_STRICT_AS_A_REPORT = "as-strict-as-a-report"


@transaction.atomic
def change_marking(*, ref: str, tlp: str, pap: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Mark an incident anew. To loosen either mark is for the team that leads."""
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    wanted, use = parse_tlp(tlp), parse_pap(pap)
    if (wanted < Tlp(incident.tlp) or use < Pap(incident.pap)) and incident.lead_team:
        access.require(by, Permission.INCIDENTS_CHANGE, teams=[incident.lead_team])
    before = {"tlp": incident.tlp, "pap": incident.pap}
    incident.tlp, incident.pap = wanted, use
    incident.marking_because = {
        "rule": SET_BY_HAND,
        "citation": "",
        "status": "decided by a person",
        "facts": {"by": by.id, "reason": words, "before": before},
    }
    incident.save(update_fields=["tlp", "pap", "marking_because"])
    facts = {"before": before, "tlp": wanted.value, "pap": use.value, "reason": words}
    acting.record(incident, "incidents.marking.changed", facts, by=by, at=at)
    share(family_of(incident))
    return queries.views([incident])[0]


def tighten(incident: Incident, tlp: Tlp, *, source: str, by: Actor, at: datetime) -> None:
    """Mark an incident, locked by the caller, as strictly as what came into it; it never gets freer by that."""
    own = _own(incident)
    if tlp <= Tlp(own["tlp"]):
        return
    before = {"tlp": own["tlp"], "pap": own["pap"]}
    incident.tlp, incident.pap = tlp, own["pap"]
    incident.marking_because = {
        "rule": AS_STRICT_AS_A_REPORT,
        "citation": "FIRST TLP 2.0: only the source loosens a marking",
        "status": "derived",
        "facts": {"report": source, "before": before},
    }
    incident.save(update_fields=["tlp", "pap", "marking_because"])
    facts = {"before": before, "tlp": tlp.value, "pap": own["pap"], "report": source}
    acting.record(incident, "incidents.marking.changed", facts, by=by, at=at)
    share([incident, *family_of(incident)[1:]])


def share(family: Sequence[Incident]) -> None:
    """Give the first of a family the strictest marks of all, or its own back when none is stricter any more."""
    whole = family[0]
    own = _own(whole)
    marks = [_own(member) for member in family]
    tlp = strictest(*(Tlp(mark["tlp"]) for mark in marks))
    pap = max(Pap(mark["pap"]) for mark in marks)
    if (tlp, pap) == (own["tlp"], own["pap"]):
        because = own["because"]
    else:
        because = {
            "rule": STRICTEST_OF_A_MERGE,
            "citation": "FIRST TLP 2.0: a whole is marked as its strictest part",
            "status": "derived",
            "facts": {"own": own},
        }
    if (whole.tlp, whole.pap, whole.marking_because) != (tlp, pap, because):
        whole.tlp, whole.pap, whole.marking_because = tlp, pap, because
        whole.save(update_fields=["tlp", "pap", "marking_because"])


def _own(incident: Incident) -> dict[str, Any]:
    """Return the marks that an incident has by itself."""
    because = incident.marking_because
    if because.get("rule") == STRICTEST_OF_A_MERGE:
        own: dict[str, Any] = because["facts"]["own"]
        return own
    return {"tlp": str(incident.tlp), "pap": str(incident.pap), "because": because}


@transaction.atomic
def mark_exercise(*, ref: str, exercise: bool, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Say that an incident is an exercise, or that it is real: it moves to the other lists, counts and messages."""
    incident, words = acting.locked(ref, by=by, permission=Permission.INCIDENTS_CLOSE), acting.reason(reason)
    if Merge.objects.filter(into=incident, undone_at__isnull=True).exists():
        raise JoiningRefused(
            _("undo its merges first: an exercise and a real incident are never one"), field="exercise"
        )
    if incident.exercise == exercise:
        return queries.views([incident])[0]
    incident.exercise = exercise
    incident.save(update_fields=["exercise"])
    acting.record(incident, "incidents.exercise.marked", {"exercise": exercise, "reason": words}, by=by, at=at)
    return queries.views([incident])[0]
