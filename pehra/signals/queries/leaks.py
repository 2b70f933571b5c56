"""Reading leaks: what was handed in, and of its accounts those that the reader may see.

Whoever handed a leak in is told how many rows were read and set aside. How many of the others were of somebody known is
not for them: it would say which names are registered. An address is whole for whoever may act on its finding, and
masked for whoever may only read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible
from pehra.signals.models import Leak, LeakedAccount, LeakedAccountQuerySet, LeakQuerySet
from pehra.signals.rules import leaks as rules

PAGE_MAX = 500
NO_SUCH_LEAK = "There is no such leak."
NO_SUCH_ACCOUNT = "There is no such leaked account."


@dataclass(frozen=True, kw_only=True)
class LeakView:
    """A leak as its reader sees it. `accounts` counts what this reader may see.

    The numbers of rows are null for whoever did not hand it in; `known`, `strangers` and `kept` for every person.
    """

    id: UUID
    source: str
    tlp: str
    pap: str
    kind: str
    received_at: datetime
    received_by: str
    accounts: int
    organisations: int
    with_secret: int
    in_use: int
    rows_read: int | None = None
    duplicates: int | None = None
    set_aside_count: int | None = None
    set_aside: tuple[rules.SetAside, ...] = field(default_factory=tuple)
    known: int | None = None
    strangers: int | None = None
    kept: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """A leaked account. `masked` says that `address` is not whole; `testable` that a secret may be compared with it."""

    id: UUID
    leak: UUID
    source: str
    kind: str
    address: str
    masked: bool
    service: str
    leaked_at: datetime | None
    first_seen: datetime | None
    organisation: str
    lead_team: str
    teams: tuple[str, ...]
    secret_kind: str
    repeated: bool
    in_use: bool | None
    testable: bool


@dataclass(frozen=True, kw_only=True)
class LeakPage:
    """One leak with a page of its accounts; `next` is the cursor of the page after it."""

    leak: LeakView
    accounts: tuple[AccountView, ...]
    next: UUID | None


def reader(by: Actor) -> Actor:
    """Return the actor with only the constituencies where it reads findings; what is its own stays its own."""
    if not access.may(by, access.Permission.FINDINGS_READ):
        return replace(by, teams=frozenset(), organisations=frozenset())
    return access.narrowed(by, access.Permission.FINDINGS_READ)


def accounts(by: Actor) -> LeakedAccountQuerySet:
    """Return the leaked accounts that the actor may read."""
    return LeakedAccount.objects.all().visible_to(reader(by))


def leaks(*, by: Actor, organisation: str = "", before: UUID | None = None, limit: int = 100) -> list[LeakView]:
    """Return a page of leaks, newest first; `before` is the last id of the page before."""
    rows = Leak.objects.all().visible_to(reader(by))
    if organisation:
        _require_known(organisation, by=by)
        rows = rows.filter(id__in=accounts(by).filter(organisation=organisation).values("leak_id"))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return views(list(rows.order_by("-id")[: min(limit, PAGE_MAX)]), by=by)


def leak(*, leak_id: UUID, by: Actor, before: UUID | None = None, limit: int = 100) -> LeakPage:
    """Return one leak with the accounts that the reader may see; one of which it may see nothing is not there."""
    row = find(Leak.objects.all().visible_to(reader(by)), leak_id)
    rows = accounts(by).filter(leak=row)
    if before is not None:
        rows = rows.filter(id__lt=before)
    size = min(limit, PAGE_MAX)
    found = list(rows.order_by("-id")[: size + 1])
    page = found[:size]
    return LeakPage(
        leak=views([row], by=by)[0],
        accounts=tuple(account_view(account, by=by) for account in page),
        next=page[-1].id if len(found) > size else None,
    )


def leaked_accounts(
    *, by: Actor, organisation: str = "", before: UUID | None = None, limit: int = 100
) -> list[AccountView]:
    """Return a page of leaked accounts over all leaks, newest first."""
    rows = accounts(by)
    if organisation:
        _require_known(organisation, by=by)
        rows = rows.filter(organisation=organisation)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [account_view(row, by=by) for row in rows.order_by("-id")[: min(limit, PAGE_MAX)]]


def _require_known(code: str, *, by: Actor) -> None:
    """Refuse a filter that names nothing known: it would find nothing, which reads like an all-clear."""
    if not accounts(by).filter(organisation=code).exists():
        access.require_known_organisation(code, by=by)


def leaked_account(*, account_id: UUID, by: Actor) -> AccountView:
    """Return one leaked account; one the actor may not see is not there."""
    row = accounts(by).filter(id=account_id).first()
    if row is None:
        raise NotVisible(NO_SUCH_ACCOUNT)
    return account_view(row, by=by)


def find(rows: LeakQuerySet, leak_id: UUID) -> Leak:
    """Return one of some leaks, or refuse as if there were none."""
    row = rows.filter(id=leak_id).first()
    if row is None:
        raise NotVisible(NO_SUCH_LEAK)
    return row


def account_for_change(account_id: UUID, *, by: Actor) -> LeakedAccount:
    """Return a visible account, its row locked until the end of the transaction; the only way to change one."""
    row = accounts(by).filter(id=account_id).select_for_update().first()
    if row is None:
        raise NotVisible(NO_SUCH_ACCOUNT)
    return row


def account_view(row: LeakedAccount, *, by: Actor) -> AccountView:
    """Return a row as a view, its address whole or masked."""
    whole = is_whole(row, by=by)
    return AccountView(
        id=row.id,
        leak=row.leak_id,
        source=row.source,
        kind=rules.kind_of(row.source),
        address=row.address if whole else rules.masked(row.address),
        masked=not whole,
        service=row.service,
        leaked_at=row.leaked_at,
        first_seen=row.first_seen,
        organisation=row.organisation,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        secret_kind=row.secret_kind,
        repeated=row.repeated,
        in_use=row.in_use,
        testable=whole and bool(row.check_value) and row.secret_kind == rules.SecretKind.PASSWORD.value,
    )


def is_whole(row: LeakedAccount, *, by: Actor) -> bool:
    """Whether the actor sees the address whole: its own, or one whose finding it may change."""
    own = row.person_id is not None and str(row.person_id) == by.id
    return own or access.may(by, access.Permission.FINDINGS_CHANGE, teams=row.teams, organisation=row.organisation)


def views(rows: Sequence[Leak], *, by: Actor) -> list[LeakView]:
    """Return leaks as views, each counted over what the actor may see."""
    counted: dict[UUID, dict[str, Any]] = {
        row["leak_id"]: dict(row)
        for row in accounts(by)
        .filter(leak_id__in=[row.id for row in rows])
        .order_by()
        .values("leak_id")
        .annotate(
            accounts=Count("address", distinct=True),
            organisations=Count("organisation", distinct=True, filter=~Q(organisation="")),
            with_secret=Count("id", filter=~Q(secret_kind="")),
            in_use_count=Count("id", filter=Q(in_use=True)),
        )
    }
    return [_view(row, counted.get(row.id, {}), by=by) for row in rows]


def _view(row: Leak, counted: dict[str, Any], *, by: Actor) -> LeakView:
    handed_in = by.is_system or row.received_by == by.id
    whole = by.is_system
    return LeakView(
        id=row.id,
        source=row.source,
        tlp=row.tlp,
        pap=row.pap,
        kind=rules.kind_of(row.source),
        received_at=row.received_at,
        received_by=row.received_by,
        accounts=counted.get("accounts", 0),
        organisations=counted.get("organisations", 0),
        with_secret=counted.get("with_secret", 0),
        in_use=counted.get("in_use_count", 0),
        rows_read=row.rows_read if handed_in else None,
        duplicates=row.duplicates if handed_in else None,
        set_aside_count=row.set_aside_count if handed_in else None,
        set_aside=tuple(rules.SetAside(**said) for said in row.set_aside) if handed_in else (),
        known=row.known if whole else None,
        strangers=row.strangers if whole else None,
        kept=row.kept if whole else None,
    )
