"""Rows and columns as views: what many findings share (a reason, a list of teams) is read and made once."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import polars as pl

from pehra.findings.models import Finding, Notice, Reason
from pehra.findings.queries.shapes import FindingView, NoticeView
from pehra.findings.rules.states import State

# An identifier's order within a millisecond is chance, and what is decided from findings must not hang on it.
IN_ORDER = ("organisation", "subject", "asset", "kind", "port")


def views(rows: Sequence[Finding]) -> list[FindingView]:
    """Return rows as views; a reason that many rows share is read once."""
    reasons = dict(Reason.objects.filter(id__in={row.reason_id for row in rows}).values_list("id", "because"))
    return [
        FindingView(
            because=reasons.get(row.reason_id, []),
            teams=tuple(row.teams),
            state=State(row.state),
            **{name: getattr(row, name) for name in _PLAIN},
        )
        for row in rows
    ]


_PLAIN = (
    "id", "subject", "asset", "organisation", "sector", "territory", "lead_team", "kind", "taxonomy", "type",
    "identifier", "malware", "port", "first_seen", "last_seen", "times", "subject_type", "protocol", "feed_name",
    "feed_code", "evidence", "reopened", "opened_at", "reopened_at", "notified_at", "fixed_at", "verified_at",
)  # fmt: skip
_MOMENTS = ("first_seen", "last_seen")
_SEPARATOR = "\x1f"
_FOLDED = tuple(name for name in _PLAIN if name not in {"id", "reopened", "evidence"} and not name.endswith("_at"))


def views_of_frame(frame: pl.DataFrame, *, at: datetime) -> list[FindingView]:
    """Return the rows of a folded frame that turned out to be new as views, without asking the database.

    Column by column, and what many rows share (a reason, a list of teams, a code) is one object: a feed can open a
    million findings, and all of them are looked at together.
    """
    reasons = {text: json.loads(text) for text in frame["because"].unique()}
    joined = frame["teams"].list.join(_SEPARATOR)
    teams = {text: tuple(text.split(_SEPARATOR)) if text else () for text in joined.unique()}
    columns: dict[str, Iterable[Any]] = {
        "id": [UUID(hex=digits) for digits in frame["id"].to_list()],
        "because": [reasons[text] for text in frame["because"].to_list()],
        "teams": [teams[text] for text in joined.to_list()],
        **{name: _shared(frame[name]) for name in _FOLDED if name not in _MOMENTS},
        **{name: _moments(frame[name]) for name in _MOMENTS},
    }
    make = partial(FindingView, state=State.OPEN, opened_at=at)
    return [make(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _shared(column: pl.Series) -> list[Any]:
    """Return a column's values, equal ones as one object."""
    seen: dict[Any, Any] = {}
    return [seen.setdefault(value, value) for value in column.to_list()]


def _moments(column: pl.Series) -> list[datetime]:
    """Return a column of UTC moments; the library's own conversion asks the time zone's table for each."""
    return [moment.replace(tzinfo=UTC) for moment in column.dt.replace_time_zone(None).to_list()]


def notice_view(row: Notice) -> NoticeView:
    """Return a notice as a view."""
    return NoticeView(
        reference=row.reference,
        organisation=row.organisation,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        recipient=row.recipient,
        road=row.road,
        tlp=row.tlp,
        findings=len(row.findings),
        message=row.message,
        at=row.at,
        because=row.because,
    )
