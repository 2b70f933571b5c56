"""People: who is there, who is added, who is closed. Refuses to delete anybody: a person is closed, and stays named."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.deciding import require
from pehra.access.api.granting import require_within
from pehra.access.models import Person
from pehra.access.queries import PersonView
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger


def people(*, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people the actor may see, with the grants that hold at that moment."""
    return queries.people(by=by, at=at)


def names(*, ids: Iterable[str], by: Actor) -> dict[str, str]:
    """Return the names of those actors the reader may know: people of its own teams and organisations, and itself."""
    return queries.names(ids=set(ids), by=by)


def person_by_email(*, email: str, by: Actor) -> UUID:
    """Return the id of the person with this address; one the actor may not see is not there."""
    person = queries.people_visible_to(by).filter(email=email.strip().lower()).first()
    if person is None:
        raise NotVisible(_("There is no person with the address %(email)s.") % {"email": email})
    return person.id


@transaction.atomic
def add_person(*, email: str, name: str, language: str = "en", name_local: str = "", by: Actor, at: datetime) -> UUID:
    """Add somebody who may be granted roles; the same address again returns the person already there, unchanged."""
    require(by, Permission.ACCESS_GRANT)
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("%(email)s is not an e-mail address") % {"email": email}, field="email") from error
    if not name.strip():
        raise Invalid(_("a person needs a name"), field="name")
    fields = {
        "id": new_id(at),
        "name": name.strip(),
        "name_local": name_local.strip(),
        "language": language,
        "password": make_password(None),
        "created_at": at,
    }
    person, created = Person.objects.get_or_create(email=address, defaults=fields)
    if created:
        ledger.record("access.person.added", subject=f"person:{person.id}", by=by, at=at, facts={"language": language})
    return person.id


@transaction.atomic
def close_person(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Make a person inactive: their next request is refused, their links stop working."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    require_within(person_id, by=by, at=at)
    if Person.objects.filter(id=person_id, active=True).update(active=False):
        ledger.record("access.person.closed", subject=f"person:{person_id}", by=by, at=at, facts={"reason": reason})
