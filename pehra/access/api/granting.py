"""Giving and taking away roles: each in one scope, for a time, with a reason, never wider than the giver's own."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.models import Grant, Person
from pehra.access.rules import wall
from pehra.access.rules.roles import Role
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger


@transaction.atomic
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

    Nobody gives more than they hold: a team's lead gives roles of that team, the platform's operator any.
    """
    if role not in set(Role):
        raise Invalid(_("%(role)s is not a role") % {"role": role}, field="role")
    where: dict[str, str | bool] = {
        "team": team,
        "guided": guided,
        "organisation": organisation,
        "national": national,
        "council": council,
    }
    scope = wall.scope_of(role=Role(role), **where)  # type: ignore[arg-type]
    if not wall.may_grant(by, role=Role(role), scope=scope):
        raise Forbidden(_("You may give only roles that lie within your own."))
    if not reason.strip():
        raise Invalid(_("a grant says why"), field="reason")
    if until is not None and until <= at:
        raise Invalid(_("a grant ends after it starts"), field="until")
    person = Person.objects.select_for_update().filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    held = queries.valid_grants(at).filter(person=person, role=Role(role).value, valid_until=until, **where).first()
    if held is not None:
        return held.id
    row = Grant.objects.create(
        id=new_id(at),
        person=person,
        role=Role(role).value,
        valid_from=at,
        valid_until=until,
        reason=reason.strip(),
        granted_by=by.id,
        **where,
    )
    ledger.record(
        "access.granted",
        subject=f"person:{person.id}",
        by=by,
        at=at,
        teams=[team] if team else [],
        facts={
            "grant": str(row.id),
            "role": Role(role).value,
            "scope": str(scope),
            "until": until,
            "reason": row.reason,
        },
    )
    return row.id


@transaction.atomic
def revoke(*, grant_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """End a grant now; ending one that has ended is nothing."""
    row = Grant.objects.select_for_update().filter(id=grant_id).first()
    if row is None or not queries.people_visible_to(by).filter(id=row.person_id).exists():
        raise NotVisible(_("There is no such grant."))
    if not wall.may_grant(by, role=Role(row.role), scope=queries.scope_of_row(row)):
        raise Forbidden(_("You may take away only roles that lie within your own."))
    if row.valid_until is not None and row.valid_until <= at:
        return
    Grant.objects.filter(id=row.id).update(valid_until=max(at, row.valid_from))
    facts = {"grant": str(row.id), "role": row.role, "reason": reason}
    ledger.record(
        "access.revoked",
        subject=f"person:{row.person_id}",
        by=by,
        at=at,
        teams=[row.team] if row.team else [],
        facts=facts,
    )


def require_within(person_id: UUID, *, by: Actor, at: datetime) -> None:
    """Refuse when a person holds a role outside the actor's own: nobody reaches further by another's account."""
    held = queries.granted_to(person_id, at=at)
    if not all(wall.may_grant(by, role=granted.role, scope=granted.scope) for granted in held):
        raise Forbidden(_("You may give only roles that lie within your own."))
