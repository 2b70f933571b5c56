"""Giving and taking away roles: each in one scope, for a time, with a reason, never wider than the giver's own.

A role that the profile names needs a second person: `grant` refuses it to one alone and says so, `ask_for_grant` asks.
The machine's own command line gives directly, because somebody must be the first; the ledger says that it did.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.scopes import require_known
from pehra.access.api.second_wall import elevated
from pehra.access.models import Grant, Person
from pehra.access.rules import delegation, wall
from pehra.access.rules.roles import NOT_FOR_SERVICES, Permission, Role, ScopeKind
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.law import api as law
from pehra.ledger import api as ledger


class NeedsSecondPerson(Refusal):
    """One alone may not do this: another who could do it too must agree."""


def policy(*, at: datetime) -> law.AccessPolicy:
    """Return how access is kept on that day, by the profile."""
    profile = law.load(settings.PEHRA_PROFILE)
    return law.access_policy(profile, on=law.day_of(profile, at))


def needs_second_person(*, role: Role, scope: Scope, at: datetime) -> bool:
    """Whether the profile wants two people for this role in this scope."""
    rule = policy(at=at)
    return role.value in rule.four_eyes or (
        role.value in rule.four_eyes_national and scope.kind in (ScopeKind.NATIONAL, ScopeKind.GUIDED)
    )


def may_grant(by: Actor, *, role: Role, scope: Scope) -> bool:
    """Whether the actor may give this role in this scope, by what they hold and who answers for the scope."""
    return delegation.may_grant(by, role=role, scope=scope, led_by=queries.answering_team(scope))


@transaction.atomic
@elevated(part="access.granting", only_people=True)
def grant(
    *,
    person_id: UUID,
    role: Role | str,
    team: str = "",
    guided: bool = False,
    organisation: str = "",
    national: bool = False,
    council: bool = False,
    until: datetime | None = None,
    reason: str,
    by: Actor,
    at: datetime,
) -> UUID:
    """Give a person a role in one scope from now on; a grant that already holds is returned, not doubled.

    Nobody gives more than they hold, nor anything to themselves, nor alone what the profile wants two people for.
    """
    scope = scope_named(role, team=team, guided=guided, organisation=organisation, national=national, council=council)
    person = check_grant(person_id=person_id, role=Role(role), scope=scope, until=until, reason=reason, by=by, at=at)
    if str(person.id) == by.id:
        raise Forbidden(_("Nobody gives a role to themselves. Ask somebody who may give it."))
    if not by.is_system and needs_second_person(role=Role(role), scope=scope, at=at):
        raise NeedsSecondPerson(_("This role needs a second person. Ask for it; another who may give it decides."))
    extra: dict[str, object] = {"alone": "the machine's own command"} if by.is_system else {}
    return write_grant(
        person=person, role=Role(role), scope=scope, until=until, reason=reason, granted_by=by.id, facts=extra,
        by=by, at=at,
    )  # fmt: skip


def scope_named(
    role: Role | str, *, team: str, guided: bool, organisation: str, national: bool, council: bool
) -> Scope:
    """Return the scope that was named for a role; refuse what is no role or not one scope that it can have."""
    if role not in set(Role):
        raise Invalid(_("%(role)s is not a role") % {"role": role}, field="role")
    return wall.scope_of(
        role=Role(role), team=team, guided=guided, organisation=organisation, national=national, council=council
    )


def check_grant(
    *, person_id: UUID, role: Role, scope: Scope, until: datetime | None, reason: str, by: Actor, at: datetime
) -> Person:
    """Refuse what may not be given or asked for; return the person, locked."""
    if not may_grant(by, role=role, scope=scope):
        raise Forbidden(_("You may give only roles that lie within your own."))
    require_known(scope)
    if not reason.strip():
        raise Invalid(_("a grant says why"), field="reason")
    if until is not None and until <= at:
        raise Invalid(_("a grant ends after it starts"), field="until")
    person = Person.objects.select_for_update().filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    if person.service and role in NOT_FOR_SERVICES:
        raise Invalid(_("This role is held by people, not by service accounts."), field="role")
    return person


def write_grant(
    *,
    person: Person,
    role: Role,
    scope: Scope,
    until: datetime | None,
    reason: str,
    granted_by: str,
    how: str = "given",
    facts: dict[str, object] | None = None,
    event: str = "access.granted",
    by: Actor,
    at: datetime,
) -> UUID:
    """Write a checked grant and its ledger entry; one that holds already in the same words is returned."""
    where = columns_of(scope)
    held = queries.valid_grants(at).filter(person=person, role=role.value, valid_until=until, how=how, **where).first()
    if held is not None:
        return held.id
    review = None if how == "glass" else at + policy(at=at).review_every
    row = Grant.objects.create(
        id=new_id(at),
        person=person,
        role=role.value,
        valid_from=at,
        valid_until=until,
        reason=reason.strip(),
        granted_by=granted_by,
        how=how,
        review_due_at=review,
        **where,
    )
    told = {"grant": str(row.id), "role": role.value, "scope": str(scope), "until": until, "reason": row.reason}
    ledger.record(event, subject=f"person:{person.id}", by=by, at=at, teams=teams_of(scope), facts=told | (facts or {}))
    return row.id


def columns_of(scope: Scope) -> dict[str, str | bool]:
    """Return a scope as the columns of a stored grant."""
    return {
        "team": scope.code if scope.kind in (ScopeKind.TEAM, ScopeKind.GUIDED) else "",
        "guided": scope.kind is ScopeKind.GUIDED,
        "organisation": scope.code if scope.kind is ScopeKind.ORGANISATION else "",
        "national": scope.kind is ScopeKind.NATIONAL,
        "council": scope.kind is ScopeKind.COUNCIL,
    }


def teams_of(scope: Scope) -> list[str]:
    """Return the teams that may read in the ledger about a grant: its own, or the one that answers for its scope."""
    code = scope.code if scope.kind in (ScopeKind.TEAM, ScopeKind.GUIDED) else queries.answering_team(scope)
    return [code] if code else []


def teams_of_person(person_id: UUID, *, at: datetime) -> list[str]:
    """Return the teams that read in the ledger of what happens to a person's account.

    Those of all that they hold; of somebody who holds nothing any more, those of all that they held.
    """
    scopes = {granted.scope for granted in queries.granted_to(person_id, at=at)}
    if not scopes:
        scopes = {queries.scope_of_row(row) for row in Grant.objects.filter(person_id=person_id)}
    return sorted({team for scope in scopes for team in teams_of(scope)})


def teams_acting(by: Actor) -> list[str]:
    """Return the teams for whom somebody gives access: what they do for nobody's team yet is theirs to read."""
    giver = wall.narrowed(by, Permission.ACCESS_GRANT)
    below = {team for guide, circle in giver.guided if guide in giver.teams for team in circle - {guide}}
    own = {Scope(kind=ScopeKind.ORGANISATION, code=code) for code in giver.organisations}
    return sorted((giver.teams - below) | {team for scope in own for team in teams_of(scope)})


@transaction.atomic
@elevated(part="access.granting", only_people=True)
def revoke(*, grant_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """End a grant now; ending one that has ended is nothing."""
    row = for_change(grant_id, by=by)
    if not may_grant(by, role=Role(row.role), scope=queries.scope_of_row(row)):
        raise Forbidden(_("You may take away only roles that lie within your own."))
    if not reason.strip():
        raise Invalid(_("say why it ends"), field="reason")
    if row.valid_until is None or row.valid_until > at:
        end_grant(row, reason=reason, by=by, at=at)


def for_change(grant_id: UUID, *, by: Actor) -> Grant:
    """Return a grant, locked; one that the actor may not read is not there."""
    row = Grant.objects.select_for_update().filter(queries.readable(by), id=grant_id).first()
    if row is None:
        raise NotVisible(_("There is no such grant."))
    return row


def end_grant(row: Grant, *, reason: str, by: Actor, at: datetime, facts: dict[str, object] | None = None) -> None:
    """End a locked grant now, with its entry; its end is then never written down a second time."""
    Grant.objects.filter(id=row.id).update(valid_until=max(at, row.valid_from), end_recorded=True)
    told = {"grant": str(row.id), "role": row.role, "scope": str(queries.scope_of_row(row)), "reason": reason}
    ledger.record(
        "access.revoked",
        subject=f"person:{row.person_id}",
        by=by,
        at=at,
        teams=teams_of(queries.scope_of_row(row)),
        facts=told | (facts or {}),
    )


@elevated(part="access.within", only_people=True)
def within(person_id: UUID, *, by: Actor, at: datetime) -> bool:
    """Whether all that a person holds lies within the actor's own hands."""
    try:
        require_within(person_id, by=by, at=at)
    except Forbidden:
        return False
    return True


def require_within(person_id: UUID, *, by: Actor, at: datetime) -> None:
    """Refuse when a person holds a role outside the actor's own: nobody reaches further by another's account."""
    held = queries.granted_to(person_id, at=at)
    if not all(may_grant(by, role=granted.role, scope=granted.scope) for granted in held):
        raise Forbidden(_("You may give only roles that lie within your own."))
