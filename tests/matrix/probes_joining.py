"""How the use cases of joining are tried: merge and un-merge, links, split, marks, what is affected, observables."""

from typing import Any

from pehra.incidents import api as incidents
from pehra.intel import api as intel
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import parse
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place

MACHINE = system("test")


def _merged(place: Place, by: Actor) -> Any:
    return incidents.merge(ref=place.incident, into=place.contained, by=by, **WHY)


def _unmerged(place: Place, by: Actor) -> Any:
    incidents.merge(ref=place.incident, into=place.contained, by=MACHINE, **WHY)
    return incidents.unmerge(ref=place.incident, by=by, **WHY)


def _split(place: Place, by: Actor) -> Any:
    incidents.add_observables(ref=place.incident, text="198.51.100.9", by=MACHINE, at=AT)
    (seen,) = incidents.observables(ref=place.incident, by=MACHINE, at=AT)
    parting = incidents.Parting(observables=[seen.id])
    return incidents.split(ref=place.incident, title="Tried", parting=parting, by=by, **WHY)


def _linked(place: Place, by: Actor) -> Any:
    return incidents.link(ref=place.incident, other=place.contained, kind="related", note="", by=by, at=AT)


def _unlinked(place: Place, by: Actor) -> Any:
    incidents.link(ref=place.incident, other=place.contained, kind="related", note="", by=MACHINE, at=AT)
    return incidents.unlink(ref=place.incident, other=place.contained, kind="related", by=by, **WHY)


def _seen(place: Place) -> incidents.ObservableView:
    incidents.add_observables(ref=place.incident, text="198.51.100.9", by=MACHINE, at=AT)
    (seen,) = incidents.observables(ref=place.incident, by=MACHINE, at=AT)
    return seen


def _judged(place: Place, by: Actor) -> Any:
    return incidents.judge_observable(
        ref=place.incident, observable_id=_seen(place).id, verdict="benign", note="", by=by, at=AT
    )


def _removed(place: Place, by: Actor) -> Any:
    return incidents.remove_observable(ref=place.incident, observable_id=_seen(place).id, by=by, **WHY)


def _told(place: Place, by: Actor) -> Any:
    return incidents.tell_news(ref=place.incident, report=place.report, teams=[place.team], by=by, at=AT)


def _ended(place: Place, by: Actor) -> bool:
    _told(place, MACHINE)
    return bool(incidents.end_news(reports=[place.report], reader=by.id, by=by, at=AT))


def _handed_in(place: Place, by: Actor) -> Any:
    return incidents.hand_in_observables(
        ref=place.incident, seen=[parse("198.51.100.9")], tlp=Tlp.RED, source_ref=place.report, note="", by=by, at=AT
    )


def _affected(place: Place, by: Actor) -> Any:
    incidents.affect(ref=place.incident, organisation=place.organisation, by=MACHINE, **WHY)
    return incidents.unaffect(ref=place.incident, organisation=place.organisation, by=by, **WHY)


def _asset(place: Place, by: Actor) -> Any:
    return incidents.add_asset(ref=place.incident, organisation="", name="server", note="", by=by, at=AT)


def _asset_out(place: Place, by: Actor) -> Any:
    _asset(place, MACHINE)
    return incidents.remove_asset(ref=place.incident, organisation="", name="server", by=by, **WHY)


def _reads_observables(place: Place, by: Actor) -> bool:
    _seen(place)
    return bool(incidents.observables(ref=place.incident, by=by, at=AT))


def _reads_assets(place: Place, by: Actor) -> bool:
    _asset(place, MACHINE)
    return bool(incidents.assets(ref=place.incident, by=by))


def _reads_links(place: Place, by: Actor) -> bool:
    _linked(place, MACHINE)
    return bool(incidents.links(ref=place.incident, by=by))


PROBES: dict[str, Probe] = {
    "incidents.merge": acts(_merged),
    "incidents.unmerge": acts(_unmerged),
    "incidents.split": acts(_split),
    "incidents.link": acts(_linked),
    "incidents.unlink": acts(_unlinked),
    "incidents.change_marking": acts(
        lambda p, by: incidents.change_marking(ref=p.incident, tlp="TLP:RED", pap="PAP:RED", by=by, **WHY)
    ),
    "incidents.mark_exercise": acts(lambda p, by: incidents.mark_exercise(ref=p.incident, exercise=True, by=by, **WHY)),
    "incidents.affect": acts(
        lambda p, by: incidents.affect(ref=p.incident, organisation=p.organisation, by=by, **WHY), hidden=True
    ),
    "incidents.unaffect": acts(_affected),
    "incidents.add_asset": acts(_asset),
    "incidents.remove_asset": acts(_asset_out),
    "incidents.state_impact": acts(
        lambda p, by: incidents.state_impact(ref=p.incident, services=["mail"], regions=[], countries=[], by=by, **WHY)
    ),
    "incidents.add_observables": acts(
        lambda p, by: incidents.add_observables(ref=p.incident, text="198.51.100.9", by=by, at=AT)
    ),
    "incidents.hand_in_observables": acts(_handed_in),
    "incidents.tell_news": acts(_told),
    "incidents.end_news": sees(_ended),
    "incidents.judge_observable": acts(_judged),
    "incidents.remove_observable": acts(_removed),
    "incidents.observables": sees(_reads_observables),
    "incidents.assets": sees(_reads_assets),
    "incidents.links": sees(_reads_links),
    "incidents.organisation_clocks": sees(lambda p, by: bool(incidents.organisation_clocks(ref=p.incident, by=by))),
    "incidents.worksheet": acts(lambda p, by: incidents.worksheet(ref=p.incident, by=by)),
    "intel.known": sees(lambda p, by: bool(intel.known(observables=[parse("192.0.2.7")], by=by, at=AT)), anywhere=True),
}
