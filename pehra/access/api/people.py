"""People: who is there, who is added, who is closed. Refuses to delete anybody: a person is closed, and stays named."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.deciding import require
from pehra.access.api.granting import require_within, teams_acting, teams_of_person
from pehra.access.api.second_wall import elevated
from pehra.access.api.sessions import end_all_of
from pehra.access.models import Person
from pehra.access.queries import PeopleFilters, PersonView
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger


def people(*, by: Actor, at: datetime) -> list[PersonView]:
    """Return the people the actor may see, with the grants that hold at that moment."""
    return queries.people(by=by, at=at)


def find_people(
    *, filters: PeopleFilters, after: str = "", limit: int, by: Actor, at: datetime
) -> tuple[list[PersonView], int]:
    """Return a page of the people that the actor may see and that fit, by address, and how many fit."""
    require(by, Permission.ACCESS_READ)
    return queries.find_people(by=by, at=at, filters=filters, after=after, limit=limit)


def person(*, person_id: UUID, by: Actor, at: datetime) -> PersonView:
    """Return one person with the grants that the actor may read; everybody may look at themselves."""
    own = str(person_id) == by.id
    row = (Person.objects.all() if own else queries.people_visible_to(by)).filter(id=person_id).first()
    if row is None:
        raise NotVisible(_("There is no such person."))
    held = queries.valid_grants(at).filter(person=row)
    return queries.view(row, held if own else held.filter(queries.readable(by)))


def names(*, ids: Iterable[str], by: Actor) -> dict[str, str]:
    """Return the names of those actors the reader may know: people of its own teams and organisations, and itself.

    They are those of the reader's language, where somebody has a name in it.
    """
    return queries.names(ids=set(ids), by=by)


def colleagues(*, teams: Iterable[str], by: Actor, at: datetime) -> dict[str, str]:
    """Return the names, by actor id, of those who work in these teams, as far as they are the actor's own teams."""
    return queries.colleagues(teams=teams, by=by, at=at)


def person_by_email(*, email: str, by: Actor) -> UUID:
    """Return the id of the person with this address; one the actor may not see is not there."""
    person = queries.people_visible_to(by).filter(email=email.strip().lower()).first()
    if person is None:
        raise NotVisible(_("There is no person with the address %(email)s.") % {"email": email})
    return person.id


@transaction.atomic
@elevated(part="access.people", only_people=True)
def add_person(*, email: str, name: str, language: str = "en", name_local: str = "", by: Actor, at: datetime) -> UUID:
    """Add somebody who may be granted roles; the same address again returns the person already there, unchanged."""
    require(by, Permission.ACCESS_GRANT)
    return _add(email=email, name=name, language=language, name_local=name_local, service=False, by=by, at=at)


@transaction.atomic
@elevated(part="access.people", only_people=True)
def add_service_account(*, name: str, email: str, by: Actor, at: datetime) -> UUID:
    """Add an account that a program acts by: it holds roles and tokens, and never signs in."""
    require(by, Permission.ACCESS_GRANT)
    return _add(email=email, name=name, language="en", name_local="", service=True, by=by, at=at)


def _add(*, email: str, name: str, language: str, name_local: str, service: bool, by: Actor, at: datetime) -> UUID:
    """Write somebody new down, with the entry; the same address again is the one already there."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("%(email)s is not an e-mail address") % {"email": email}, field="email") from error
    if not name.strip():
        raise Invalid(_("a person needs a name"), field="name")
    if language not in dict(settings.LANGUAGES):
        known = ", ".join(code for code, _name in settings.LANGUAGES)
        raise Invalid(
            _("%(code)s is no language of the pages; these are: %(known)s") % {"code": language, "known": known},
            field="language",
        )
    fields = {
        "id": new_id(at),
        "name": name.strip(),
        "name_local": name_local.strip(),
        "language": language,
        "password": make_password(None),
        "service": service,
        "created_at": at,
    }
    person, created = Person.objects.get_or_create(email=address, defaults=fields)
    if created:
        ledger.record(
            "access.person.added",
            subject=f"person:{person.id}",
            by=by,
            at=at,
            teams=teams_acting(by),
            facts={"language": language, "service": service},
        )
    if person.service is not service:
        raise Invalid(_("this address is taken by another kind of account"), field="email")
    return person.id


@transaction.atomic
@elevated(part="access.people", only_people=True)
def open_person(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Make a closed person active again: what they still hold counts again, so only who could give it may."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    require_within(person_id, by=by, at=at)
    if not reason.strip():
        raise Invalid(_("say why"), field="reason")
    if Person.objects.filter(id=person_id, active=False).update(active=True):
        _record("access.person.opened", person_id, reason=reason, by=by, at=at)


@transaction.atomic
@elevated(part="access.people", only_people=True)
def close_person(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Make a person inactive: their sessions end, their links and tokens stop working."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    require_within(person_id, by=by, at=at)
    if Person.objects.filter(id=person_id, active=True).update(active=False):
        _record("access.person.closed", person_id, reason=reason, by=by, at=at)
        end_all_of(person_id, why="closed", by=by, at=at)


def _record(event: str, person_id: UUID, *, reason: str, by: Actor, at: datetime) -> None:
    teams = teams_of_person(person_id, at=at)
    ledger.record(event, subject=f"person:{person_id}", by=by, at=at, teams=teams, facts={"reason": reason})
