"""The door of `incidents`: the only module that other parts import.

An incident has an owner, clocks and a proof. It opens by law from findings, or by hand; it closes only when nothing
is owed. A clock never stops silently, fires each of its warnings once, and every act here leaves its entry in the
ledger.
"""

from pehra.incidents.api.advancing import advance_clocks
from pehra.incidents.api.changing import (
    move,
    open_incident,
    record_stage_sent,
    set_severity,
    state_facts,
    supply_moment,
    withdraw_clock,
)
from pehra.incidents.api.evidence import (
    Sealed,
    add_evidence,
    ask_for_stamp,
    check_evidence,
    give_out_evidence,
    hand_over_evidence,
    keep_evidence_until,
    quarantine_evidence,
)
from pehra.incidents.api.opening import open_from_findings
from pehra.incidents.api.stamping import stamp_due
from pehra.incidents.queries import (
    ClockView,
    Counts,
    DueView,
    Heading,
    IncidentList,
    IncidentPage,
    IncidentView,
    MomentView,
    SideView,
    counts,
    every_incident,
    heading,
    heading_of,
    incident,
    incidents,
    next_clocks,
)
from pehra.incidents.queries.evidence import (
    CustodyView,
    EvidenceView,
    StampView,
    custody_export,
    evidence,
    one_evidence,
)
from pehra.incidents.queries.of_findings import finding_ids, live_with_findings
from pehra.incidents.rules.clocks import ClockRefused, ClockState
from pehra.incidents.rules.states import MoveRefused, State
from pehra.incidents.rules.working import working_teams

__all__ = [
    "ClockRefused",
    "ClockState",
    "ClockView",
    "Counts",
    "CustodyView",
    "DueView",
    "EvidenceView",
    "Heading",
    "IncidentList",
    "IncidentPage",
    "IncidentView",
    "MomentView",
    "MoveRefused",
    "Sealed",
    "SideView",
    "StampView",
    "State",
    "add_evidence",
    "advance_clocks",
    "ask_for_stamp",
    "check_evidence",
    "counts",
    "custody_export",
    "every_incident",
    "evidence",
    "finding_ids",
    "give_out_evidence",
    "hand_over_evidence",
    "heading",
    "heading_of",
    "incident",
    "incidents",
    "keep_evidence_until",
    "live_with_findings",
    "move",
    "next_clocks",
    "one_evidence",
    "open_from_findings",
    "open_incident",
    "quarantine_evidence",
    "record_stage_sent",
    "set_severity",
    "stamp_due",
    "state_facts",
    "supply_moment",
    "withdraw_clock",
    "working_teams",
]
