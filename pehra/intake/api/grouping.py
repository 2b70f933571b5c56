"""Which reports are about one thing: found when one comes in, with the reason; a proposal, never an act.

Looked for within a window and among a bounded number of candidates: a flood of five thousand costs each of them the
same. Readers see of a group only the reports that are theirs.
"""

from collections.abc import Sequence
from datetime import datetime

from pehra.intake.api.observing import Seen
from pehra.intake.models import Report, ReportFile, ReportObservable, Submission
from pehra.intake.rules import likeness
from pehra.intake.rules.likeness import Shared, Sign

NO_SIGN = "image/"  # a logo under every mail of an office


def find_group(
    report: Report,
    *,
    raw_sha256: str,
    source: str,
    source_ref: str,
    files: Sequence[tuple[str, str]],
    seen: Sequence[Seen],
    at: datetime,
) -> tuple[str, list[Shared]]:
    """Return the group that a new report belongs to, and why; an empty one where it is the first.

    `files` are hashes with their media types.
    """
    since = at - likeness.WINDOW
    others = Submission.objects.exclude(report=report).filter(received_at__gte=since)
    shared = _of_submissions(Sign.SAME_BYTES, others.filter(raw_sha256=raw_sha256), raw_sha256)
    if source_ref:
        same = others.filter(source=source, source_ref=source_ref)
        shared += _of_submissions(Sign.SAME_SOURCE, same, source_ref)
    shared += _of_files(report, [sha256 for sha256, kind in files if not kind.startswith(NO_SIGN)], since)
    shared += _of_observables(report, seen, since)
    return likeness.best_group(shared)


def _of_submissions(sign: Sign, rows: object, value: str) -> list[Shared]:
    found = rows.order_by("-id").values_list("report_id", "report__group")[: likeness.CANDIDATES_MAX]  # type: ignore[attr-defined]
    return [Shared(sign=sign, value=value, report=str(report), group=str(group)) for report, group in found]


def _of_files(report: Report, hashes: Sequence[str], since: datetime) -> list[Shared]:
    if not hashes:
        return []
    rows = ReportFile.objects.exclude(report=report).filter(sha256__in=hashes, report__received_at__gte=since)
    found = rows.order_by("-id").values_list("sha256", "report_id", "report__group")[: likeness.CANDIDATES_MAX]
    return [
        Shared(sign=Sign.SAME_FILE, value=sha256, report=str(other), group=str(group)) for sha256, other, group in found
    ]


def _of_observables(report: Report, seen: Sequence[Seen], since: datetime) -> list[Shared]:
    telling = {
        one.digest: one.value
        for one in seen
        if likeness.is_telling(
            type=one.type, value=one.value, is_owned=bool(one.owner), reporter_email=report.reporter_email
        )
    }
    if not telling:
        return []
    rows = ReportObservable.objects.exclude(report=report).filter(value_sha256__in=list(telling), seen_at__gte=since)
    found = rows.order_by("-seen_at").values_list("value_sha256", "report_id", "report__group")
    return [
        Shared(sign=Sign.SAME_OBSERVABLE, value=telling[digest], report=str(other), group=str(group))
        for digest, other, group in found[: likeness.CANDIDATES_MAX]
    ]
