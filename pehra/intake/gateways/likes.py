"""What other reports share with one that comes in: one question, whose cost does not grow with a flood of the like.

Of each sign the newest few are looked at, by an index that holds them in that order: a million reports with one hash
cost as much as twenty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from pehra.intake.rules.likeness import OF_EACH_SIGN_MAX, Shared, Sign

_SAME_BYTES = """
    SELECT %(same_bytes)s, %(raw)s, report.id, report.group FROM (
        SELECT report_id FROM intake_submission
        WHERE raw_sha256 = %(raw)s AND received_at >= %(since)s AND report_id <> %(report)s
        ORDER BY received_at DESC LIMIT %(limit)s) AS found
    JOIN intake_report AS report ON report.id = found.report_id"""
_SAME_SOURCE = """
    SELECT %(same_source)s, %(source_ref)s, report.id, report.group FROM (
        SELECT report_id FROM intake_submission
        WHERE source = %(source)s AND source_ref = %(source_ref)s AND source_ref <> ''
          AND received_at >= %(since)s AND report_id <> %(report)s
        ORDER BY received_at DESC LIMIT %(limit)s) AS found
    JOIN intake_report AS report ON report.id = found.report_id"""
_SAME_FILE = """
    SELECT %(same_file)s, found.sha256, report.id, report.group
    FROM unnest(%(files)s::text[]) AS file CROSS JOIN LATERAL (
        SELECT sha256, report_id FROM intake_reportfile
        WHERE sha256 = file AND report_id <> %(report)s ORDER BY id DESC LIMIT %(limit)s) AS found
    JOIN intake_report AS report ON report.id = found.report_id AND report.received_at >= %(since)s"""
_SAME_OBSERVABLE = """
    SELECT %(same_observable)s, found.value, report.id, report.group
    FROM unnest(%(digests)s::text[]) AS digest CROSS JOIN LATERAL (
        SELECT value, report_id FROM intake_reportobservable
        WHERE value_sha256 = digest AND seen_at >= %(since)s AND report_id <> %(report)s
        ORDER BY seen_at DESC LIMIT %(limit)s) AS found
    JOIN intake_report AS report ON report.id = found.report_id"""


@dataclass(frozen=True, kw_only=True)
class Signs:
    """By what a report is compared with others: hashes, its name at its source, and what was seen."""

    report: UUID
    raw_sha256: str
    source: str
    source_ref: str
    files: Sequence[str]
    digests: Sequence[str]


def shared_with_others(signs: Signs, *, since: datetime) -> list[Shared]:
    """Return what a report shares with others that came since a moment."""
    words = {
        "raw": signs.raw_sha256,
        "source": signs.source,
        "source_ref": signs.source_ref,
        "files": list(signs.files),
        "digests": list(signs.digests),
        "report": signs.report,
        "since": since,
        "limit": OF_EACH_SIGN_MAX,
        **{sign.name.lower(): sign.value for sign in Sign},
    }
    asked = [_SAME_BYTES]  # what a report has not is not asked about: to plan it costs as much as to find it
    asked += [_SAME_SOURCE] if signs.source_ref else []
    asked += [_SAME_FILE] if signs.files else []
    asked += [_SAME_OBSERVABLE] if signs.digests else []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked), words)
        return [
            Shared(sign=Sign(sign), value=value, report=str(report), group=str(group))
            for sign, value, report, group in cursor.fetchall()
        ]
