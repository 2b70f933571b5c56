"""One act on all findings that a filter finds: looked at first, done in one transaction, and taken back whole.

Who acts names how many they saw; when it is no longer as many, nothing is done. What was seen again, or changed by
somebody, in the meantime is not touched by taking back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import queries
from pehra.findings.api import moving
from pehra.findings.gateways.turns import take_turn
from pehra.findings.models import Finding, ManyChange
from pehra.findings.queries import Filters, FindingView
from pehra.findings.rules import states
from pehra.findings.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

MANY_MAX = 5_000
SHOWN_MAX = 10
UNDO_WITHIN = timedelta(days=7)


class ManyAct(StrEnum):
    """What may be said of many findings at once."""

    FIXED = "fixed"
    VERIFY = "verify"
    REOPEN = "reopen"


# What an act changes in a finding besides its state.
_CHANGED = {
    ManyAct.FIXED: ("fixed_at",),
    ManyAct.VERIFY: ("verified_at",),
    ManyAct.REOPEN: ("reopened", "reopened_at", "examined"),
}
_TO = {ManyAct.FIXED: State.FIXED, ManyAct.VERIFY: State.VERIFIED, ManyAct.REOPEN: State.OPEN}
_PERMISSION = {
    ManyAct.FIXED: Permission.FINDINGS_CHANGE,
    ManyAct.VERIFY: Permission.FINDINGS_VERIFY,
    ManyAct.REOPEN: Permission.FINDINGS_CHANGE,
}


@dataclass(frozen=True, kw_only=True)
class ManyPreview:
    """What an act would do: to how many, to which for instance, and how many it would leave as they are, and why."""

    act: ManyAct
    changes: int
    elsewhere: int  # their state does not allow it
    not_yours: int  # read, but not yours to change
    shown: tuple[FindingView, ...]
    newest: UUID | None  # of those it would change; what came in later was not looked at


@dataclass(frozen=True, kw_only=True)
class ManyDone:
    """What an act on many did; by `id` it is taken back."""

    id: UUID
    act: ManyAct
    changed: int


@dataclass(frozen=True, kw_only=True)
class ManyChangeView:
    """An act on many as its page shows it, with whether it may still be taken back."""

    id: UUID
    act: ManyAct
    reason: str
    changed: int
    changed_at: datetime
    changed_by: str
    undone_at: datetime | None
    may_undo: bool


@dataclass(frozen=True, kw_only=True)
class ManyUndone:
    """What taking back did: `kept` findings were changed by somebody else, or seen again, since."""

    restored: int
    kept: int


def preview_many(
    *, act: ManyAct | str, filters: Filters | None = None, ids: Sequence[UUID] = (), by: Actor
) -> ManyPreview:
    """Return what an act would do to all findings of a filter, or to those chosen; nothing is changed."""
    wanted = _act(act)
    rows = list(_asked(filters, ids, by=by))
    movable, elsewhere, not_yours = _parted(rows, wanted, by=by)
    shown = queries.by_ids([row.id for row in movable[:SHOWN_MAX]])
    return ManyPreview(
        act=wanted,
        changes=len(movable),
        elsewhere=elsewhere,
        not_yours=not_yours,
        shown=tuple(shown),
        newest=movable[0].id if movable else None,
    )


@transaction.atomic
def change_many(
    *,
    act: ManyAct | str,
    filters: Filters | None = None,
    ids: Sequence[UUID] = (),
    up_to: UUID | None = None,
    expected: int,
    reason: str,
    by: Actor,
    at: datetime,
) -> ManyDone:
    """Do an act to all findings of a filter, or to those chosen, if they are as many as its preview said.

    `up_to` is the newest that the preview would change: what came in since does not fill the place of what went.
    """
    wanted, words = _act(act), moving.words_of(reason)
    take_turn()
    rows = list(_asked(filters, ids, up_to=up_to, by=by).select_for_update())
    movable, _elsewhere, not_yours = _parted(rows, wanted, by=by)
    if not_yours and not movable:
        access.require(by, _PERMISSION[wanted], teams=rows[0].teams, organisation=rows[0].organisation)
    if len(movable) != expected:
        raise Invalid(
            f"it would be {len(movable)} findings now, and you saw {expected}: look at them again", field="expected"
        )
    if not movable:
        raise Invalid("none of these findings can be changed in this way", field="act")
    return carry_out(wanted, movable, reason=words, by=by, at=at)


def many_change(*, change_id: UUID, by: Actor, at: datetime) -> ManyChangeView:
    """Return an act on many; one that touched nothing of the actor's, and is not the actor's own, is not there."""
    row = ManyChange.objects.visible_to(by).filter(id=change_id).first()
    if row is None:
        raise NotVisible("There is no such change.")
    return ManyChangeView(
        id=row.id,
        act=ManyAct(row.act),
        reason=row.reason,
        changed=len(row.before),
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        undone_at=row.undone_at,
        may_undo=row.undone_at is None and at - row.changed_at <= UNDO_WITHIN,
    )


@transaction.atomic
def undo_many(*, change_id: UUID, by: Actor, at: datetime) -> ManyUndone:
    """Take an act on many back: each finding that is still as the act left it becomes what it was before."""
    take_turn()
    change = ManyChange.objects.visible_to(by).filter(id=change_id).select_for_update().first()
    if change is None:
        raise NotVisible("There is no such change.")
    if change.undone_at is not None:
        raise Invalid("this was taken back already", field="change")
    if at - change.changed_at > UNDO_WITHIN:
        raise Invalid("this is too long ago to be taken back at once; change each finding", field="change")
    wanted = ManyAct(change.act)
    rows = Finding.objects.visible_to(queries.reader(by)).filter(id__in=list(change.before)).select_for_update()
    found = [row for row in rows.order_by("id") if _may(row, wanted, by=by)]
    # It is taken back once: by half of it, nobody could take back the other half.
    if not found or (len(found) < len(change.before) and change.changed_by != by.id):
        raise Forbidden("not all of these findings are yours to change: who changed them takes it back")
    restored = take_back(change, found, by=by, at=at)
    return ManyUndone(restored=restored, kept=len(change.before) - restored)


def _asked(filters: Filters | None, ids: Sequence[UUID], *, up_to: UUID | None = None, by: Actor) -> Any:
    """Return the findings that are meant; of those chosen each must be there, as for an act on one."""
    rows = queries.fitting(by=by, filters=filters) if not ids else queries.readable(by).filter(id__in=ids)
    if ids and rows.count() < len(set(ids)):
        raise NotVisible("There is no such finding.")
    rows = (rows.filter(id__lte=up_to) if up_to else rows).order_by("-id")
    if rows[MANY_MAX : MANY_MAX + 1].exists():
        raise Invalid(f"more than {MANY_MAX} findings at once: narrow the filter", field="filters")
    return rows


def _parted(rows: Sequence[Finding], act: ManyAct, *, by: Actor) -> tuple[list[Finding], int, int]:
    """Return which rows the act changes, how many stand elsewhere, and how many are not the actor's to change."""
    movable, elsewhere, not_yours = [], 0, 0
    for row in rows:
        if _TO[act] not in states.MOVES[State(row.state)]:
            elsewhere += 1
        elif not _may(row, act, by=by):
            not_yours += 1
        else:
            movable.append(row)
    return movable, elsewhere, not_yours


def _may(row: Finding, act: ManyAct, *, by: Actor) -> bool:
    return access.may(by, _PERMISSION[act], teams=row.teams, organisation=row.organisation)


def carry_out(act: ManyAct, rows: Sequence[Finding], *, reason: str, by: Actor, at: datetime) -> ManyDone:
    """Do an act to locked rows that allow it, and keep what each was before; for this part's own use."""
    change = ManyChange.objects.create(
        id=new_id(at),
        act=act,
        reason=reason,
        before={str(row.id): {name: _kept(getattr(row, name)) for name in ("state", *_CHANGED[act])} for row in rows},
        teams=sorted({team for row in rows for team in row.teams}),
        changed_at=at,
        changed_by=by.id,
    )
    moving.move(rows, to=_TO[act], reason=reason, by=by, at=at, many=str(change.id))
    return ManyDone(id=change.id, act=act, changed=len(rows))


def take_back(change: ManyChange, rows: Iterable[Finding], *, reason: str = "", by: Actor, at: datetime) -> int:
    """Make locked rows what they were before an act, where they are as it left them; for this part's own use."""
    act = ManyAct(change.act)
    still = [row for row in rows if _is_untouched(row, change, act)]
    for row in still:
        _restore(row, change.before[str(row.id)])
    Finding.objects.bulk_update(still, ["state", *_CHANGED[act]], batch_size=500)
    ManyChange.objects.filter(id=change.id).update(undone_at=at, undone_by=by.id)
    ledger.record_many([_undone_entry(row, change, reason=reason, by=by, at=at) for row in still])
    return len(still)


def _kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _is_untouched(row: Finding, change: ManyChange, act: ManyAct) -> bool:
    left = {
        ManyAct.FIXED: row.fixed_at,
        ManyAct.VERIFY: row.verified_at,
        ManyAct.REOPEN: row.reopened_at,
    }[act]
    return row.state == _TO[act] and left == change.changed_at


def _restore(row: Finding, before: dict[str, Any]) -> None:
    for name, said in before.items():
        setattr(row, name, datetime.fromisoformat(said) if said and name.endswith("_at") else said)


def _undone_entry(row: Finding, change: ManyChange, *, reason: str, by: Actor, at: datetime) -> ledger.Entry:
    facts = {"many": str(change.id), "act": change.act, "done": format_time(change.changed_at), "to": row.state}
    return ledger.Entry(
        event="findings.undone",
        subject=queries.finding_subject(row.id),
        by=by,
        at=at,
        teams=row.teams,
        facts=facts | ({"reason": reason} if reason else {}),
    )


def _act(text: ManyAct | str) -> ManyAct:
    try:
        return ManyAct(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is not an act on findings; one of: {', '.join(ManyAct)}", field="act") from error
