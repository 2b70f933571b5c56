"""Reading findings, a file a question."""

from pehra.findings.queries.counting import counts_by, recent_by_kind, renew_tally, totals
from pehra.findings.queries.making import views, views_of_frame
from pehra.findings.queries.reading import (
    by_ids,
    every_finding,
    finding,
    finding_subject,
    findings,
    fold_subject,
    for_change,
    history,
    notice_subject,
    notices,
    some,
    told_in,
)
from pehra.findings.queries.shapes import (
    Filters,
    FindingPage,
    FindingView,
    KindSpread,
    NoticeView,
    Place,
    Totals,
)
from pehra.findings.queries.waiting import Untold, organisations_untold, untold

__all__ = [
    "Filters",
    "FindingPage",
    "FindingView",
    "KindSpread",
    "NoticeView",
    "Place",
    "Totals",
    "Untold",
    "by_ids",
    "counts_by",
    "every_finding",
    "finding",
    "finding_subject",
    "findings",
    "fold_subject",
    "for_change",
    "history",
    "notice_subject",
    "notices",
    "organisations_untold",
    "recent_by_kind",
    "renew_tally",
    "some",
    "told_in",
    "totals",
    "untold",
    "views",
    "views_of_frame",
]
