"""Which reports are about one thing: found when one comes in, with the reason; a proposal, never an act.

Looked for within a window and among a bounded number of others: each of a flood of five thousand costs the same.
Readers see of a group only the reports that are theirs.
"""

from collections.abc import Sequence
from datetime import datetime

from pehra.intake.api.observing import Seen
from pehra.intake.gateways import likes
from pehra.intake.models import Report
from pehra.intake.rules import likeness
from pehra.intake.rules.likeness import Shared

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
    signs = likes.Signs(
        report=report.id,
        raw_sha256=raw_sha256,
        source=source,
        source_ref=source_ref,
        files=[sha256 for sha256, kind in files if not kind.startswith(NO_SIGN)],
        digests=[one.digest for one in seen if _is_telling(one, report)][: likeness.OBSERVABLES_COMPARED_MAX],
    )
    return likeness.best_group(likes.shared_with_others(signs, since=at - likeness.WINDOW))


def _is_telling(one: Seen, report: Report) -> bool:
    return likeness.is_telling(
        type=one.type, value=one.value, is_owned=bool(one.owner), reporter_email=report.reporter_email
    )
