"""The door of `intake`: the only module that other parts import.

A report is kept as it came before it is understood, and gets a receipt. Triage decides what becomes of it; whatever a
person decided can be taken back, but that an incident was opened.
"""

from pehra.intake.api.choosing import Chosen, Preview, preview
from pehra.intake.api.deciding import Done, assign, dismiss, hand_over, join, merge, reopen
from pehra.intake.api.giving import Sealed, give_out
from pehra.intake.api.opening import open_incident
from pehra.intake.api.receiving import add, receive, require_something
from pehra.intake.api.telling import tell_teams
from pehra.intake.api.undoing import Undone, undo
from pehra.intake.queries import (
    ActView,
    FileView,
    ObservableView,
    ReasonView,
    ReportList,
    ReportPage,
    ReportView,
    SubmissionView,
    SuggestionView,
    of_source,
    report,
    reports,
    waiting,
)
from pehra.intake.rules.acts import Act
from pehra.intake.rules.channels import WITHOUT_ACCOUNT, Channel
from pehra.intake.rules.filters import Filters, parse_filters
from pehra.intake.rules.saying import Handed, Receipt, Reporter, Said, Stated
from pehra.intake.rules.states import MoveRefused, State

__all__ = [
    "WITHOUT_ACCOUNT",
    "Act",
    "ActView",
    "Channel",
    "Chosen",
    "Done",
    "FileView",
    "Filters",
    "Handed",
    "MoveRefused",
    "ObservableView",
    "Preview",
    "ReasonView",
    "Receipt",
    "ReportList",
    "ReportPage",
    "ReportView",
    "Reporter",
    "Said",
    "Sealed",
    "State",
    "Stated",
    "SubmissionView",
    "SuggestionView",
    "Undone",
    "add",
    "assign",
    "dismiss",
    "give_out",
    "hand_over",
    "join",
    "merge",
    "of_source",
    "open_incident",
    "parse_filters",
    "preview",
    "receive",
    "reopen",
    "report",
    "reports",
    "require_something",
    "tell_teams",
    "undo",
    "waiting",
]
