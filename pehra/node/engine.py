"""The machine road: a feed goes in; findings, incidents, notices and ledger entries come out, all or nothing.

One input is one transaction, and its COMMIT is the only commit point. Killed before it: the lake files that were
written have no row that names them, the next run sweeps them and does the work again. Killed after it: the next run
knows the input by its SHA-256 and stores nothing. Refuses an input that cannot be read with one clear
message, and goes on with the others.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault, Invalid, Refusal

FILES_MAX = 100_000


class Progress(Protocol):
    """Whoever shows how far the road has come."""

    def begin(self, path: Path, *, number: int, of: int) -> None:
        """An input is begun."""
        ...

    def rows(self, count: int) -> None:
        """So many rows of the input were read by now."""
        ...

    def end(self) -> None:
        """The input is done, well or not."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, path: Path, *, number: int, of: int) -> None:
        """Show nothing."""

    def rows(self, count: int) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An input that could not be used, and why."""

    path: Path
    message: str

    def as_json(self) -> dict[str, str]:
        """Return it as plain values."""
        return {"file": str(self.path), "message": self.message}


@dataclass(kw_only=True)
class IngestSummary:
    """What one ingest did, over all its inputs."""

    files: int = 0
    rows_read: int = 0
    rows_stored: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    attributed: int = 0
    matched: int = 0
    findings_new: int = 0
    findings_seen_again: int = 0
    incidents_opened: int = 0
    notices_queued: int = 0
    seconds: float = 0.0
    rejects_files: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the summary by the contract's keys; failed inputs, alarms and all reject files beside them."""
        counted = ("files", "rows_read", "rows_stored", "rows_duplicate", "rows_rejected", "attributed", "matched")
        decided = ("findings_new", "findings_seen_again", "incidents_opened", "notices_queued")
        return {
            **{name: getattr(self, name) for name in (*counted, *decided)},
            "seconds": round(self.seconds, 3),
            "rejects_file": self.rejects_files[0] if self.rejects_files else None,
            "rejects_files": self.rejects_files,
            "alarms": self.alarms,
            "failed": [failure.as_json() for failure in self.failures],
        }


def inputs_of(paths: Iterable[Path]) -> list[Path]:
    """Return the files that paths name, each once: a folder gives its files, by name, without hidden ones."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            within = (file for file in sorted(path.rglob("*")) if file.is_file())
            found |= {file: None for file in within if not _is_hidden(file.relative_to(path))}
        elif path.exists():
            found[path] = None
        else:
            raise Invalid(f"there is no file {path}", field="path")
        if len(found) > FILES_MAX:
            raise Invalid(f"more than {FILES_MAX} files at once; name fewer", field="path")
    return list(found)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def ingest(
    paths: Iterable[Path],
    *,
    source: str,
    format: str | None,
    by: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> IngestSummary:
    """Take every input down the machine road, one transaction each; what fails is reported and the rest goes on."""
    from django.conf import settings

    from pehra.access import api as access
    from pehra.findings import api as findings
    from pehra.intel import api as intel
    from pehra.law import api as law
    from pehra.registry import api as registry
    from pehra.telemetry import api as telemetry

    access.require(by, access.Permission.TELEMETRY_INGEST)
    shown = progress or Silent()
    summary = IngestSummary()
    began = time.monotonic()
    files = inputs_of(paths)
    attribution = registry.attribution(on=law.day_of(law.load(settings.PEHRA_PROFILE), at))
    match_sets = intel.match_sets(on=at)
    for number, path in enumerate(files, start=1):
        shown.begin(path, number=number, of=len(files))
        try:
            with telemetry.stage(
                path=path,
                source=source,
                format=format,
                attribution=attribution,
                match_sets=match_sets,
                at=at,
                progress=shown.rows,
            ) as staged:
                _commit(staged, summary, by=by, at=at)
        except (Refusal, Fault) as refusal:
            summary.failures.append(Failure(path=path, message=str(refusal)))
        except OSError as error:
            summary.failures.append(Failure(path=path, message=f"cannot be read or kept: {error.strerror or error}"))
        finally:
            shown.end()
    # After the last input, so that an organisation gets one notice of a day's feeds and not one of the first, with the
    # rest waiting behind the law's pace. A kill before this loses nothing: what was not told is found by its state.
    summary.notices_queued = findings.queue_notices(at=at, by=by)
    summary.seconds = time.monotonic() - began
    return summary


def _commit(staged: Any, summary: IngestSummary, *, by: Actor, at: datetime) -> None:
    """Decide what a staged input obliges to and publish it, in one transaction; count it once that is done."""
    from django.db import transaction

    from pehra.findings import api as findings
    from pehra.incidents import api as incidents
    from pehra.intel import api as intel
    from pehra.telemetry import api as telemetry

    if staged.already_ingested:
        summary.files += 1
        summary.rows_read += staged.rows_read
        summary.rows_duplicate += staged.rows_duplicate
        return
    # Durable: rolled back by somebody outside after the run was cleared up, its files would lie in the lake unnamed.
    with transaction.atomic(durable=True):
        outcome = findings.fold(sightings=staged.sightings, by=by, at=at)
        opened = incidents.open_from_findings(outcome=outcome, by=by, at=at)
        intel.record_sightings(sightings=staged.indicator_sightings, by=by, at=at)
        telemetry.publish(staged, by=by, at=at)
    _count(summary, staged)
    summary.findings_new += len(outcome.new)
    summary.findings_seen_again += outcome.seen_again
    summary.incidents_opened += len(opened)


def _count(summary: IngestSummary, staged: Any) -> None:
    summary.files += 1
    for name in ("rows_read", "rows_stored", "rows_duplicate", "rows_rejected", "attributed", "matched"):
        setattr(summary, name, getattr(summary, name) + getattr(staged, name))
    if staged.rejects_file:
        summary.rejects_files.append(str(staged.rejects_file))
    summary.alarms.extend(str(alarm) for alarm in staged.alarms)
