"""The way back: an act is undone by its token, now or weeks later.

Each report is again what it was before the act, unless somebody decided since about it, or about the one behind which
it stood: that decision stands, and the report is named. An incident that was opened is not undone here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake import queries
from pehra.intake.api.deciding import EVENTS, ROWS_A_STATEMENT, columns, kept, put
from pehra.intake.api.handing_on import end_news, hand_on
from pehra.intake.models import Report, TriageAct, TriageChange
from pehra.intake.rules.acts import UNDOABLE, Act
from pehra.intake.rules.states import MoveRefused, State
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.ledger import api as ledger

LEFT_NAMED_MAX = 20


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What was taken back, and which reports stay as they are since somebody decided about them later."""

    act: Act
    count: int
    left: tuple[str, ...]


@transaction.atomic
def undo(*, token: UUID, by: Actor, at: datetime) -> Undone:
    """Take an act back, by its token."""
    act = TriageAct.objects.all().visible_to(queries.reader(by)).filter(id=token).select_for_update().first()
    if act is None:
        raise NotVisible("there is no such act")
    access.require(by, Permission.INTAKE_TRIAGE, teams=act.teams)
    if Act(act.act) not in UNDOABLE:
        raise MoveRefused(_("an incident was opened: end it by its own states"), field="token")
    if act.undone_at is not None:
        raise MoveRefused(_("this was taken back already"), field="token")
    changes = {change.report_id: change for change in act.changes.all()}
    heads = _heads(changes)
    # Heads too, in the one order of all locks: what may stand behind them is decided here.
    locked = Report.objects.filter(id__in=[*changes, *heads.values()]).order_by("id")
    found = list(locked.select_for_update(of=("self",)))
    rows = [row for row in found if row.id in changes]
    ours = [row for row in rows if access.may(by, Permission.INTAKE_TRIAGE, teams=row.working_teams or row.teams)]
    # An act is taken back once: by a part of it, nobody could take back the rest.
    if not ours or (len(ours) < len(changes) and act.acted_by != by.id):
        raise Forbidden(_("not all of these reports are yours to decide about: who decided takes it back"))
    buried = _buried(heads, found)
    back = [row for row in ours if row.id not in buried and _is_as_left(row, changes[row.id])]
    if not back:
        raise MoveRefused(_("each of these was decided about since"), field="token")
    for row in back:
        put(row, changes[row.id].before)
        row.changed_at = at
    Report.objects.bulk_update(back, [*columns(), "changed_at"], batch_size=ROWS_A_STATEMENT)
    # What it belonged to is told nothing of it any more; what it belongs to again was not told what came meanwhile.
    end_news([row for row in back if row.has_news and "incident" in changes[row.id].before], by=by, at=at)
    for incident in {changes[row.id].before.get("incident") for row in back} - {None, ""}:
        hand_on([row for row in back if row.incident == incident], incident=incident, at=at)
    act.undone_at, act.undone_by = at, by.id
    act.save(update_fields=["undone_at", "undone_by"])
    event = f"{EVENTS[Act(act.act)]}.undone"
    facts = {"act": str(act.id), "together": len(back)}
    ledger.record_many(
        [ledger.Entry(event=event, subject=row.reference, by=by, at=at, teams=row.teams, facts=facts) for row in back]
    )
    stays = {row.id for row in back}
    left = tuple(row.reference for row in rows if row.id not in stays)[:LEFT_NAMED_MAX]
    return Undone(act=Act(act.act), count=len(back), left=left)


def _heads(changes: Mapping[UUID, TriageChange]) -> dict[UUID, UUID]:
    """Return behind which report each of them stood before the act, where it stood behind one."""
    into = {report: change.before.get("merged_into_id") for report, change in changes.items()}
    return {report: UUID(head) for report, head in into.items() if head}


def _buried(heads: Mapping[UUID, UUID], found: Sequence[Report]) -> set[UUID]:
    """Return those that may not go behind their head again: it stands behind another by now, or others behind them.

    Two reports behind each other would stand in nobody's queue.
    """
    if not heads:
        return set()
    standing = {row.id for row in found if row.state != State.MERGED}
    behind = Report.objects.filter(merged_into__in=list(heads)).values_list("merged_into_id", flat=True)
    return set(behind) | {report for report, head in heads.items() if head not in standing}


def _is_as_left(row: Report, change: TriageChange) -> bool:
    """Whether a report still is what the act made of it."""
    now = kept(row)
    return all(now[name] == value for name, value in change.after.items())
