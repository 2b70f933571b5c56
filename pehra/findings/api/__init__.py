"""The door of `findings`: what is wrong with whose asset, once, until it is fixed and checked.

A finding is folded from sightings, told to its owner in one notice an organisation, said to be fixed by somebody, and
verified by somebody else. Nothing closes by itself, nothing is told twice, and what comes back is open again.
"""

from pehra.findings.api.answers import say_fixed, take_back_fixed
from pehra.findings.api.changes import mark_fixed, reopen, verify
from pehra.findings.api.folding import FoldOutcome, fold
from pehra.findings.api.many import (
    MANY_MAX,
    ManyAct,
    ManyChangeView,
    ManyDone,
    ManyPreview,
    ManyUndone,
    change_many,
    many_change,
    preview_many,
    undo_many,
)
from pehra.findings.api.numbers import renew_counts
from pehra.findings.api.telling import queue_notices
from pehra.findings.queries import (
    Filters,
    FindingPage,
    FindingView,
    KindSpread,
    NoticeView,
    Place,
    Totals,
    counts_by,
    every_finding,
    finding,
    findings,
    history,
    notices,
    notices_telling,
    recent_by_kind,
    some,
    told_in,
    totals,
)
from pehra.findings.rules.states import UNFIXED, MoveRefused, State

__all__ = [
    "MANY_MAX",
    "UNFIXED",
    "Filters",
    "FindingPage",
    "FindingView",
    "FoldOutcome",
    "KindSpread",
    "ManyAct",
    "ManyChangeView",
    "ManyDone",
    "ManyPreview",
    "ManyUndone",
    "MoveRefused",
    "NoticeView",
    "Place",
    "State",
    "Totals",
    "change_many",
    "counts_by",
    "every_finding",
    "finding",
    "findings",
    "fold",
    "history",
    "many_change",
    "mark_fixed",
    "notices",
    "notices_telling",
    "preview_many",
    "queue_notices",
    "recent_by_kind",
    "renew_counts",
    "reopen",
    "say_fixed",
    "some",
    "take_back_fixed",
    "told_in",
    "totals",
    "undo_many",
    "verify",
]
