"""Triage: what becomes of reports. One act about one or about many, with its reason, and the way back.

Each is one transaction: rows locked, permission, change, a ledger entry for every report, and what was before kept
beside the act, whose id takes it back, minutes or weeks later. Nothing is copied or moved: a merged report keeps all
its own, so that taking it out again loses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import api as incidents
from pehra.intake import queries
from pehra.intake.api.choosing import LEADS_TO, Chosen, locked
from pehra.intake.api.handing_on import end_news, hand_on
from pehra.intake.models import Report, TriageAct, TriageChange
from pehra.intake.rules import states
from pehra.intake.rules.acts import NEEDS_REASON, Act
from pehra.intake.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger

REASON_LENGTH_MAX = 2_000
ROWS_A_STATEMENT = 500
EVENTS: Mapping[Act, str] = {
    Act.OPEN: "intake.opened",
    Act.JOIN: "intake.joined",
    Act.MERGE: "intake.merged",
    Act.DISMISS: "intake.dismissed",
    Act.REOPEN: "intake.reopened",
    Act.ASSIGN: "intake.assigned",
    Act.HAND_OVER: "intake.handed_over",
}
WRITTEN = (
    "state", "state_reason", "incident", "merged_into_id", "assignee", "lead_team", "teams", "working_teams"
)  # fmt: skip
STATELESS: Mapping[str, Any] = {"incident": "", "merged_into_id": None}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done: `token` takes it back, where that can be; `reports` are named up to a limit."""

    token: UUID
    act: Act
    count: int
    reports: tuple[str, ...]


@transaction.atomic
def join(*, chosen: Chosen, incident: str, reason: str = "", by: Actor, at: datetime) -> Done:
    """Say that reports belong to a live incident. The incident's own history says so too."""
    rows = locked(Act.JOIN, chosen, by=by)
    known = incidents.incident(incident, by=by).incident
    if known.ended_at is not None:
        raise Invalid(
            _("%(reference)s has ended: open a new incident instead") % {"reference": known.reference}, field="incident"
        )
    done = decide(Act.JOIN, rows, {"incident": known.reference}, chosen=chosen, reason=reason, by=by, at=at)
    hand_on(rows, incident=known.reference, at=at)
    facts = {"reports": len(rows), "first": rows[0].reference, "act": str(done.token)}
    ledger.record("intake.joined", subject=known.reference, by=by, at=at, teams=known.teams, facts=facts)
    return done


@transaction.atomic
def merge(*, chosen: Chosen, into: str, reason: str, by: Actor, at: datetime) -> Done:
    """Say that reports tell what another one tells: they stand behind it, whole. Taken back by the act's token."""
    named = queries.find(into, by=by)
    access.require(by, Permission.INTAKE_TRIAGE, teams=named.working_teams or named.teams)
    rows = locked(Act.MERGE, chosen, by=by, head=named.merged_into_id or named.id)
    head = Report.objects.filter(id=named.merged_into_id or named.id).first()
    if head is None or head.merged_into_id is not None:
        raise states.MoveRefused(
            _("%(reference)s stands behind another report: merge into that one") % {"reference": named.reference},
            field="into",
        )
    behind = Report.objects.filter(merged_into__in=[row.id for row in rows]).values_list("reference", flat=True)
    if behind:
        raise states.MoveRefused(
            _("others are merged into it already: %(reports)s") % {"reports": ", ".join(behind[:5])}, field="into"
        )
    done = decide(Act.MERGE, rows, {"merged_into_id": head.id}, chosen=chosen, reason=reason, by=by, at=at)
    if head.incident:
        hand_on(rows, incident=head.incident, at=at)
    return done


@transaction.atomic
def dismiss(*, chosen: Chosen, reason: str, by: Actor, at: datetime) -> Done:
    """Say, with a reason, that nothing follows from reports. More of one brings it back by itself."""
    return decide(Act.DISMISS, locked(Act.DISMISS, chosen, by=by), {}, chosen=chosen, reason=reason, by=by, at=at)


@transaction.atomic
def reopen(*, chosen: Chosen, reason: str, by: Actor, at: datetime) -> Done:
    """Put reports back into the queue, whatever was decided, but that an incident was opened."""
    return decide(Act.REOPEN, locked(Act.REOPEN, chosen, by=by), {}, chosen=chosen, reason=reason, by=by, at=at)


@transaction.atomic
def assign(*, chosen: Chosen, assignee: str, by: Actor, at: datetime) -> Done:
    """Give reports to somebody who works in one of their teams, to oneself, or (empty) to nobody."""
    rows = locked(Act.ASSIGN, chosen, by=by)
    if assignee and assignee != by.id:
        known = access.colleagues(teams={team for row in rows for team in row.working_teams}, by=by, at=at)
        if assignee not in known:
            raise Invalid(_("nobody of these teams"), field="assignee")
    return decide(Act.ASSIGN, rows, {"assignee": assignee}, chosen=chosen, reason="", by=by, at=at)


@transaction.atomic
def hand_over(*, chosen: Chosen, team: str, reason: str, by: Actor, at: datetime) -> Done:
    """Give reports to another team, which leads from now on and is told; who read them before reads them still."""
    rows = locked(Act.HAND_OVER, chosen, by=by)
    access.require_known_team(team)
    done = decide(
        Act.HAND_OVER,
        rows,
        lambda row: {
            "lead_team": team,
            "teams": list(dict.fromkeys([team, *row.teams])),
            "working_teams": list(dict.fromkeys([team, *row.working_teams])),
            "assignee": "",
        },
        chosen=chosen,
        reason=reason,
        by=by,
        at=at,
    )
    Report.objects.filter(id__in=[row.id for row in rows]).update(told_at=None)
    return done


def decide(
    act: Act,
    rows: Sequence[Report],
    changes: Mapping[str, Any] | Callable[[Report], Mapping[str, Any]],
    *,
    chosen: Chosen,
    reason: str,
    by: Actor,
    at: datetime,
) -> Done:
    """Write one act about locked reports: the change, what was before it, and a ledger entry for each."""
    words = _reason(reason, needed=act in NEEDS_REASON)
    token = new_id(at)
    befores = {row.id: kept(row) for row in rows}
    teams_before = {row.id: list(row.teams) for row in rows}
    end_news([row for row in rows if row.has_news], by=by, at=at)
    for row in rows:
        if act in LEADS_TO:
            states.require_move(State(row.state), LEADS_TO[act], reference=row.reference)
            put(row, {**STATELESS, "state": LEADS_TO[act].value, "state_reason": words})
        put(row, changes(row) if callable(changes) else changes)
        row.has_news, row.changed_at = False, at
    Report.objects.bulk_update(rows, [*columns(), "has_news", "changed_at"], batch_size=ROWS_A_STATEMENT)
    teams = sorted({team for row in rows for team in row.teams})
    record = TriageAct.objects.create(
        id=token,
        act=act,
        reason=words,
        filters=chosen.filters.as_json() if chosen.filters is not None else {},
        count=len(rows),
        teams=teams,
        acted_by=by.id,
        acted_at=at,
    )
    _keep(record, rows, befores)
    ledger.record_many(
        [_entry(EVENTS[act], row, befores[row.id], teams_before[row.id], record, by=by, at=at) for row in rows]
    )
    return Done(token=token, act=act, count=len(rows), reports=tuple(row.reference for row in rows[:ROWS_A_STATEMENT]))


def _keep(record: TriageAct, rows: Sequence[Report], befores: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Keep of each report the columns that the act changed, before and after."""
    changed = []
    for row in rows:
        before, after = befores[row.id], kept(row)
        names = [name for name in WRITTEN if before[name] != after[name]]
        changed.append(
            TriageChange(
                act=record,
                report=row,
                before={name: before[name] for name in names},
                after={name: after[name] for name in names},
            )
        )
    TriageChange.objects.bulk_create(changed, batch_size=ROWS_A_STATEMENT)


def _entry(
    event: str,
    row: Report,
    before: Mapping[str, Any],
    teams_before: Sequence[str],
    act: TriageAct,
    *,
    by: Actor,
    at: datetime,
) -> ledger.Entry:
    after = kept(row)
    facts: dict[str, Any] = {"act": str(act.id), "together": act.count, "reason": act.reason}
    for name in ("state", "incident", "merged_into_id", "assignee", "lead_team"):
        if before[name] != after[name]:
            facts[name.removesuffix("_id")] = {"from": before[name], "to": after[name]}
    teams = list(dict.fromkeys([*teams_before, *row.teams]))
    return ledger.Entry(event=event, subject=row.reference, by=by, at=at, teams=teams, facts=facts)


def kept(row: Report) -> dict[str, Any]:
    """Return the columns that acts write, as JSON keeps them."""
    return {name: str(value) if isinstance(value := getattr(row, name), UUID) else value for name in WRITTEN}


def put(row: Report, values: Mapping[str, Any]) -> None:
    """Set columns of a row; nothing is written yet."""
    for name, value in values.items():
        setattr(row, name, value)


def columns() -> list[str]:
    """Return the fields behind the columns that acts write."""
    return [name.removesuffix("_id") for name in WRITTEN]


def _reason(text: str, *, needed: bool) -> str:
    words = text.strip()
    if needed and not words:
        raise Invalid(_("say why"), field="reason")
    if len(words) > REASON_LENGTH_MAX:
        raise Invalid(_("longer than %(n)s characters") % {"n": REASON_LENGTH_MAX}, field="reason")
    return words
