"""What somebody may read of their own report: when each submission came, under which hash, and how the report stands.

Not who handles it, nor what a team thinks of it: whoever holds the link of a receipt is known by nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from pehra.intake.models import Report
from pehra.intake.rules.states import State


@dataclass(frozen=True, kw_only=True)
class OwnSubmission:
    """One thing that was handed in: number, time, hash of its bytes, and the files that came with it."""

    number: int
    channel: str
    at: datetime
    sha256: str
    size: int
    media_type: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ReceiptView:
    """A report as its reporter sees it."""

    reference: str
    state: State
    title: str
    received_at: datetime
    is_complete: bool
    anonymous: bool
    organisation: str
    submissions: tuple[OwnSubmission, ...]


def receipt_view(report: Report) -> ReceiptView:
    """Return the receipt of a report with all its submissions, first to last."""
    submissions = report.submissions.order_by("number").prefetch_related("files")
    return ReceiptView(
        reference=report.reference,
        state=State(report.state),
        title=report.title,
        received_at=report.received_at,
        is_complete=report.is_complete,
        anonymous=report.anonymous,
        organisation=report.reporter_organisation,
        submissions=tuple(
            OwnSubmission(
                number=row.number,
                channel=row.channel,
                at=row.received_at,
                sha256=row.raw_sha256,
                size=row.raw_size,
                media_type=row.media_type,
                files=tuple((file.name, file.sha256) for file in sorted(row.files.all(), key=lambda one: one.position)),
            )
            for row in submissions
        ),
    )
