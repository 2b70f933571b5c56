"""The door of `incidents`: the only module that other parts import.

An incident has an owner, clocks and a proof. It opens by law from findings, or by hand; it closes only when nothing
is owed. A clock never stops silently, fires each of its warnings once, and every act here leaves its entry in the
ledger.
"""

from pehra.incidents.api.advancing import advance_clocks
from pehra.incidents.api.affecting import add_asset, affect, remove_asset, state_impact, unaffect
from pehra.incidents.api.changing import (
    move,
    open_incident,
    record_stage_sent,
    set_severity,
    state_facts,
    withdraw_clock,
)
from pehra.incidents.api.consenting import answer_consent, ask_consent, asked, consents
from pehra.incidents.api.disposing import (
    ask_for_disposal,
    confirm_disposal,
    decline_disposal,
    destroyed_and_there,
    erase_destroyed,
    hold_evidence,
    lift_hold,
    run_out_disposals,
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
from pehra.incidents.api.exchanging import (
    Exported,
    document,
    document_format,
    formats_for,
    read_documents,
)
from pehra.incidents.api.history import HistorySummary, Unread, import_history
from pehra.incidents.api.lessons import add_lesson, answer_lesson, lessons, proposals
from pehra.incidents.api.linking import Parting, link, split, unlink
from pehra.incidents.api.marking import change_marking, mark_exercise
from pehra.incidents.api.merging import merge, unmerge
from pehra.incidents.api.moments import MOMENTS, supply_moment
from pehra.incidents.api.news import end_news, hand_in_observables, tell_news
from pehra.incidents.api.notes import NoteChanged, add_note, change_note, note_versions, notes
from pehra.incidents.api.observing import add_observables, judge_observable, remove_observable
from pehra.incidents.api.opening import open_from_findings
from pehra.incidents.api.phases import enter_phase
from pehra.incidents.api.playbooks import (
    PlaybookRefused,
    add_playbook,
    playbook,
    playbook_document,
    playbook_of_tasks,
    playbooks,
    retire_playbook,
    start_playbook,
)
from pehra.incidents.api.reminding import remind
from pehra.incidents.api.stamping import stamp_due
from pehra.incidents.api.tasks import add_task, change_task, may_be_given, move_task, my_tasks, tick, work
from pehra.incidents.api.timeline import add_entries, add_entry, correct_entry, pin, retract_entry, timeline
from pehra.incidents.api.unsaved import forget_unsaved, keep_unsaved, unsaved
from pehra.incidents.queries import (
    ClockView,
    Counts,
    DueView,
    Heading,
    IncidentList,
    IncidentPage,
    IncidentView,
    MergeView,
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
from pehra.incidents.queries.consents import ConsentTold, ConsentView
from pehra.incidents.queries.evidence import (
    CustodyView,
    DisposalView,
    EvidenceView,
    HoldView,
    StampView,
    custody_export,
    disposals_waiting,
    evidence,
    evidence_past_keeping,
    files_named,
    one_evidence,
)
from pehra.incidents.queries.lessons import LessonView
from pehra.incidents.queries.notes import NoteVersionView, NoteView, Unsaved
from pehra.incidents.queries.observables import ObservableView, observables
from pehra.incidents.queries.of_findings import finding_ids, live_with_findings, references_of_matter
from pehra.incidents.queries.playbooks import PlaybookView
from pehra.incidents.queries.ties import (
    AssetView,
    LinkView,
    Worksheet,
    assets,
    links,
    organisation_clocks,
    worksheet,
)
from pehra.incidents.queries.timeline import Moment
from pehra.incidents.queries.work import PhaseView, TaskView, WorkPage
from pehra.incidents.rules.attributes import WIDESPREAD
from pehra.incidents.rules.clocks import ClockRefused, ClockState
from pehra.incidents.rules.consents import Answer, ConsentRefused
from pehra.incidents.rules.documents import (
    Format,
    IncidentDocument,
    MarkNotCarried,
    Party,
    PartyRole,
    Seen,
    Unreadable,
)
from pehra.incidents.rules.documents import Side as SeenSide
from pehra.incidents.rules.joining import BY_HAND as LINKS_BY_HAND
from pehra.incidents.rules.joining import JoiningRefused, LinkKind
from pehra.incidents.rules.lessons import Aim, LessonRefused, LessonState
from pehra.incidents.rules.observables import Verdict
from pehra.incidents.rules.playbooks import PlaybookInvalid
from pehra.incidents.rules.states import MoveRefused, State
from pehra.incidents.rules.tasks import TaskRefused, TaskState
from pehra.incidents.rules.timeline import Precision, Source
from pehra.incidents.rules.working import working_teams

__all__ = [
    "LINKS_BY_HAND",
    "MOMENTS",
    "WIDESPREAD",
    "Aim",
    "Answer",
    "AssetView",
    "ClockRefused",
    "ClockState",
    "ClockView",
    "ConsentRefused",
    "ConsentTold",
    "ConsentView",
    "Counts",
    "CustodyView",
    "DisposalView",
    "DueView",
    "EvidenceView",
    "Exported",
    "Format",
    "Heading",
    "HistorySummary",
    "HoldView",
    "IncidentDocument",
    "IncidentList",
    "IncidentPage",
    "IncidentView",
    "JoiningRefused",
    "LessonRefused",
    "LessonState",
    "LessonView",
    "LinkKind",
    "LinkView",
    "MarkNotCarried",
    "MergeView",
    "Moment",
    "MomentView",
    "MoveRefused",
    "NoteChanged",
    "NoteVersionView",
    "NoteView",
    "ObservableView",
    "Parting",
    "Party",
    "PartyRole",
    "PhaseView",
    "PlaybookInvalid",
    "PlaybookRefused",
    "PlaybookView",
    "Precision",
    "Sealed",
    "Seen",
    "SeenSide",
    "SideView",
    "Source",
    "StampView",
    "State",
    "TaskRefused",
    "TaskState",
    "TaskView",
    "Unread",
    "Unreadable",
    "Unsaved",
    "Verdict",
    "WorkPage",
    "Worksheet",
    "add_asset",
    "add_entries",
    "add_entry",
    "add_evidence",
    "add_lesson",
    "add_note",
    "add_observables",
    "add_playbook",
    "add_task",
    "advance_clocks",
    "affect",
    "answer_consent",
    "answer_lesson",
    "ask_consent",
    "ask_for_disposal",
    "ask_for_stamp",
    "asked",
    "assets",
    "change_marking",
    "change_note",
    "change_task",
    "check_evidence",
    "confirm_disposal",
    "consents",
    "correct_entry",
    "counts",
    "custody_export",
    "decline_disposal",
    "destroyed_and_there",
    "disposals_waiting",
    "document",
    "document_format",
    "end_news",
    "enter_phase",
    "erase_destroyed",
    "every_incident",
    "evidence",
    "evidence_past_keeping",
    "files_named",
    "finding_ids",
    "forget_unsaved",
    "formats_for",
    "give_out_evidence",
    "hand_in_observables",
    "hand_over_evidence",
    "heading",
    "heading_of",
    "hold_evidence",
    "import_history",
    "incident",
    "incidents",
    "judge_observable",
    "keep_evidence_until",
    "keep_unsaved",
    "lessons",
    "lift_hold",
    "link",
    "links",
    "live_with_findings",
    "mark_exercise",
    "may_be_given",
    "merge",
    "move",
    "move_task",
    "my_tasks",
    "next_clocks",
    "note_versions",
    "notes",
    "observables",
    "one_evidence",
    "open_from_findings",
    "open_incident",
    "organisation_clocks",
    "pin",
    "playbook",
    "playbook_document",
    "playbook_of_tasks",
    "playbooks",
    "proposals",
    "quarantine_evidence",
    "read_documents",
    "record_stage_sent",
    "references_of_matter",
    "remind",
    "remove_asset",
    "remove_observable",
    "retire_playbook",
    "retract_entry",
    "run_out_disposals",
    "set_severity",
    "split",
    "stamp_due",
    "start_playbook",
    "state_facts",
    "state_impact",
    "supply_moment",
    "tell_news",
    "tick",
    "timeline",
    "unaffect",
    "unlink",
    "unmerge",
    "unsaved",
    "withdraw_clock",
    "work",
    "working_teams",
    "worksheet",
]
