"""Reading the ledger: pages, histories, the tree's hashes, and all of it for the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault, NotVisible
from pehra.ledger.models import LedgerCheckpoint, LedgerEntry, LedgerLeaf, LedgerSubtree, LedgerWaiting
from pehra.ledger.rules import merkle
from pehra.ledger.rules.audit import Kept, Placed
from pehra.ledger.rules.entries import Written, facts_of
from pehra.ledger.rules.merkle import Frontier, Subtree

HISTORY_ENTRIES_MAX = 1_000
READ_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True)
class EntryView:
    """An entry for a page. `position` is None while it is not yet sealed; `by` is the actor's identifier."""

    id: UUID
    event: str
    subject: str
    by: str
    at: datetime
    facts: dict[str, Any]
    position: int | None

    @property
    def sealed(self) -> bool:
        """Whether the entry has its place under a signed checkpoint."""
        return self.position is not None

    def as_json(self) -> dict[str, Any]:
        """Return the entry in plain JSON values."""
        return {
            "id": str(self.id),
            "event": self.event,
            "subject": self.subject,
            "by": self.by,
            "at": self.at,
            "facts": self.facts,
            "position": self.position,
        }


@dataclass(frozen=True, kw_only=True)
class SealedEntry:
    """An entry under a checkpoint, for a program that reads on from where it stood."""

    position: int
    id: UUID
    event: str
    subject: str
    by: str
    at: datetime
    teams: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SealedPage:
    """Some sealed entries, and the position from which the next page is read."""

    entries: tuple[SealedEntry, ...]
    next: int


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A signed checkpoint: how many entries, their root in hexadecimal, the note, and when it was signed."""

    size: int
    root: str
    note: str
    signed_at: datetime


def history(*, subject: str, by: Actor) -> list[EntryView]:
    """Return what happened to a subject, oldest first; the newest thousand when there is more."""
    rows = LedgerEntry.objects.visible_to(by).filter(subject=subject).select_related("leaf").order_by("-number")
    return [_view(row) for row in rows[:HISTORY_ENTRIES_MAX]][::-1]


def recent(*, by: Actor, before: UUID | None, limit: int) -> list[EntryView]:
    """Return a page of entries, newest first, that came before a given one."""
    rows = LedgerEntry.objects.visible_to(by).select_related("leaf").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=entry(before, by=by).number)
    return [_view(row) for row in rows[:limit]]


def sealed_from(position: int, *, prefixes: Sequence[str], limit: int) -> SealedPage:
    """Read the sealed entries of the next `limit` places whose event begins with one of the prefixes.

    A place is given under one lock and committed with all places before it, so that a reader who goes by places skips
    nothing that commits late. Places without a wanted entry are passed too: the cost of a page is bounded.
    """
    rows = (
        LedgerLeaf.objects.filter(position__gte=position, position__lt=position + limit)
        .select_related("entry")
        .order_by("position")
    )
    wanted = Q()
    for prefix in prefixes:
        wanted |= Q(entry__event__startswith=prefix)
    newest = checkpoint_row()
    end = min(position + limit, newest.size if newest else 0)
    entries = tuple(_sealed(row) for row in rows.filter(wanted) if row.position < end)
    return SealedPage(entries=entries, next=max(position, end))


def _sealed(leaf: LedgerLeaf) -> SealedEntry:
    row = leaf.entry
    return SealedEntry(
        position=leaf.position,
        id=row.identifier,
        event=row.event,
        subject=row.subject,
        by=row.by,
        at=row.at,
        teams=tuple(row.teams),
        facts=facts_of(bytes(row.canonical)),
    )


def entry(identifier: UUID, *, by: Actor) -> LedgerEntry:
    """Return one entry; what the actor may not see is not there."""
    row = LedgerEntry.objects.visible_to(by).filter(identifier=identifier).first()
    if row is None:
        raise NotVisible(f"the ledger has no entry {identifier}")
    return row


def view(identifier: UUID, *, by: Actor) -> EntryView:
    """Return one entry for a page."""
    return _view(entry(identifier, by=by))


def position_of(row: LedgerEntry) -> int | None:
    """Return an entry's place, if it has one yet."""
    return LedgerLeaf.objects.filter(entry_id=row.number).values_list("position", flat=True).first()


def waiting_count() -> int:
    """Return how many entries have no place yet."""
    return LedgerWaiting.objects.count()


def waiting_entries(limit: int) -> list[tuple[int, bytes]]:
    """Return entries without a place in the order they arrived, number and bytes.

    An entry whose transaction commits late appears late and is taken then: nothing is skipped by counting past it.
    """
    rows = LedgerWaiting.objects.order_by("entry_id").values_list("entry_id", "entry__canonical")[:limit]
    return [(number, bytes(canonical)) for number, canonical in rows]


def checkpoint_row(*, size: int | None = None) -> LedgerCheckpoint | None:
    """Return the checkpoint at a size, or the latest."""
    rows = LedgerCheckpoint.objects.order_by("-size")
    return (rows if size is None else rows.filter(size=size)).first()


def checkpoint_view(row: LedgerCheckpoint) -> Checkpoint:
    """Return a checkpoint for others."""
    return Checkpoint(size=row.size, root=bytes(row.root).hex(), note=row.note, signed_at=row.signed_at)


def recent_checkpoints(*, limit: int) -> list[Checkpoint]:
    """Return the newest checkpoints, newest first."""
    return [checkpoint_view(row) for row in LedgerCheckpoint.objects.order_by("-size")[:limit]]


def frontier(row: LedgerCheckpoint | None) -> Frontier:
    """Return the tree that a checkpoint stands for."""
    return Frontier() if row is None else Frontier.from_bytes(row.size, bytes(row.frontier))


def subtree_hash(subtree: Subtree) -> bytes:
    """Return the hash of a complete subtree from the stored ones beneath it: at most 128 rows are read."""
    level, indexes = merkle.stored_children(subtree)
    if level == 0:
        rows = LedgerLeaf.objects.filter(position__gte=indexes.start, position__lt=indexes.stop).order_by("position")
        hashes = [bytes(value) for value in rows.values_list("leaf_hash", flat=True)]
    else:
        stored = LedgerSubtree.objects.filter(level=level, index__gte=indexes.start, index__lt=indexes.stop)
        hashes = [bytes(value) for value in stored.order_by("index").values_list("subtree_hash", flat=True)]
    if len(hashes) != len(indexes):
        raise Fault("the ledger lacks hashes that its checkpoints cover: run `pehra ledger verify`")
    return merkle.complete(hashes)


def placed_entries() -> Iterator[Placed]:
    """Read every leaf with its entry, in order of place."""
    rows = (
        "SELECT l.position, l.leaf_hash, e.identifier, e.event, e.subject, e.by, e.at, e.teams, e.canonical"
        " FROM ledger_leaf l LEFT JOIN ledger_entry e ON e.number = l.entry_id ORDER BY l.position"
    )
    for position, leaf, *columns in _stream(rows):
        yield Placed(position=position, leaf_hash=leaf, entry=_written(columns))


def kept_checkpoints() -> Iterator[Kept]:
    """Read every checkpoint, smallest first."""
    for row in LedgerCheckpoint.objects.order_by("size").iterator(chunk_size=READ_AT_ONCE):
        yield Kept(
            size=row.size,
            root=bytes(row.root),
            frontier=bytes(row.frontier),
            note=row.note,
            signed_at=row.signed_at,
        )


def stored_subtrees() -> dict[Subtree, bytes]:
    """Read every stored subtree hash: one for 256 entries."""
    rows = LedgerSubtree.objects.values_list("level", "index", "subtree_hash")
    return {Subtree(level, index): bytes(value) for level, index, value in rows}


def lost_count() -> int:
    """Return how many entries neither have a place nor wait for one: none, unless somebody got past the triggers."""
    return LedgerEntry.objects.filter(leaf__isnull=True, waiting__isnull=True).count()


def doubled_count() -> int:
    """Return how many entries have a place and wait for another: none, unless somebody got past the triggers."""
    return LedgerWaiting.objects.filter(entry__leaf__isnull=False).count()


def waiting_canonical() -> Iterator[bytes]:
    """Read the bytes of entries without a place, in the order they arrived."""
    rows = LedgerWaiting.objects.order_by("entry_id").values_list("entry__canonical", flat=True)
    for canonical in rows.iterator(chunk_size=READ_AT_ONCE):
        yield bytes(canonical)


def _view(row: LedgerEntry) -> EntryView:
    leaf = getattr(row, "leaf", None)
    return EntryView(
        id=row.identifier,
        event=row.event,
        subject=row.subject,
        by=row.by,
        at=row.at,
        facts=facts_of(bytes(row.canonical)),
        position=leaf.position if leaf else None,
    )


def _written(columns: list[Any]) -> Written | None:
    identifier, event, subject, by, at, teams, canonical = columns
    if identifier is None:
        return None
    return Written(
        identifier=identifier, event=event, subject=subject, by=by, at=at, teams=teams, canonical=bytes(canonical)
    )


def _stream(sql: str) -> Iterator[tuple[Any, ...]]:
    """Read a large answer through a cursor on the server, in bounded memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(READ_AT_ONCE):
            yield from rows
