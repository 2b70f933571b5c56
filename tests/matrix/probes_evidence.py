"""How the use cases of evidence are tried: on a file that the place's incident got, undone with the probe."""

from datetime import timedelta
from typing import Any

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import api as incidents
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor, system
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place

PASSWORD = "a password of the probe"


def _take(place: Place, by: Actor) -> Any:
    return incidents.add_evidence(
        ref=place.incident, name="a.log", content=b"tried\n", source="the probe", by=by, at=AT
    )


def _taken(place: Place) -> dict[str, Any]:
    """A piece of the place's incident, as arguments that name it."""
    return {"ref": place.incident, "number": _take(place, system("test")).number}


def _shown(place: Place, by: Actor) -> bool:
    _taken(place)
    return bool(incidents.evidence(place.incident, by=by))


def _past_keeping(place: Place, by: Actor) -> bool:
    named = _taken(place)
    incidents.keep_evidence_until(**named, until=AT.date(), by=system("test"), **WHY)
    found = incidents.evidence_past_keeping(by=by, on=AT.date() + timedelta(days=1))
    return place.incident in {piece.incident for piece in found}


def _colleague(place: Place) -> Actor:
    """Another duty officer of the team that leads there."""
    machine, before = system("test"), AT - timedelta(days=30)
    person = access.add_person(email="second@works.example", name="Second", by=machine, at=before)
    given: dict[str, Any] = {"role": "duty-officer", "team": place.team, "reason": "tried"}
    access.grant(person_id=person, by=machine, at=before, **given)
    return access.actor_for(person_id=person, at=AT)


def _ended(place: Place) -> dict[str, Any]:
    """A piece of the place's incident after that has ended."""
    taken = _taken(place)
    Incident.objects.filter(reference=place.incident).update(state="closed", ended_at=AT)
    return taken


def _asked(place: Place) -> dict[str, Any]:
    """A piece that a colleague asked to be destroyed."""
    taken = _ended(place)
    incidents.ask_for_disposal(**taken, order="an order", by=_colleague(place), **WHY)
    return taken


def _waiting(place: Place, by: Actor) -> bool:
    _asked(place)
    return place.incident in {piece.incident for piece in incidents.disposals_waiting(by=by, at=AT)}


def _held(place: Place) -> dict[str, Any]:
    taken = _taken(place)
    incidents.hold_evidence(**taken, by=system("test"), **WHY)
    return taken


PROBES: dict[str, Probe] = {
    "incidents.add_evidence": acts(_take),
    "incidents.ask_for_disposal": acts(
        lambda p, by: incidents.ask_for_disposal(**_ended(p), order="an order", by=by, **WHY)
    ),
    "incidents.confirm_disposal": acts(lambda p, by: incidents.confirm_disposal(**_asked(p), by=by, **WHY)),
    "incidents.decline_disposal": acts(lambda p, by: incidents.decline_disposal(**_asked(p), by=by, **WHY)),
    "incidents.disposals_waiting": sees(_waiting),
    "incidents.evidence": acts(_shown),
    "incidents.hold_evidence": acts(lambda p, by: incidents.hold_evidence(**_taken(p), by=by, **WHY)),
    "incidents.lift_hold": acts(lambda p, by: incidents.lift_hold(**_held(p), hold=1, by=by, **WHY)),
    "incidents.evidence_past_keeping": sees(_past_keeping),
    "incidents.one_evidence": acts(lambda p, by: incidents.one_evidence(*_taken(p).values(), by=by)),
    "incidents.custody_export": acts(lambda p, by: incidents.custody_export(*_taken(p).values(), by=by)),
    "incidents.give_out_evidence": acts(
        lambda p, by: incidents.give_out_evidence(**_taken(p), password=PASSWORD, by=by, **WHY)
    ),
    "incidents.hand_over_evidence": acts(
        lambda p, by: incidents.hand_over_evidence(**_taken(p), to="somebody", by=by, **WHY)
    ),
    "incidents.quarantine_evidence": acts(
        lambda p, by: incidents.quarantine_evidence(**_taken(p), quarantined=True, by=by, **WHY)
    ),
    "incidents.keep_evidence_until": acts(
        lambda p, by: incidents.keep_evidence_until(**_taken(p), until=None, by=by, **WHY)
    ),
    "incidents.check_evidence": acts(lambda p, by: incidents.check_evidence(**_taken(p), by=by, at=AT)),
    "incidents.ask_for_stamp": acts(lambda p, by: incidents.ask_for_stamp(**_taken(p), by=by, at=AT), incomplete=True),
    # Whether a second person is one does not hang on their own role: the part that asks has asked for that.
    "access.require_second": acts(
        lambda p, by: access.require_second(
            asked_by=_colleague(p).id, permission=Permission.INCIDENTS_CLOSE, teams=[p.team], by=by, at=AT
        ),
        anywhere=True,
    ),
}
