"""Groups of a ministry's directory: one for each role from the beginning, and the directory's own.

Who is in a group of a role holds that role in the directory's scope. A group of the directory's own gives what it names
as its role, or nothing. Refuses to rename or remove the groups of the roles, to name a role the directory may not give,
and members that are nobody of the same directory.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from scim2_models import PatchOp, SearchRequest
from scim2_models.path import AttrPath, CompareOperator, Comparison, ValuePath

from pehra.access.api import granting
from pehra.access.api.directory import (
    USER_COLUMNS,
    Taken,
    TooMany,
    Unchangeable,
    as_users,
    entries_of,
    matching,
    meta,
    narrowed,
    page_of,
    require_provided,
    require_version,
    uuid_of,
)
from pehra.access.api.memberships import Directory, settle
from pehra.access.api.second_wall import elevated
from pehra.access.models import DirectoryEntry, DirectoryGroup, DirectoryMember
from pehra.access.rules import directory as rules
from pehra.access.rules.directory import Group, GroupRole, Member, User
from pehra.access.rules.documents import is_clean
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger

BATCH = 1_000
_COLUMNS: dict[str, tuple[str, Callable[[str], str]]] = {
    "displayname": ("display_name_same", rules.same),
    "externalid": ("external_id", str),
}


def groups_of(directory: Directory) -> QuerySet[DirectoryGroup]:
    """Return the groups of a directory: the only way to one."""
    return DirectoryGroup.objects.filter(**directory.place)


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def ensure_role_groups(*, directory: Directory, at: datetime) -> None:
    """Let there be a group for each role that the directory may give."""
    there = set(groups_of(directory).filter(fixed=True).values_list("role", flat=True))
    missing = [role.value for role in directory.roles if role.value not in there]
    if missing:
        rows = [
            DirectoryGroup(
                id=new_id(at),
                display_name=role,
                display_name_same=rules.same(role),
                role=role,
                fixed=True,
                created_at=at,
                changed_at=at,
                **directory.place,
            )
            for role in missing
        ]
        # Two first requests at once: the second finds the first's.
        DirectoryGroup.objects.bulk_create(rows, ignore_conflicts=True)


def find_groups(*, directory: Directory, search: SearchRequest[Group], members: bool = True) -> tuple[int, list[Group]]:
    """Return how many groups of the directory fit, and those of the page; without their members when none are asked."""
    rows = groups_of(directory)
    first, last = page_of(search)
    if search.filter is None and search.sort_by is None:
        return rows.count(), _as_groups(rows[first:last], members=members)
    asked = members or "members" in f"{search.filter or ''} {search.sort_by or ''}".lower()
    found = matching(Group, _as_groups(narrowed(rows, search.filter, _COLUMNS), members=asked), search)
    return len(found), found[first:last]


def group(*, directory: Directory, group_id: str, members: bool = True) -> Group:
    """Return one group; another directory's is not there."""
    return _as_groups([_row(groups_of(directory), group_id)], members=members)[0]


def _row(rows: QuerySet[DirectoryGroup], group_id: str) -> DirectoryGroup:
    row = rows.filter(id=uuid_of(group_id)).first()
    if row is None:
        raise NotVisible(_("There is no such resource."))
    return row


def _as_groups(rows: Sequence[DirectoryGroup] | QuerySet[DirectoryGroup], *, members: bool = True) -> list[Group]:
    groups = list(rows)
    inside: dict[UUID, list[Member]] = {}
    if members:
        pairs = DirectoryMember.objects.filter(group__in=[row.id for row in groups])
        for group_id, entry_id in pairs.values_list("group_id", "entry_id"):
            inside.setdefault(group_id, []).append(Member(value=str(entry_id), ref=None, type="User"))
    return [_as_group(row, inside.get(row.id)) for row in groups]


def _as_group(row: DirectoryGroup, members: list[Member] | None) -> Group:
    document = Group(
        id=str(row.id),
        external_id=row.external_id or None,
        display_name=row.display_name,
        members=members,
        meta=meta("Group", row.created_at, row.changed_at, row.version),
    )
    if row.role:
        document[GroupRole] = GroupRole(role=row.role)
    return document


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def add_group(*, directory: Directory, said: Group, by: Actor, at: datetime) -> Group:
    """Add a group of the directory's own."""
    require_provided(directory, by=by)
    ensure_role_groups(directory=directory, at=at)
    if groups_of(directory).count() >= rules.GROUPS_MAX:
        raise TooMany(_("A directory has at most %(number)d groups.") % {"number": rules.GROUPS_MAX})
    row = DirectoryGroup(id=new_id(at), created_at=at, changed_at=at, **directory.place)
    _write(directory, row, said, new=True)
    _put(directory, row, _named(directory, _values(said)), by=by, at=at)
    _record(directory, "access.directory.group_added", row, {"role": row.role}, by=by, at=at)
    return group(directory=directory, group_id=str(row.id))


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def replace_group(
    *, directory: Directory, group_id: str, said: Group, version: str = "", by: Actor, at: datetime
) -> Group:
    """Make a group what is said, with exactly these members; the same again changes nothing."""
    require_provided(directory, by=by)
    row = _for_change(directory, group_id, version)
    _replace(directory, row, said, by=by, at=at)
    return group(directory=directory, group_id=group_id)


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def patch_group(
    *, directory: Directory, group_id: str, patch: PatchOp[Group], version: str = "", by: Actor, at: datetime
) -> None:
    """Change parts of a group, all or none. Members that come and go are not looked for among all the others."""
    require_provided(directory, by=by)
    row = _for_change(directory, group_id, version)
    moves = [_move(operation) for operation in patch.operations or []]
    if all(move is not None for move in moves):
        _come_and_go(directory, row, [move for move in moves if move is not None], by=by, at=at)
        return
    document = _as_groups([row])[0]
    patch.patch(document, scim_policy=rules.POLICY)
    _replace(directory, row, document, by=by, at=at)


@transaction.atomic
@elevated(part="access.directory", only_people=True)
def remove_group(*, directory: Directory, group_id: str, version: str = "", by: Actor, at: datetime) -> None:
    """Remove a group of the directory's own; its members lose what it gave them."""
    require_provided(directory, by=by)
    row = _for_change(directory, group_id, version)
    if row.fixed:
        raise Unchangeable(_("The group of a role is always there: take out its members instead."))
    _put(directory, row, set(), by=by, at=at)
    _record(directory, "access.directory.group_removed", row, {"role": row.role}, by=by, at=at)
    row.delete()


def _for_change(directory: Directory, group_id: str, version: str) -> DirectoryGroup:
    row = _row(groups_of(directory).select_for_update(), group_id)
    require_version(row.version, version)
    return row


def _replace(directory: Directory, row: DirectoryGroup, said: Group, *, by: Actor, at: datetime) -> None:
    former = (row.display_name, row.external_id, row.role)
    _write(directory, row, said)
    changed = (row.display_name, row.external_id, row.role) != former
    moved = _put(directory, row, _named(directory, _values(said)), by=by, at=at)
    if row.role != former[2]:
        _settle_all(directory, row, {row.role, former[2]}, by=by, at=at)
    if changed:
        _record(directory, "access.directory.group_changed", row, {"role": row.role}, by=by, at=at)
    if changed or moved:
        DirectoryGroup.objects.filter(id=row.id).update(version=F("version") + 1, changed_at=at)


def _settle_all(directory: Directory, row: DirectoryGroup, roles: set[str], *, by: Actor, at: datetime) -> None:
    people = DirectoryEntry.objects.filter(memberships__group=row).values_list("person_id", flat=True)
    settle(directory, list(people), roles=roles - {""}, by=by, at=at)


def _write(directory: Directory, row: DirectoryGroup, said: Group, *, new: bool = False) -> None:
    """Write a group; refuse a name that another has, a role that may not be given, and a change of a role's group."""
    name, extension = said.display_name or "", said[GroupRole]
    role = (extension.role if extension else None) or ""
    texts = (name, said.external_id or "", role)
    if not name.strip() or not all(len(text) <= rules.TEXT_CHARACTERS_MAX and is_clean(text) for text in texts):
        raise Invalid(_("a group has a name, and no text is longer than %(number)d") % {"number": 254})
    if row.fixed and (name != row.display_name or (role or row.role) != row.role):
        raise Unchangeable(_("The group of a role keeps its name and its role."))
    if role and role not in {offered.value for offered in directory.roles}:
        raise Invalid(_("this directory may not give the role that is named"), field="role")
    row.display_name, row.display_name_same = name, rules.same(name)
    row.external_id, row.role = said.external_id or "", row.role if row.fixed else role
    try:
        with transaction.atomic():
            row.save(force_insert=new)
    except IntegrityError as error:
        raise Taken(_("Another group of this directory has this displayName.")) from error


def _values(said: Group) -> list[str | None]:
    return [member.value for member in said.members or []]


def _named(directory: Directory, members: Iterable[str | None]) -> set[UUID]:
    """Return the entries that are named as members; refuse who is nobody of this directory."""
    wanted = {uuid_of(member) for member in members}
    if len(wanted) > rules.MEMBERS_MAX:
        raise TooMany(_("A group has at most %(number)d members.") % {"number": rules.MEMBERS_MAX})
    known = set(entries_of(directory).filter(id__in=wanted).values_list("id", flat=True))
    if wanted - known:
        raise Invalid(_("a member is nobody of this directory"), field="members")
    return known


def _put(directory: Directory, row: DirectoryGroup, wanted: set[UUID], *, by: Actor, at: datetime) -> bool:
    """Let exactly these entries be in a group; say whether that changed anything."""
    there = set(row.members.values_list("entry_id", flat=True))
    return _apply(directory, row, wanted - there, there - wanted, by=by, at=at)


def _apply(
    directory: Directory, row: DirectoryGroup, come: set[UUID], go: set[UUID], *, by: Actor, at: datetime
) -> bool:
    if not come and not go:
        return False
    row.members.filter(entry__in=go).delete()
    rows = [DirectoryMember(group=row, entry_id=entry) for entry in sorted(come)]
    DirectoryMember.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    moved = DirectoryEntry.objects.filter(id__in=come | go)
    moved.update(version=F("version") + 1, changed_at=at)
    if row.role:
        settle(directory, list(moved.values_list("person_id", flat=True)), roles={row.role}, by=by, at=at)
    facts = {"came": len(come), "went": len(go), "role": row.role}
    _record(directory, "access.directory.members_changed", row, facts, by=by, at=at)
    return True


_Move = tuple[bool, list[str]]  # whether they come, and who


def _move(operation: Any) -> _Move | None:
    """Return an operation on members as who comes or goes; nothing when it is another operation."""
    node = operation.path.ast if operation.path is not None and str(operation.path) else None
    values = operation.value if isinstance(operation.value, list) else [operation.value]
    named = [value.get("value") for value in values if isinstance(value, dict)]
    texts = [text for text in named if isinstance(text, str)]
    if isinstance(node, AttrPath) and (node.attr.lower(), node.sub_attr) == ("members", None):
        if len(texts) != len(values) or operation.op not in ("add", "remove"):
            return None
        return operation.op == "add", texts
    if isinstance(node, ValuePath) and node.attr_path.attr.lower() == "members" and operation.op == "remove":
        inner = node.val_filter
        if isinstance(inner, Comparison) and inner.op is CompareOperator.eq and node.sub_attr is None:
            one = inner.value if inner.attr_path.attr.lower() == "value" else None
            return (False, [one]) if isinstance(one, str) else None
    return None


def _come_and_go(directory: Directory, row: DirectoryGroup, moves: list[_Move], *, by: Actor, at: datetime) -> None:
    last: dict[UUID, bool] = {}
    for comes, texts in moves:
        last.update({uuid_of(text): comes for text in texts})
    come = _named(directory, [str(entry) for entry, comes in last.items() if comes])
    there = set(row.members.filter(entry__in=last).values_list("entry_id", flat=True))
    go = {entry for entry, comes in last.items() if not comes} & there
    if row.members.count() + len(come - there) - len(go) > rules.MEMBERS_MAX:
        raise TooMany(_("A group has at most %(number)d members.") % {"number": rules.MEMBERS_MAX})
    if _apply(directory, row, come - there, go, by=by, at=at):
        DirectoryGroup.objects.filter(id=row.id).update(version=F("version") + 1, changed_at=at)


def _record(
    directory: Directory, event: str, row: DirectoryGroup, facts: dict[str, object], *, by: Actor, at: datetime
) -> None:
    teams = granting.teams_of(directory.scope)
    ledger.record(event, subject=directory.subject, by=by, at=at, teams=teams, facts={"group": str(row.id)} | facts)


def find_resources(*, directory: Directory, search: SearchRequest[Any]) -> tuple[int, list[Any]]:
    """Return how many people and groups of the directory fit, and those of the page."""
    first, last = page_of(search)
    people = as_users(narrowed(entries_of(directory), search.filter, USER_COLUMNS))
    groups = _as_groups(narrowed(groups_of(directory), search.filter, _COLUMNS))
    found = search.sort([*matching(User, people, search), *matching(Group, groups, search)])
    return len(found), found[first:last]
