"""How the use cases of `desk`, of acts on many findings and of an incident's head are tried."""

from typing import Any
from uuid import UUID

from pehra.desk import api as desk
from pehra.desk.models import Presence, SavedView
from pehra.findings import api as findings
from pehra.findings.models import ManyChange
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import NotVisible
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place

LIST = "tried:list"
ABSENT = UUID(int=0)


def _view(place: Place) -> UUID:
    """A view that a person of the place shares with their team; undone with the probe."""
    row = SavedView.objects.create(
        id=new_id(AT), person_id=place.person, place=LIST, name="Tried", query="", team=place.team, saved_at=AT
    )
    return row.id


def _offered(place: Place, by: Actor) -> bool:
    made = _view(place)
    return made in {view.id for view in desk.saved_views(place=LIST, by=by)}


def _on_the_shelf(place: Place, by: Actor) -> bool:
    made = _view(place)
    return made in {view.id for view in desk.shelf(place=LIST, query="", here="/", by=by).views}


def _present(place: Place, by: Actor) -> bool:
    Presence.objects.create(person_id=place.person, place=LIST, teams=[place.team], seen_at=AT)
    return bool(desk.present(place=LIST, teams=[place.team], by=by, at=AT))


def _change(place: Place) -> UUID:
    """An act on one finding of the place that is said to be fixed; undone with the probe."""
    row = ManyChange.objects.create(
        id=new_id(AT),
        act="fixed",
        reason="tried",
        before={str(place.fixed): {"state": "open", "fixed_at": None, "verified_at": None}},
        teams=[place.team],
        changed_at=AT,
        changed_by="nobody-of-these",
    )
    return row.id


def _looked_at(place: Place, by: Actor) -> bool:
    try:
        seen = findings.preview_many(act="fixed", ids=[place.finding or ABSENT], by=by)
    except NotVisible:
        return False
    return seen.changes + seen.elsewhere + seen.not_yours > 0


def _fix(place: Place, by: Actor) -> Any:
    return findings.change_many(act="fixed", ids=[place.finding or ABSENT], expected=1, by=by, **WHY)


PROBES: dict[str, Probe] = {
    "desk.saved_views": sees(_offered),
    "desk.shelf": sees(_on_the_shelf),
    "desk.save_view": acts(
        lambda p, by: desk.save_view(place=LIST, name="Tried", query="", by=by, at=AT), anywhere=True
    ),
    "desk.remove_view": acts(lambda p, by: desk.remove_view(view_id=_view(p), by=by)),
    "desk.present": sees(_present),
    "findings.preview_many": sees(_looked_at),
    "findings.change_many": acts(_fix),
    "findings.many_change": acts(lambda p, by: findings.many_change(change_id=_change(p), by=by, at=AT)),
    "findings.undo_many": acts(lambda p, by: findings.undo_many(change_id=_change(p), by=by, at=AT)),
    "incidents.heading": acts(lambda p, by: incidents.heading(p.incident, by=by)),
}
