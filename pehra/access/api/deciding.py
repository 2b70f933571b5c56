"""The one answer to "may they?", and who somebody is at a moment.

Refuses by default: an actor without a valid grant sees nothing and may do nothing. A use case of any part asks
`require` before it changes something; what may not even be seen is refused earlier, by `visible_to`, as absent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.models import Person
from pehra.access.rules import wall
from pehra.access.rules.roles import Permission, ScopeKind
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, NotVisible


def may(by: Actor, permission: Permission, *, teams: Iterable[str] | None = None, organisation: str = "") -> bool:
    """Whether the actor may do this to something of these teams or this organisation; at all, when none is named."""
    return wall.allows(by, permission, teams=teams, organisation=organisation)


def require(by: Actor, permission: Permission, *, teams: Iterable[str] | None = None, organisation: str = "") -> None:
    """Refuse, unless the actor may do this to something of these teams or this organisation."""
    if not may(by, permission, teams=teams, organisation=organisation):
        raise Forbidden(
            _("You may see this, but your role does not allow it (%(permission)s).") % {"permission": permission.value}
        )


def narrowed(by: Actor, permission: Permission) -> Actor:
    """Return the actor with only the constituencies where it holds the permission; refuse when there is none."""
    require(by, permission)
    return wall.narrowed(by, permission)


def actor_for(*, person_id: UUID, at: datetime) -> Actor:
    """Return a person as an actor, with what they hold at that moment; one unknown or inactive is not there."""
    person = Person.objects.filter(id=person_id).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    return actor_of(person, at=at)


def actor_of(person: Person, *, at: datetime) -> Actor:
    """Return somebody whose row was just read as an actor, for this part's own use; one inactive is not there."""
    if not person.active:
        raise NotVisible(_("There is no such person."))
    granted = queries.granted_to(person.id, at=at)
    return as_actor(person.id, name=person.name, service=person.service, granted=granted)


def as_actor(person: UUID, *, name: str, service: bool, granted: Sequence[wall.Granted]) -> Actor:
    """Return somebody as an actor who holds what they are granted, for this part's own use."""
    wide = any(grant.scope.kind in (ScopeKind.GUIDED, ScopeKind.NATIONAL) for grant in granted)
    return wall.actor_of(
        id=str(person),
        kind=ActorKind.SERVICE if service else ActorKind.PERSON,
        name=name,
        granted=granted,
        parents=queries.team_parents() if wide else {},
    )
