"""What the registry says of assessments: frozen records, never rows of a table."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pehra.kernel.clock import format_time
from pehra.registry.rules.assessing import AssessmentState, Band, Due, Missing, Reply, Score, Trend, Verdict, band_of

EXPORTED = (
    "organisation", "controls_on", "state", "theme", "control", "weight", "critical", "reply", "note", "reference",
    "evidence_sha256", "verdict", "verdict_note", "tlp",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody says of one control. `seen` is the answer's version they had before them; None does not ask."""

    control: str
    reply: Reply | None
    note: str = ""
    reference: str = ""
    seen: int | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a reviewer says of one answer; without a verdict it is taken back."""

    control: str
    verdict: Verdict | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """A file beside an answer, without its bytes. One that was taken away keeps its name and its hash."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime
    added_by: str
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One control with what was said and judged of it."""

    control: str
    theme: str
    weight: int
    critical: bool
    reply: Reply | None
    note: str
    reference: str
    version: int
    answered_at: datetime | None
    answered_by: str
    verdict: Verdict | None
    verdict_note: str
    evidence: tuple[EvidenceView, ...] = ()
    before: Reply | None = None  # what the last reviewed assessment said


def _answer_json(row: "AnswerView") -> dict[str, Any]:
    plain = ("control", "theme", "weight", "critical", "note", "reference", "verdict_note")
    return {
        **{name: getattr(row, name) for name in plain},
        "reply": row.reply.value if row.reply else None,
        "verdict": row.verdict.value if row.verdict else None,
        "answered_at": format_time(row.answered_at) if row.answered_at else None,
        "evidence": [
            {"name": file.name, "media_type": file.media_type, "bytes": file.size, "sha256": file.sha256}
            for file in row.evidence
            if not file.removed_at
        ],
    }


@dataclass(frozen=True, kw_only=True)
class AssessmentSummary:
    """One assessment in a list. `percent` and `gaps` are what the answers come to now."""

    id: UUID
    organisation: str
    control_set: str
    version: str
    controls_on: date
    state: AssessmentState
    tlp: str
    opened_at: datetime
    opened_by: str
    submitted_at: datetime | None
    submitted_by: str
    reviewed_at: datetime | None
    reviewed_by: str
    review_note: str
    percent: int | None
    gaps: int
    answered: int
    total: int

    @property
    def band(self) -> Band:
        """The score in one word."""
        return band_of(self.percent, gaps=self.gaps)

    @property
    def is_said(self) -> bool:
        """Whether the organisation stands by its answers: what is still being written comes to nothing yet."""
        return self.state in (AssessmentState.SUBMITTED, AssessmentState.REVIEWED)

    @property
    def is_unfinished(self) -> bool:
        """Whether it is still being written or waits for its review."""
        return self.state is not AssessmentState.REVIEWED

    def as_json(self) -> dict[str, Any]:
        """Return the assessment as plain JSON values."""
        moments = ("opened_at", "submitted_at", "reviewed_at")
        plain = ("organisation", "control_set", "version", "percent", "gaps", "answered", "total", "tlp")
        people = ("opened_by", "submitted_by", "reviewed_by")
        return {
            "assessment": str(self.id),
            "state": self.state.value,
            "band": self.band.value,
            **{name: getattr(self, name) for name in plain},
            "controls_on": self.controls_on.isoformat(),
            **{name: format_time(at) if (at := getattr(self, name)) else None for name in moments},
            **{name: getattr(self, name) or None for name in people},
            "review_note": self.review_note,
        }


@dataclass(frozen=True, kw_only=True)
class AssessmentView(AssessmentSummary):
    """All of one assessment. `withheld`: it is still being written, and only who may answer reads the answers."""

    answers: tuple[AnswerView, ...]
    score: Score
    missing: tuple[tuple[str, Missing], ...]
    withheld: bool
    may_answer: bool
    may_review: bool

    def of_theme(self, theme: str) -> tuple[AnswerView, ...]:
        """Return the answers of one theme."""
        return tuple(answer for answer in self.answers if answer.theme == theme)

    def as_json(self) -> dict[str, Any]:
        """Return the assessment with its answers as plain JSON values; evidence by name and hash."""
        said = super().as_json()
        excused = list(self.score.excused)
        rows = [_answer_json(row) for row in self.answers]
        return {**said, "critical_excused": excused, "withheld": self.withheld, "answers": rows}

    def cells(self) -> list[list[object]]:
        """Return a line of a table for each answer, under `EXPORTED`."""
        return [
            [
                self.organisation,
                self.controls_on.isoformat(),
                self.state.value,
                *(row["theme"], row["control"], row["weight"], row["critical"], row["reply"], row["note"]),
                row["reference"],
                " ".join(file["sha256"] for file in row["evidence"]),
                *(row["verdict"], row["verdict_note"], self.tlp),
            ]
            for row in map(_answer_json, self.answers)
        ]


@dataclass(frozen=True, kw_only=True)
class ControlsStanding:
    """How an organisation stands: its assessments, newest first, the reviewed ones as a trend, and when it is due."""

    organisation: str
    assessments: tuple[AssessmentSummary, ...]
    trend: Trend
    next_due: date | None
    due: Due
    may_open: bool

    @property
    def last(self) -> AssessmentSummary | None:
        """The last one that was reviewed."""
        return next((row for row in self.assessments if not row.is_unfinished), None)

    @property
    def unfinished(self) -> AssessmentSummary | None:
        """The one that is being written or waits for its review."""
        return next((row for row in self.assessments if row.is_unfinished), None)


@dataclass(frozen=True, kw_only=True)
class OverviewRow:
    """One organisation in a team's list."""

    organisation: str
    name: str
    name_local: str
    last: AssessmentSummary | None
    unfinished: AssessmentSummary | None
    next_due: date | None
    due: Due
    review_late: bool

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        return {
            "organisation": self.organisation,
            "name": self.name,
            "percent": self.last.percent if self.last else None,
            "gaps": self.last.gaps if self.last else None,
            "band": self.last.band.value if self.last else None,
            "reviewed_at": format_time(self.last.reviewed_at) if self.last and self.last.reviewed_at else None,
            "unfinished": self.unfinished.state.value if self.unfinished else None,
            "next_due": self.next_due.isoformat() if self.next_due else None,
            "due": self.due.value,
            "review_late": self.review_late,
        }


@dataclass(frozen=True, kw_only=True)
class OverviewPage:
    """A page of a team's organisations; `counts` says how many each view holds."""

    rows: tuple[OverviewRow, ...]
    counts: dict[str, int]
    more: bool
