"""An entry: one act, said once, in bytes that never change.

The canonical bytes are the entry; everything beside them in a table is there to find it again. An actor is named by
identifier alone: names change and may have to be forgotten, a ledger does neither.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.kernel.actors import Actor
from pehra.kernel.canonical import canonical
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Invalid

ENTRY_BYTES_MAX = 256 * 1024  # a fact is said in a line; evidence itself is kept elsewhere, by its digest
_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An act to be recorded: what happened (`incidents.closed`), to what, by whom, when, for which teams to see."""

    event: str
    subject: str
    by: Actor
    at: datetime
    teams: Iterable[str] = ()
    facts: Mapping[str, Any] | None = field(default=None)


@dataclass(frozen=True, kw_only=True)
class Written:
    """An entry as it is kept: its columns and its bytes."""

    identifier: UUID
    event: str
    subject: str
    by: str
    at: datetime
    teams: list[str]
    canonical: bytes


def written(entry: Entry, identifier: UUID) -> Written:
    """Return an entry as it is kept; refuse one that is not well-formed or too large."""
    if not _EVENT.fullmatch(entry.event):
        raise Invalid(f"{entry.event!r} is not an event such as incidents.closed", field="event")
    subject = str(entry.subject)
    if not subject or "\x00" in subject:
        raise Invalid("an entry says what it is about, in text", field="subject")
    teams = sorted(set(entry.teams))
    document = {
        "at": entry.at,
        "by": {"id": entry.by.id, "kind": entry.by.kind},
        "event": entry.event,
        "facts": entry.facts or {},
        "id": identifier,
        "subject": subject,
        "teams": teams,
    }
    encoded = canonical(document)
    if len(encoded) > ENTRY_BYTES_MAX:
        raise Invalid(f"an entry of {len(encoded)} bytes is above {ENTRY_BYTES_MAX}", field="facts")
    return Written(
        identifier=identifier,
        event=entry.event,
        subject=subject,
        by=entry.by.id,
        at=entry.at,
        teams=teams,
        canonical=encoded,
    )


def facts_of(encoded: bytes) -> dict[str, Any]:
    """Return the facts that an entry's bytes hold."""
    facts: dict[str, Any] = json.loads(encoded)["facts"]
    return facts


def disagreement(kept: Written) -> str:
    """Return the column that does not say what the bytes say; empty when all agree."""
    try:
        document = json.loads(kept.canonical)
    except (ValueError, RecursionError):
        return "canonical"
    if not isinstance(document, dict):
        return "canonical"
    columns = {
        "id": str(kept.identifier),
        "event": kept.event,
        "subject": kept.subject,
        "at": format_time(kept.at),
        "teams": kept.teams,
    }
    different = [name for name, value in columns.items() if document.get(name) != value]
    who = document.get("by")
    if not isinstance(who, dict) or who.get("id") != kept.by:
        different.append("by")
    return ", ".join(different)
