"""Reading reports, through the wall."""

from pehra.intake.queries.finding import digest_of_token, find, named, own, reader, visible
from pehra.intake.queries.listing import matching, reports, views, waiting
from pehra.intake.queries.reading import act_view, of_source, report, triage_act
from pehra.intake.queries.shapes import (
    ActView,
    FileView,
    ObservableView,
    ReasonView,
    ReportList,
    ReportPage,
    ReportView,
    SubmissionView,
    SuggestionView,
    TriagePage,
)

__all__ = [
    "ActView",
    "FileView",
    "ObservableView",
    "ReasonView",
    "ReportList",
    "ReportPage",
    "ReportView",
    "SubmissionView",
    "SuggestionView",
    "TriagePage",
    "act_view",
    "digest_of_token",
    "find",
    "matching",
    "named",
    "of_source",
    "own",
    "reader",
    "report",
    "reports",
    "triage_act",
    "views",
    "visible",
    "waiting",
]
