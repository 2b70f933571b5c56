"""What reading incidents gives: frozen records for pages, commands and other parts.

A template receives these and can start no query. `as_json` gives the keys that the contract names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.queries.news import NewsView
from pehra.incidents.rules import clocks as clock_rules
from pehra.incidents.rules.clocks import OWN_MOMENT, ClockState
from pehra.incidents.rules.states import State
from pehra.kernel.clock import format_time
from pehra.ledger import api as ledger


@dataclass(frozen=True, kw_only=True)
class ClockView:
    """One stage of one duty, as shown. Of one that several owe, the most pressing stands for all `together`."""

    id: UUID
    duty: str
    stage: str
    order: int
    owed_by: str
    owed_to: tuple[str, ...]
    copy_to: tuple[str, ...]
    start_event: str
    started_at: datetime | None
    due_at: datetime | None
    warn_at: datetime | None
    state: ClockState
    because: Mapping[str, Any]
    forward_to: tuple[str, ...]
    is_provisional: bool
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    due_soon_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_reason: str
    organisation: str = ""
    together: int = 1

    @property
    def is_owed(self) -> bool:
        """Whether this clock still holds its incident open."""
        return self.state in clock_rules.OWED

    @property
    def is_by_own_moment(self) -> bool:
        """Whether it counts from a moment of its organisation alone, and not from the incident's."""
        return OWN_MOMENT in self.because.get("facts", {})

    def as_json(self) -> dict[str, Any]:
        """Return the clock as the contract names its keys."""
        return {
            "duty": self.duty,
            "stage": self.stage,
            "due": format_time(self.due_at) if self.due_at else None,
            "state": self.state.value,
            "because": dict(self.because),
            "owed_by": self.owed_by,
            "organisation": self.organisation or None,
            "together": self.together,
            "owed_to": list(self.owed_to),
            "starts": format_time(self.started_at) if self.started_at else None,
            "start_event": self.start_event,
            "own_moment": self.is_by_own_moment,
            "copy_to": list(self.copy_to),
            "forward_to": list(self.forward_to),
            "provisional": self.is_provisional,
            "notes": list(self.notes),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, kw_only=True)
class IncidentView:
    """One incident as a list shows it."""

    id: UUID
    reference: str
    title: str
    state: State
    severity: str
    severity_confirmed: bool
    tlp: str
    pap: str
    lead_team: str
    teams: tuple[str, ...]
    roles: tuple[Mapping[str, Any], ...]
    organisation: str
    organisation_name: str
    sector: str
    territory: str
    taxonomy: str
    type: str
    widespread: bool
    opened_at: datetime
    ended_at: datetime | None
    findings: int
    organisations: int
    clocks: tuple[ClockView, ...]
    exercise: bool = False
    merged_into: str = ""
    parts: tuple[str, ...] = ()

    @property
    def informed(self) -> tuple[str, ...]:
        """Every team that knows of it and does not lead it."""
        return tuple(role["team"] for role in self.roles if role["role"] != "lead")

    @property
    def next_clock(self) -> ClockView | None:
        """The owed clock that comes first: overdue, due next, then unknown."""
        return next((clock for clock in self.clocks if clock.is_owed), None)

    @property
    def stages(self) -> tuple[ClockView, ...]:
        """The clocks in the order in which the law lists their stages."""
        return tuple(sorted(self.clocks, key=lambda clock: clock.order))

    def as_json(self) -> dict[str, Any]:
        """Return the incident as the contract names its keys."""
        return {
            "reference": self.reference,
            "title": self.title,
            "state": self.state.value,
            "severity": self.severity or None,
            "severity_confirmed": self.severity_confirmed,
            "tlp": self.tlp,
            "pap": self.pap,
            "lead": self.lead_team or None,
            "informed": list(self.informed),
            "organisation": self.organisation or None,
            "sector": self.sector or None,
            "territory": self.territory or None,
            "taxonomy": self.taxonomy or None,
            "type": self.type or None,
            "widespread": self.widespread,
            "exercise": self.exercise,
            "merged_into": self.merged_into or None,
            "parts": list(self.parts),
            "findings": self.findings,
            "organisations": self.organisations,
            "opened": format_time(self.opened_at),
            "ended": format_time(self.ended_at) if self.ended_at else None,
            "clocks": [clock.as_json() for clock in self.clocks],
        }


@dataclass(frozen=True, kw_only=True)
class MomentView:
    """A moment from which the law counts: when, who said so, and how far it can be trusted."""

    name: str
    moment: datetime
    by: str
    supplied_at: datetime
    note: str


@dataclass(frozen=True, kw_only=True)
class SideView:
    """An organisation that an incident concerns. `moments` are its own: what it owes counts from them first;
    `may_say` whether the reader may say them."""

    organisation: str
    name: str
    sector: str
    territory: str
    classes: tuple[str, ...] | None
    lead_team: str
    added_at: datetime
    moments: tuple[MomentView, ...] = ()
    may_say: bool = False


@dataclass(frozen=True, kw_only=True)
class MergeView:
    """That one incident is or was part of another."""

    part: str
    into: str
    reason: str
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str
    undone_reason: str


@dataclass(frozen=True, kw_only=True)
class IncidentPage:
    """One incident with everything that its page says and why.

    `attributes` are known to hold (None: nobody said anything of any), `attributes_absent` not to; what stands in
    neither is not known. `unknown_attributes` are those among them on which a duty depends.
    """

    incident: IncidentView
    summary: str
    state_reason: str
    opened_by: str
    origin_rule: str
    because: tuple[Mapping[str, Any], ...]
    severity_because: Mapping[str, Any]
    marking_because: Mapping[str, Any]
    attributes: tuple[str, ...] | None
    attributes_absent: tuple[str, ...]
    unknown_attributes: tuple[str, ...]
    moments: tuple[MomentView, ...]
    unknown_moments: tuple[str, ...]
    missing: tuple[str, ...]
    sides: tuple[SideView, ...]
    finding_ids: tuple[UUID, ...]
    timeline: tuple[ledger.EntryView, ...]
    moves: tuple[State, ...]
    impact: Mapping[str, Any]
    merges: tuple[MergeView, ...]
    news: tuple[NewsView, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the page as the contract names its keys, with the reasons beside it."""
        return self.incident.as_json() | {
            "summary": self.summary,
            "roles": [dict(role) for role in self.incident.roles],
            "because": [dict(reason) for reason in self.because],
            "severity_because": dict(self.severity_because),
            "marking_because": dict(self.marking_because),
            "moments": {moment.name: format_time(moment.moment) for moment in self.moments},
            "attributes": list(self.attributes) if self.attributes is not None else None,
            "attributes_absent": list(self.attributes_absent),
            "missing": list(self.missing),
            "impact": dict(self.impact),
            "news": [{"report": one.report, "since": format_time(one.since)} for one in self.news],
            "sides": [
                {
                    "organisation": side.organisation or None,
                    "name": side.name,
                    "sector": side.sector or None,
                    "moments": {moment.name: format_time(moment.moment) for moment in side.moments},
                }
                for side in self.sides
            ],
            "finding_ids": [str(finding) for finding in self.finding_ids],
            "timeline": [
                {"event": entry.event, "at": format_time(entry.at), "by": entry.by, "facts": entry.facts}
                for entry in self.timeline
            ],
        }


@dataclass(frozen=True, kw_only=True)
class IncidentList:
    """A page of incidents, newest first; `following` continues it, None at the end."""

    rows: tuple[IncidentView, ...]
    following: UUID | None


@dataclass(frozen=True, kw_only=True)
class DueView:
    """A clock with the incident that it belongs to."""

    clock: ClockView
    incident: IncidentView


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many of each the actor can see: live incidents and owed clocks."""

    live: int
    new: int
    widespread: int
    without_lead: int
    running: int
    due_soon: int
    overdue: int
    unknown: int
    waiting: int
