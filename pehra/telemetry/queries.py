"""Reading the manifest: what is known of earlier inputs, what the lake's files are, and what came in lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, Sum

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.telemetry.gateways.folders import Lake
from pehra.telemetry.gateways.parquet import read_keys
from pehra.telemetry.models import LakeFile, LakeInput, LakeText
from pehra.telemetry.rules.runs import RUNS_MAX, Run, merged

REPORTS_PER_HEADER_MAX = 50


@dataclass(frozen=True)
class Manifest:
    """What the manifest knows of earlier inputs."""

    lake: Lake

    def rows_of(self, sha256: str) -> int | None:
        """Return how many rows these very bytes held when they were ingested before; None if they were not."""
        return LakeInput.objects.filter(sha256=sha256).values_list("rows_read", flat=True).first()

    def runs(self, day: date) -> Sequence[Run]:
        """Return the keys of a day; many small runs as one, since each is probed for every batch."""
        names = LakeFile.objects.filter(day=day).order_by("name").values_list("keys_name", flat=True)
        runs = [read_keys(self.lake.path(name)) for name in names]
        return [merged(runs)] if len(runs) > RUNS_MAX else runs

    def reports(self, feed: str, header: str) -> Sequence[str]:
        """Return the report types that came with this header before."""
        found = LakeText.objects.filter(feed=feed, header=header).values_list("report", flat=True)
        return sorted(set(found.distinct()))[:REPORTS_PER_HEADER_MAX]


@dataclass(frozen=True, kw_only=True)
class InputView:
    """An input as people see it."""

    sha256: str
    name: str
    source: str
    bytes: int
    rows_read: int
    rows_stored: int
    rows_duplicate: int
    rows_rejected: int
    attributed: int
    matched: int
    alarms: tuple[str, ...]
    by: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the input as plain JSON values."""
        return {**vars(self), "alarms": list(self.alarms), "at": format_time(self.at)}


def recent_inputs(*, by: Actor, limit: int = 20) -> list[InputView]:
    """Return the inputs that came in last, newest first; to whom telemetry is not open, none.

    An input belongs to no constituency: it says how much came from where, and nothing of whom it is about.
    """
    if not access.may(by, Permission.TELEMETRY_READ):
        return []
    rows = LakeInput.objects.order_by("-at", "sha256")[: max(0, min(limit, 1_000))]
    return [
        InputView(
            sha256=row.sha256,
            name=row.name,
            source=row.source,
            bytes=row.bytes,
            rows_read=row.rows_read,
            rows_stored=row.rows_stored,
            rows_duplicate=row.rows_duplicate,
            rows_rejected=row.rows_rejected,
            attributed=row.attributed,
            matched=row.matched,
            alarms=tuple(row.alarms),
            by=row.by,
            at=row.at,
        )
        for row in rows
    ]


def files() -> list[str]:
    """Return the names of the files that are the lake's events."""
    return list(LakeFile.objects.order_by("name").values_list("name", flat=True))


def crowded_days(*, files_max: int, rows_max: int) -> list[date]:
    """Return the days of so many files that merging them pays, and not more rows than one merge takes."""
    counted = LakeFile.objects.values("day").annotate(files=Count("name"), rows_of_day=Sum("rows"))
    return list(
        counted.filter(files__gt=files_max, rows_of_day__lte=rows_max).order_by("day").values_list("day", flat=True)
    )


def named(names: Sequence[str]) -> set[str]:
    """Return which of some names the manifest holds, as events, keys, archive or rejects."""
    held = LakeFile.objects.filter(Q(name__in=names) | Q(keys_name__in=names)).values_list("name", "keys_name")
    inputs = LakeInput.objects.filter(Q(raw_name__in=names) | Q(rejects_name__in=names))
    held_inputs = inputs.values_list("raw_name", "rejects_name")
    return {name for pair in (*held, *held_inputs) for name in pair if name} & set(names)
