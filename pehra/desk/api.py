"""The door of `desk`: views of lists that people saved, and who else looks at a matter now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.desk.models import Presence, SavedView
from pehra.desk.rules import views as rules
from pehra.desk.rules.people import person_of
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible

__all__ = [
    "PresentView",
    "SavedViewView",
    "Shelf",
    "forget_presence",
    "present",
    "remove_view",
    "save_view",
    "saved_views",
    "shelf",
]

PRESENT_MAX = 20


@dataclass(frozen=True, kw_only=True)
class SavedViewView:
    """A saved view as a list offers it. `is_own` says that the reader may remove it."""

    id: UUID
    name: str
    query: str
    team: str
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class PresentView:
    """Somebody else who looks at the same place."""

    name: str
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What a list offers of saved views: `query` is its filter now, `here` the address to come back to."""

    place: str
    query: str
    here: str
    views: tuple[SavedViewView, ...]
    teams: tuple[str, ...]


def shelf(*, place: str, query: str, here: str, by: Actor) -> Shelf:
    """Return the saved views of a list beside its filter now."""
    return Shelf(
        place=place,
        query=rules.view_query(query),
        here=here,
        views=tuple(saved_views(place=place, by=by)),
        teams=tuple(sorted(by.teams)),
    )


def saved_views(*, place: str, by: Actor) -> list[SavedViewView]:
    """Return the reader's views of a list and those of their teams, by name."""
    rows = SavedView.objects.all().visible_to(by).filter(place=place).order_by("name", "id")
    return [_view(row, by) for row in rows]


def _view(row: SavedView, by: Actor) -> SavedViewView:
    return SavedViewView(
        id=row.id, name=row.name, query=row.query, team=row.team, is_own=row.person_id == person_of(by)
    )


@transaction.atomic
def save_view(*, place: str, name: str, query: str, team: str = "", by: Actor, at: datetime) -> SavedViewView:
    """Save a list's filter under a name, for oneself or for a team of one's own; the same name again replaces it."""
    person = _person(by)
    rules.require_place(place)
    if team and team not in by.teams:
        raise Invalid(_("this is no team of yours"), field="team")
    own = SavedView.objects.filter(person_id=person)
    words = rules.view_name(name)
    before = own.filter(place=place, name=words).first()
    if before is None and own.count() >= rules.VIEWS_MAX:
        raise Invalid(_("you have %(n)s views; remove one first") % {"n": rules.VIEWS_MAX}, field="name")
    values = {"query": rules.require_savable(rules.view_query(query)), "team": team, "saved_at": at}
    row, _made = SavedView.objects.update_or_create(
        person_id=person, place=place, name=words, defaults=values, create_defaults={"id": new_id(at), **values}
    )
    return _view(row, by)


@transaction.atomic
def remove_view(*, view_id: UUID, by: Actor) -> None:
    """Remove a view of one's own; one that a colleague shares is theirs to remove."""
    row = SavedView.objects.all().visible_to(by).filter(id=view_id).first()
    if row is None:
        raise NotVisible("there is no such view")
    if row.person_id != person_of(by):
        raise Forbidden("only who saved a view removes it")
    row.delete()


@transaction.atomic
def present(*, place: str, teams: Sequence[str], by: Actor, at: datetime) -> list[PresentView]:
    """Say that the actor looks at a place that these teams may see, and return who else does, the latest first.

    The caller has made sure that the actor may see the place. A service account looks at nothing.
    """
    person = person_of(by)
    if person is not None:
        Presence.objects.update_or_create(
            person_id=person, place=place, defaults={"teams": sorted(teams), "seen_at": at}
        )
    since = at - timedelta(seconds=rules.PRESENT_SECONDS)
    rows = Presence.objects.all().visible_to(by).filter(place=place, seen_at__gt=since).order_by("-seen_at")
    others = [row for row in rows[: PRESENT_MAX + 1] if row.person_id != person]
    names = access.names(ids={str(row.person_id) for row in others}, by=by)
    return [
        PresentView(name=names[str(row.person_id)], seen_at=row.seen_at)
        for row in others
        if str(row.person_id) in names
    ]


def forget_presence(*, at: datetime) -> int:
    """Forget who looked at what before the last minute; return how many glances."""
    forgotten, _each = Presence.objects.filter(seen_at__lt=at - timedelta(seconds=rules.PRESENT_SECONDS)).delete()
    return forgotten


def _person(by: Actor) -> UUID:
    person = person_of(by)
    if person is None:
        raise Invalid("only a person keeps views", field="by")
    return person
