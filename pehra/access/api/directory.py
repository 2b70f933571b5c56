"""People by their own ministry's directory (SCIM 2.0): added, changed, ended, in the one scope that a token is for.

The directory keeps entries; a person is joined to one by their address. What the directory is told is its own entry and
nothing of the person: a known address and an unknown one look alike, and an entry of another directory is not there.
Refuses to rename, close or re-address anybody who is somebody else's too, and to touch what people gave.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from scim2_models import Context, Meta, PatchOp, SearchRequest
from scim2_models.path import ScimFilter

from pehra.access.api import granting
from pehra.access.api.deciding import actor_for
from pehra.access.api.memberships import Directory, close_if_bare, is_its_own, open_again, settle
from pehra.access.api.second_wall import elevated
from pehra.access.models import DirectoryEntry, DirectoryMember, OneTimeLink, Person
from pehra.access.rules import directory as rules
from pehra.access.rules import wall
from pehra.access.rules.directory import User
from pehra.access.rules.documents import is_clean
from pehra.access.rules.filters import certain
from pehra.access.rules.roles import Permission, ScopeKind
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger

KEPT = ("name", "displayName", "preferredLanguage", "emails")


class Taken(Refusal):
    """Another entry of the same directory has this name or is this person."""


class Stale(Refusal):
    """The resource was changed since the caller read it."""


class Unchangeable(Refusal):
    """This may not be changed or removed, by anybody."""


class TooMany(Refusal):
    """More than a directory may have, or a request may name."""


def provided_scopes(by: Actor) -> list[Scope]:
    """Return the teams and organisations whose people an actor may provide."""
    provider = wall.narrowed(by, Permission.ACCESS_PROVISION)
    if not wall.allows(provider, Permission.ACCESS_PROVISION):
        return []
    return [
        *(Scope(kind=ScopeKind.ORGANISATION, code=code) for code in sorted(provider.organisations)),
        *(Scope(kind=ScopeKind.TEAM, code=code) for code in sorted(provider.teams)),
    ]


@elevated(part="access.directory", only_people=True)
def directory_for(*, kind: str = "", code: str = "", by: Actor, at: datetime) -> Directory:
    """Return the directory that an actor provides: the one that is named, or the only one there is.

    One that is not the actor's is not there. A role that needs a second person, or by which one gives roles to others,
    is given by people alone.
    """
    scopes = provided_scopes(by)
    if not scopes and not by.is_system:
        raise Forbidden(_("This token does not provide people: it needs the permission access.provision in a scope."))
    if kind:
        scopes = [scope for scope in scopes if (scope.kind.value, scope.code) == (kind, code)]
    if by.is_system and kind:
        scopes = [Scope(kind=ScopeKind(kind), code=code)]
    if not scopes:
        raise NotVisible(_("There is no such resource."))
    if len(scopes) > 1:
        raise Forbidden(
            _("The holder of this token stands for several scopes. Name one in the address: .../organisations/CODE/...")
        )
    scope = scopes[0]
    holder = by if by.is_system else actor_for(person_id=UUID(by.id), at=at)
    roles = tuple(
        role
        for role in rules.roles_in(scope.kind)
        if granting.may_grant(holder, role=role, scope=scope)
        and not granting.needs_second_person(role=role, scope=scope, at=at)
    )
    return Directory(scope=scope, roles=roles)


def require_provided(directory: Directory, *, by: Actor) -> None:
    """Refuse a directory that is not the actor's, whoever it was handed on by: to them it is not there."""
    if not by.is_system and directory.scope not in provided_scopes(by):
        raise NotVisible(_("There is no such resource."))


def entries_of(directory: Directory) -> QuerySet[DirectoryEntry]:
    """Return the entries of a directory, without those it removed: the only way to one."""
    return DirectoryEntry.objects.filter(deleted_at__isnull=True, **directory.place)


def find_users(*, directory: Directory, search: SearchRequest[User]) -> tuple[int, list[User]]:
    """Return how many people of the directory fit, and those of the page."""
    rows = entries_of(directory)
    first, last = page_of(search)
    if search.filter is None and search.sort_by is None:
        return rows.count(), as_users(rows[first:last])
    users = matching(User, as_users(narrowed(rows, search.filter, USER_COLUMNS)), search)
    return len(users), users[first:last]


USER_COLUMNS: dict[str, tuple[str, Callable[[str], str]]] = {
    "username": ("user_name_same", rules.same),
    "externalid": ("external_id", str),
}


def narrowed(rows: QuerySet[Any], filter: Any, columns: dict[str, tuple[str, Callable[[str], str]]]) -> QuerySet[Any]:
    """Return the rows that a filter may hold for, by what the database knows; the rest is judged on the documents."""
    for name, value in (certain(filter.ast) if filter is not None else {}).items():
        if name in columns:
            column, form = columns[name]
            rows = rows.filter(**{column: form(value)})
        elif name == "id":
            rows = rows.filter(id=uuid_of(value))
    return rows


def page_of(search: SearchRequest[Any]) -> tuple[int, int]:
    """Return where the page of a search begins and ends."""
    first = min(search.start_index_0 or 0, rules.PEOPLE_MAX)
    count = rules.RESULTS_DEFAULT if search.count is None else min(search.count, rules.RESULTS_MAX)
    return first, first + count


def matching(model: type[Any], resources: Sequence[Any], search: SearchRequest[Any]) -> list[Any]:
    """Return the resources that fit, in the order that is asked for."""
    if search.filter is not None:
        bound = ScimFilter.__class_getitem__(model)(str(search.filter))
        resources = [resource for resource in resources if bound.match(resource)]
    return search.sort(resources)


def uuid_of(text: str | None) -> UUID:
    """Return an id as a directory writes it; what is none is the id of nothing."""
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)


def as_users(rows: Sequence[DirectoryEntry] | QuerySet[DirectoryEntry]) -> list[User]:
    """Return entries as documents, with the groups they are in."""
    entries = list(rows)
    groups: dict[UUID, list[rules.Membership]] = {}
    members = DirectoryMember.objects.filter(entry__in=[entry.id for entry in entries])
    for entry_id, group_id, name in members.values_list("entry_id", "group_id", "group__display_name"):
        said = rules.Membership(value=str(group_id), ref=None, display=name, type="direct")
        groups.setdefault(entry_id, []).append(said)
    return [_as_user(entry, groups.get(entry.id)) for entry in entries]


def _as_user(entry: DirectoryEntry, groups: list[rules.Membership] | None) -> User:
    said = entry.attributes
    return User(
        id=str(entry.id),
        external_id=entry.external_id or None,
        user_name=entry.user_name,
        name=rules.Name(**said["name"]) if said.get("name") else None,
        display_name=said.get("displayName"),
        preferred_language=said.get("preferredLanguage"),
        active=entry.active,
        emails=[rules.Email(**email) for email in said["emails"]],
        groups=groups,
        meta=meta("User", entry.created_at, entry.changed_at, entry.version),
    )


def meta(kind: str, created: datetime, changed: datetime, version: int) -> Meta:
    """Return what is said about a resource; where it stands is the entry point's to say."""
    return Meta(resource_type=kind, created=created, last_modified=changed, version=f'W/"{version}"')


def user(*, directory: Directory, user_id: str) -> User:
    """Return one entry; another directory's is not there."""
    return as_users([_entry(entries_of(directory), user_id)])[0]


def _entry(rows: QuerySet[DirectoryEntry], user_id: str) -> DirectoryEntry:
    row = rows.filter(id=uuid_of(user_id)).first()
    if row is None:
        raise NotVisible(_("There is no such resource."))
    return row


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def add_user(*, directory: Directory, said: User, by: Actor, at: datetime) -> User:
    """Add an entry, and the person when nobody has their address."""
    require_provided(directory, by=by)
    if entries_of(directory).count() >= rules.PEOPLE_MAX:
        raise TooMany(_("A directory has at most %(number)d people.") % {"number": rules.PEOPLE_MAX})
    if said.active is None:
        said.active = True
    entry = DirectoryEntry(id=new_id(at), created_at=at, changed_at=at, **directory.place)
    _join(entry, said, by=by, at=at)
    _write(entry, said, new=True)
    _stand(directory, entry, by=by, at=at)
    _record(directory, "access.directory.added", entry, {}, by=by, at=at)
    return user(directory=directory, user_id=str(entry.id))


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def replace_user(*, directory: Directory, user_id: str, said: User, version: str = "", by: Actor, at: datetime) -> User:
    """Make an entry what is said; the same again changes nothing."""
    require_provided(directory, by=by)

    def replaced(current: User) -> User:
        said.replace(current)
        return said

    return _change(directory, user_id, replaced, version=version, by=by, at=at)


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def patch_user(
    *, directory: Directory, user_id: str, patch: PatchOp[User], version: str = "", by: Actor, at: datetime
) -> User:
    """Change parts of an entry, all or none."""
    require_provided(directory, by=by)

    def patched(current: User) -> User:
        patch.patch(current, scim_policy=rules.POLICY)
        return current

    return _change(directory, user_id, patched, version=version, by=by, at=at)


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def remove_user(*, directory: Directory, user_id: str, version: str = "", by: Actor, at: datetime) -> None:
    """End an entry, its memberships and what it says; the person stays, for the acts they did."""
    require_provided(directory, by=by)
    entry = _entry(entries_of(directory).select_for_update(), user_id)
    require_version(entry.version, version)
    entry.memberships.all().delete()
    DirectoryEntry.objects.filter(id=entry.id).update(deleted_at=at, changed_at=at, attributes={}, external_id="")
    settle(directory, [entry.person_id], by=by, at=at)
    close_if_bare(entry, by=by, at=at)
    _record(directory, "access.directory.removed", entry, {}, by=by, at=at)


def require_version(current: int, version: str) -> None:
    """Refuse when the caller read another version than this one; not naming one is naming any."""
    named = {part.strip().removeprefix("W/").strip('"') for part in version.split(",") if part.strip()}
    if named and "*" not in named and str(current) not in named:
        raise Stale(_("This was changed since you read it."))


def _change(
    directory: Directory, user_id: str, change: Callable[[User], User], *, version: str, by: Actor, at: datetime
) -> User:
    entry = _entry(entries_of(directory).select_for_update(), user_id)
    require_version(entry.version, version)
    before = as_users([entry])[0]
    said = change(before.model_copy(deep=True))
    changed = _differences(before, said)
    if not changed:
        return before
    former = entry.person_id
    _join(entry, said, by=by, at=at, directory=directory)
    entry.version, entry.changed_at = entry.version + 1, at
    _write(entry, said)
    if entry.person_id != former:
        left = DirectoryEntry(id=entry.id, person_id=former)
        settle(directory, [former], by=by, at=at)
        close_if_bare(left, by=by, at=at)
    if entry.person_id != former or "active" in changed:
        _stand(directory, entry, by=by, at=at)
    if is_its_own(directory, entry.person_id):
        _follow(entry, said)
    _record(directory, "access.directory.changed", entry, {"changed": changed}, by=by, at=at)
    return user(directory=directory, user_id=str(entry.id))


def _differences(before: User, after: User) -> list[str]:
    """Return the names of the attributes that a directory changed: what they say now stays out of the ledger."""
    one, other = _said(before), _said(after)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _said(document: User) -> dict[str, Any]:
    said = document.model_dump(scim_ctx=Context.DEFAULT)
    return {name: said[name] for name in ("userName", "externalId", "active", *KEPT) if name in said}


def _write(entry: DirectoryEntry, document: User, *, new: bool = False) -> None:
    """Write an entry; refuse a name or a person that another entry of the directory has."""
    said = _said(document)
    entry.user_name = document.user_name or ""
    entry.user_name_same = rules.same(entry.user_name)
    entry.external_id = document.external_id or ""
    entry.active = document.active
    entry.attributes = {name: said[name] for name in KEPT if name in said}
    try:
        with transaction.atomic():
            entry.save(force_insert=new)
    except IntegrityError as error:
        raise Taken(_("Another user of this directory has this userName or this address.")) from error


def _check(document: User) -> str:
    """Return the address that a person signs in by; refuse a document that names none, or says too much."""
    if not all(len(text) <= rules.TEXT_CHARACTERS_MAX and is_clean(text) for text in rules.texts_of(_said(document))):
        raise Invalid(_("a text has at most %(number)d characters") % {"number": rules.TEXT_CHARACTERS_MAX})
    if not (document.user_name or "").strip():
        raise Invalid(_("a user has a userName"), field="userName")
    emails = document.emails or []
    if len(emails) > rules.EMAILS_MAX or sum(bool(email.primary) for email in emails) > 1:
        raise Invalid(
            _("a user has at most %(number)d addresses, one of them primary") % {"number": rules.EMAILS_MAX},
            field="emails",
        )
    address = rules.address_of(document)
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("%(email)s is not an e-mail address") % {"email": address}, field="emails") from error
    return address


def _join(entry: DirectoryEntry, said: User, *, by: Actor, at: datetime, directory: Directory | None = None) -> None:
    """Point an entry at the person of its address: the one it has, re-addressed, or another, known or new."""
    address = _check(said)
    if directory is not None:
        current = Person.objects.select_for_update().get(id=entry.person_id)
        if current.email == address:
            return
        unknown = not Person.objects.filter(email=address).exists()
        if unknown and is_its_own(directory, current.id):
            _readdress(current, address, by=by, at=at)
            return
    fields = {
        "id": new_id(at),
        "name": rules.name_of(said),
        "language": _language(said),
        "password": make_password(None),
        "created_at": at,
    }
    person, made = Person.objects.get_or_create(email=address, defaults=fields)
    entry.person, entry.made_person = person, made
    if made:
        facts = {"language": person.language, "service": False, "how": "directory"}
        scope = (
            Scope(kind=ScopeKind.TEAM, code=entry.team)
            if entry.team
            else Scope(kind=ScopeKind.ORGANISATION, code=entry.organisation)
        )
        teams = granting.teams_of(scope)
        ledger.record("access.person.added", subject=f"person:{person.id}", by=by, at=at, teams=teams, facts=facts)


def _readdress(person: Person, address: str, *, by: Actor, at: datetime) -> None:
    """Give a person of this directory alone another address; links that went to the former one end."""
    from allauth.account.models import EmailAddress

    Person.objects.filter(id=person.id).update(email=address)
    EmailAddress.objects.filter(user_id=person.id, email__iexact=person.email).update(email=address)
    OneTimeLink.objects.filter(person=person, used_at__isnull=True, issued_at__lt=at, expires_at__gt=at).update(
        expires_at=at
    )
    teams = granting.teams_of_person(person.id, at=at)
    facts = {"how": "directory"}
    ledger.record("access.email.changed", subject=f"person:{person.id}", by=by, at=at, teams=teams, facts=facts)


def _language(said: User) -> str:
    return rules.language_of(said, known=[code for code, _name in settings.LANGUAGES], otherwise="en")


def _follow(entry: DirectoryEntry, said: User) -> None:
    """Let the name and language of a person of this directory alone be what it says."""
    Person.objects.filter(id=entry.person_id).update(name=rules.name_of(said), language=_language(said))


def _stand(directory: Directory, entry: DirectoryEntry, *, by: Actor, at: datetime) -> None:
    """Let an entry that is active hold what its groups say, and one that is not hold nothing."""
    if entry.active is not False:
        open_again(entry, by=by, at=at)
    settle(directory, [entry.person_id], by=by, at=at)
    if entry.active is False:
        close_if_bare(entry, by=by, at=at)


def _record(
    directory: Directory, event: str, entry: DirectoryEntry, facts: dict[str, object], *, by: Actor, at: datetime
) -> None:
    teams = granting.teams_of(directory.scope)
    told = {"person": str(entry.person_id), "entry": str(entry.id)} | facts
    ledger.record(event, subject=directory.subject, by=by, at=at, teams=teams, facts=told)
