"""From what a directory says to the roles that hold: who is in a group of a role holds it, in the directory's scope.

A directory gives and takes only grants that came by a directory, in its own scope: what people gave stays, and so does
all that a person holds elsewhere. An account is closed only when a directory made it and nothing else is held, and is
opened again only when a directory closed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Greatest

from pehra.access import queries
from pehra.access.api.granting import columns_of, policy, teams_of, teams_of_person
from pehra.access.models import DirectoryEntry, DirectoryMember, Grant, Person
from pehra.access.rules.roles import Role
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger

HOW = "directory"
BATCH = 1_000


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One organisation's or team's own directory, and the roles that its groups may give."""

    scope: Scope
    roles: tuple[Role, ...]

    @property
    def place(self) -> dict[str, str]:
        """The scope as columns of what a directory keeps."""
        where = columns_of(self.scope)
        return {"organisation": str(where["organisation"]), "team": str(where["team"])}

    @property
    def subject(self) -> str:
        """The directory as the ledger names it."""
        return f"directory:{self.scope}"


def settle(
    directory: Directory, people: Iterable[UUID], *, roles: Iterable[str] | None = None, by: Actor, at: datetime
) -> None:
    """Give and end grants until these people hold what their groups say; with `roles`, those alone.

    Only the roles that an act is about: a role that a lead ended at review comes back when the directory says it anew,
    and not because somebody's name was spelt otherwise.
    """
    # Locked in order of their ids, so that two requests about the same people wait and never embrace.
    locked = Person.objects.select_for_update().filter(id__in=list(people)).order_by("id")
    services = {person.id: person.service for person in locked}
    wanted = _wanted(directory, [person for person, service in services.items() if not service])
    held = {
        (grant.person_id, grant.role): grant
        for grant in queries.valid_grants(at).filter(
            person_id__in=services, how=HOW, guided=False, national=False, council=False, **directory.place
        )
    }
    if roles is not None:
        only = set(roles)
        wanted = {pair for pair in wanted if pair[1] in only}
        held = {pair: grant for pair, grant in held.items() if pair[1] in only}
    _end(directory, [grant for pair, grant in held.items() if pair not in wanted], by=by, at=at)
    _give(directory, sorted(wanted - held.keys()), by=by, at=at)


def _wanted(directory: Directory, people: list[UUID]) -> set[tuple[UUID, str]]:
    """Return which people are to hold which roles, by the groups they are in."""
    rows = DirectoryMember.objects.filter(
        entry__person_id__in=people,
        entry__deleted_at__isnull=True,
        entry__organisation=directory.place["organisation"],
        entry__team=directory.place["team"],
        group__role__in=[role.value for role in directory.roles],
    ).exclude(entry__active=False)
    return set(rows.values_list("entry__person_id", "group__role"))


def _give(directory: Directory, pairs: list[tuple[UUID, str]], *, by: Actor, at: datetime) -> None:
    if not pairs:
        return
    review = at + policy(at=at).review_every
    reason = f"directory of {directory.scope.code}"
    grants = [
        Grant(
            id=new_id(at),
            person_id=person,
            role=role,
            valid_from=at,
            reason=reason,
            granted_by=by.id,
            how=HOW,
            review_due_at=review,
            **columns_of(directory.scope),
        )
        for person, role in pairs
    ]
    Grant.objects.bulk_create(grants, batch_size=BATCH)
    _record(directory, "access.granted", grants, {"until": None, "reason": reason}, by=by, at=at)


def _end(directory: Directory, grants: list[Grant], *, by: Actor, at: datetime) -> None:
    if not grants:
        return
    ended = Grant.objects.filter(id__in=[grant.id for grant in grants])
    ended.update(valid_until=Greatest(Value(at), F("valid_from")), end_recorded=True)
    reason = f"directory of {directory.scope.code}"
    _record(directory, "access.revoked", grants, {"reason": reason}, by=by, at=at)


def _record(
    directory: Directory, event: str, grants: list[Grant], facts: dict[str, object], *, by: Actor, at: datetime
) -> None:
    teams, scope = teams_of(directory.scope), str(directory.scope)
    ledger.record_many(
        [
            ledger.Entry(
                event=event,
                subject=f"person:{grant.person_id}",
                by=by,
                at=at,
                teams=teams,
                facts={"grant": str(grant.id), "role": grant.role, "scope": scope, "how": HOW} | facts,
            )
            for grant in grants
        ]
    )


def is_its_own(directory: Directory, person_id: UUID) -> bool:
    """Whether a person was made by this directory and never was anybody else's: then their name follows it."""
    entries = DirectoryEntry.objects.filter(person_id=person_id)
    if not entries.filter(made_person=True, **directory.place).exists():
        return False
    if entries.exclude(**directory.place).exists():
        return False
    return not Grant.objects.filter(person_id=person_id).exclude(how=HOW, **directory.place).exists()


def close_if_bare(entry: DirectoryEntry, *, by: Actor, at: datetime) -> None:
    """Close the account when a directory made it and nothing else is held; else leave it as it is."""
    made = DirectoryEntry.objects.filter(person_id=entry.person_id, made_person=True)
    said = DirectoryEntry.objects.filter(person_id=entry.person_id, deleted_at__isnull=True).exclude(active=False)
    if not made.exists() or said.exists() or queries.valid_grants(at).filter(person_id=entry.person_id).exists():
        return
    if Person.objects.filter(id=entry.person_id, active=True, service=False).update(active=False):
        DirectoryEntry.objects.filter(id=entry.id).update(closed_account=True)
        facts = {"reason": "its directory ended it, and nothing else is held"}
        _told(entry, "access.person.closed", facts, by=by, at=at)


def open_again(entry: DirectoryEntry, *, by: Actor, at: datetime) -> None:
    """Open an account that a directory closed; what people closed stays closed, and nobody is told."""
    closed = DirectoryEntry.objects.filter(person_id=entry.person_id, closed_account=True)
    if not closed.exists():
        return
    closed.update(closed_account=False)
    if Person.objects.filter(id=entry.person_id, active=False).update(active=True):
        _told(entry, "access.person.opened", {"reason": "its directory names it again"}, by=by, at=at)


def _told(entry: DirectoryEntry, event: str, facts: Mapping[str, object], *, by: Actor, at: datetime) -> None:
    teams = teams_of_person(entry.person_id, at=at)
    ledger.record(event, subject=f"person:{entry.person_id}", by=by, at=at, teams=teams, facts=facts)
