"""The door of `intel`: indicators in, match sets out, sightings back.

Indicators come as STIX 2.1 bundles or as plain lists. What can be held against events becomes match sets; what says
more than a value is kept and counted as not matchable. Refused: a file that is neither, with what to do about it.
"""

import codecs
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import polars_hash
from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intel.gateways import rows, suffixes, tables
from pehra.intel.models import IntelVersion
from pehra.intel.queries import IndicatorView, Known, indicators, known
from pehra.intel.rules import free_text, stix
from pehra.intel.rules.free_text import Found
from pehra.intel.rules.indicators import COLUMNS, Reject, of_lines, settled
from pehra.intel.rules.match_sets import MatchSets
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger

__all__ = [
    "Found",
    "ImportSummary",
    "IndicatorView",
    "Known",
    "MatchSets",
    "import_indicators",
    "indicators",
    "known",
    "match_sets",
    "observables_in",
    "record_sightings",
]

FILE_BYTES_MAX = 1 << 30
_SEPARATOR = "\x1f"


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """What an import brought."""

    format: str
    read: int
    created: int
    updated: int
    unchanged: int
    matchable: int
    not_matchable: int
    rejected: list[Reject] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        return {**vars(self), "rejected": [one.as_json() for one in self.rejected]}


def import_indicators(
    *,
    path: str | Path,
    source: str,
    by: Actor,
    at: datetime,
    tlp: Tlp = Tlp.AMBER,
    confidence: int | None = None,
) -> ImportSummary:
    """Take in a STIX bundle or a plain list; the same again changes nothing."""
    access.require(by, Permission.INTEL_IMPORT)
    if not source.strip():
        raise Invalid("say who the indicators are from", field="source")
    content = _content(Path(path))
    if content.lstrip()[:1] in (b"{", b"["):
        form, read, frame, rejects = _stix(content, tlp, at)
    else:
        form, read, frame, rejects = _plain(content, tlp, confidence, at)
    frame = _identified(frame, source)
    with transaction.atomic():
        created, updated = rows.upsert(frame, source=source, at=at)
        if created or updated:
            IntelVersion.objects.update_or_create(id=1, defaults={"token": uuid4()})
        matchable = int(frame["matchable"].sum())
        summary = ImportSummary(
            format=form,
            read=read,
            created=created,
            updated=updated,
            unchanged=len(frame) - created - updated,
            matchable=matchable,
            not_matchable=len(frame) - matchable,
            rejected=rejects,
        )
        counted = {**summary.as_json(), "rejected": len(rejects), "name": Path(path).name, "tlp": tlp.value}
        ledger.record("intel.indicators.imported", subject=source, by=by, at=at, facts=counted)
    return summary


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise Invalid(f"there is no file {path}", field="path")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Invalid(f"{path} is larger than {FILE_BYTES_MAX} bytes; split it", field="path")
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise Invalid(f"{path} is empty", field="path")
    return content


def _stix(content: bytes, tlp: Tlp, at: datetime) -> tuple[str, int, pl.DataFrame, list[Reject]]:
    read = stix.read_bundle(content, tlp=tlp, at=at)
    frame = pl.DataFrame(read.rows, schema=COLUMNS, orient="row")
    return "stix", read.objects, frame, [Reject(number, message) for number, message in read.rejects]


def _plain(
    content: bytes, tlp: Tlp, confidence: int | None, at: datetime
) -> tuple[str, int, pl.DataFrame, list[Reject]]:
    if b"\0" in content[:4096]:
        raise Invalid("this is neither a STIX bundle nor a list of observables", field="path")
    lines = content.decode("utf-8", "replace").split("\n")
    found = settled(lines)
    if found.values.is_empty() and found.rejects:
        raise Invalid(f"none of the {len(lines)} lines is an observable: {found.rejects[0].message}", field="path")
    frame = of_lines(found.values, valid_from=at, tlp=tlp.value, confidence=confidence)
    return "list", len(found.values) + len(found.rejects), frame, found.rejects


def _identified(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the indicators with the identifier that follows from what they say and who says it, each once.

    A pattern and a value with an identity of its own at its source are told apart by that identity.
    """
    said = pl.concat_str(pl.lit(source), "type", "value", "stix_id", separator=_SEPARATOR).alias("said")
    digest = frame.select(said).select(polars_hash.col("said").chash.sha2_256().str.slice(0, 32)).to_series()
    return frame.with_columns(id=digest).unique("id", keep="last", maintain_order=True)


def observables_in(text: str) -> tuple[Found, ...]:
    """Return what free text, defanged or not, seems to show: each value once, in the order of the text.

    A proposal that a person confirms. Pure: nothing is looked up, written or resolved.
    """
    return free_text.observables_in(text, is_registrable=suffixes.is_registrable)


@dataclass(frozen=True)
class _Kept:
    token: UUID | None
    since: datetime
    until: datetime | None
    sets: MatchSets


_kept: list[_Kept] = []
_lock = Lock()


def match_sets(*, on: datetime) -> MatchSets:
    """Return the values in force at a moment; built once, until an import or the next beginning or end of one."""
    with _lock:
        token = IntelVersion.objects.filter(id=1).values_list("token", flat=True).first()
        for kept in _kept:
            if kept.token == token and kept.since <= on and (kept.until is None or on < kept.until):
                return kept.sets
        made = _Kept(token, on, rows.next_change(on), tables.build(rows.in_force(on)))
        _kept[:] = [made]
        return made.sets


def record_sightings(*, sightings: pl.DataFrame, by: Actor, at: datetime) -> int:
    """Write which indicators an input showed, in the caller's transaction; the same input again adds nothing."""
    access.require(by, Permission.TELEMETRY_INGEST)
    if sightings.is_empty():
        return 0
    added = rows.add_sightings(sightings, at=at)
    if added:
        facts = {"indicators": added, "times": int(sightings["times"].sum())}
        ledger.record("intel.indicators.sighted", subject=str(sightings["input"][0]), by=by, at=at, facts=facts)
    return added
