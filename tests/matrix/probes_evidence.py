"""How the use cases of evidence are tried: on a file that the place's incident got, undone with the probe."""

from datetime import timedelta
from typing import Any

from pehra.incidents import api as incidents
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


PROBES: dict[str, Probe] = {
    "incidents.add_evidence": acts(_take),
    "incidents.evidence": acts(_shown),
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
}
