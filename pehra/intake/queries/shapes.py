"""What readers get of reports: frozen, and without a way back to the tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.intake.rules.acts import Act
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.likeness import DUPLICATE_FROM, STRENGTH, Sign
from pehra.intake.rules.states import State
from pehra.ledger.api import EntryView


@dataclass(frozen=True, kw_only=True)
class ReasonView:
    """Why a report is in its group: what it shares, and with which report the reader may see (else empty)."""

    sign: Sign
    value: str
    shared_with: str

    @property
    def says_the_same(self) -> bool:
        """Whether so strong a sign says that one report repeats the other."""
        return STRENGTH[self.sign] >= DUPLICATE_FROM


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """A report as the queue shows it. `group_size` counts the reports of its group that the reader may see."""

    id: UUID
    reference: str
    channel: Channel
    state: State
    state_reason: str
    title: str
    beginning: str
    taxonomy: str
    type: str
    about_organisation: str
    about_name: str
    sector: str
    territory: str
    tlp: str
    is_complete: bool
    exercise: bool
    problem: str
    language: str
    anonymous: bool
    reporter_name: str
    reporter_organisation: str
    reporter_verified: bool
    lead_team: str
    teams: tuple[str, ...]
    deciding_teams: tuple[str, ...]  # whose people decide about it; the other teams read it
    assignee: str
    assignee_name: str
    has_news: bool
    incident: str
    merged_into: str
    group: UUID
    group_size: int
    group_because: tuple[ReasonView, ...]
    submissions: int
    files: int
    observables: int
    known_observables: int
    received_at: datetime
    changed_at: datetime

    @property
    def is_duplicate(self) -> bool:
        """Whether it repeats another report that came before it."""
        return any(reason.says_the_same for reason in self.group_because)


@dataclass(frozen=True, kw_only=True)
class ReportList:
    """A page of the queue. `following` is the cursor of the next page; `count` of all that match, up to a limit."""

    rows: tuple[ReportView, ...]
    following: UUID | None
    count: int
    is_counted_whole: bool


@dataclass(frozen=True, kw_only=True)
class FileView:
    """A file that came along: its name, what it is by its bytes, and its hash. Its content leaves only sealed."""

    id: int
    name: str
    media_type: str
    sha256: str
    size: int
    number: int


@dataclass(frozen=True, kw_only=True)
class SubmissionView:
    """One thing that came in, as it came."""

    number: int
    channel: Channel
    received_at: datetime
    raw_sha256: str
    raw_size: int
    media_type: str
    source: str
    source_ref: str
    submitted_by: str
    said: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ObservableView:
    """Something to be seen of the matter. `owner` is told to those who may see that organisation."""

    type: str
    value: str
    written: str
    stated: bool
    owner: str
    owner_team: str
    known: bool
    elsewhere: int  # other reports of the reader's that show it
    number: int


@dataclass(frozen=True, kw_only=True)
class SuggestionView:
    """A report of the past that may be about the like: a hint, with its reason, and what became of that one."""

    reference: str
    title: str
    state: State
    incident: str
    received_at: datetime
    shared: tuple[str, ...]
    likeness: int  # of the words, in hundredths


@dataclass(frozen=True, kw_only=True)
class ActView:
    """A decision about this report and perhaps others: its id takes it back."""

    id: UUID
    act: Act
    reason: str
    count: int
    acted_by: str
    acted_at: datetime
    undone_at: datetime | None
    is_undoable: bool


@dataclass(frozen=True, kw_only=True)
class TriagePage:
    """A decision with the reports it was about, as far as the reader may see them, up to a limit."""

    act: ActView
    reports: tuple[ReportView, ...]


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """One report with everything beside it."""

    report: ReportView
    description: str
    moments: Mapping[str, str]
    impact: Mapping[str, float]
    attributes: tuple[str, ...]
    answers: Mapping[str, str]
    reporter_email: str
    reporter_phone: str
    reported_by: str
    routed_because: Mapping[str, Any]
    submissions: tuple[SubmissionView, ...]
    files: tuple[FileView, ...]
    observables: tuple[ObservableView, ...]
    group: tuple[ReportView, ...]
    merged: tuple[str, ...]
    suggestions: tuple[SuggestionView, ...]
    acts: tuple[ActView, ...]
    timeline: tuple[EntryView, ...]
    moves: tuple[State, ...]
    may_decide: bool
