"""The door of the ledger: record an act, give entries their place, prove and verify.

An act inserts its entry in its own transaction and waits for nobody. One sequencer gives entries their place in the
tree and signs a checkpoint every few seconds; what has no place yet is shown as not yet sealed. Nothing here changes or
removes an entry, and there is no function that could.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Fault, Invalid, NotVisible
from pehra.ledger import queries
from pehra.ledger.gateways import keys, witness
from pehra.ledger.models import LedgerCheckpoint
from pehra.ledger.queries import (
    Checkpoint,
    EntryView,
    SealedEntry,
    SealedPage,
    history,
    recent,
    recent_checkpoints,
    view,
    waiting_count,
)
from pehra.ledger.rules import checkpoints, documents, entries, merkle, notes
from pehra.ledger.rules.audit import Flaw, Verification, audit
from pehra.ledger.rules.checkpoints import TreeHead
from pehra.ledger.rules.entries import Entry
from pehra.ledger.rules.merkle import Frontier

__all__ = [
    "Checkpoint",
    "Entry",
    "EntryView",
    "Flaw",
    "SealedEntry",
    "SealedPage",
    "Verification",
    "check_key",
    "checkpoint_at",
    "export",
    "history",
    "latest_checkpoint",
    "place_entries",
    "prove",
    "prove_growth",
    "recent",
    "recent_checkpoints",
    "record",
    "record_many",
    "sealed_from",
    "verifier",
    "verify",
    "view",
    "waiting_count",
]

PLACED_AT_ONCE_MAX = 10_000  # entries under one checkpoint
CHECKPOINTS_PER_CALL_MAX = 100
SEALED_AT_ONCE_MAX = 10_000
_SEQUENCER_LOCK = 0x70656872_6C656467  # "pehr", "ledg": one sequencer a database
_COLUMNS = "identifier, event, subject, by, at, teams, canonical"
_INSERT = f"INSERT INTO ledger_entry ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 (a constant)
# One statement for many, and no COPY: PostgreSQL refuses that where row-level security holds for whoever acts.
_INSERT_MANY = f"""
INSERT INTO ledger_entry ({_COLUMNS})
SELECT identifier, event, subject, by, at, teams::text[], canonical
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bytea[])
    WITH ORDINALITY AS acts ({_COLUMNS}, place)
ORDER BY place
"""  # noqa: S608 (constants of this module)
_TEAMS = _COLUMNS.split(", ").index("teams")
ENTRIES_A_STATEMENT = 10_000


def record(
    event: str,
    *,
    subject: str,
    by: Actor,
    at: datetime,
    teams: Iterable[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> UUID:
    """Write one entry in the act's own transaction and return its identifier. Takes no lock."""
    _require_transaction()
    identifier = new_id(at)
    entry = entries.written(Entry(event=event, subject=subject, by=by, at=at, teams=teams, facts=facts), identifier)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, _row(entry))
    return identifier


def record_many(acts: Sequence[Entry]) -> list[UUID]:
    """Write many entries at once, in order, in the acts' own transaction, and return their identifiers."""
    _require_transaction()
    kept = [entries.written(act, new_id(act.at)) for act in acts]
    with connection.cursor() as cursor:
        for start in range(0, len(kept), ENTRIES_A_STATEMENT):
            rows = [_row(entry) for entry in kept[start : start + ENTRIES_A_STATEMENT]]
            columns = [list(column) for column in zip(*rows, strict=True)]
            columns[_TEAMS] = [_array(teams) for teams in columns[_TEAMS]]
            cursor.execute(_INSERT_MANY, columns)
    return [entry.identifier for entry in kept]


def place_entries(*, at: datetime) -> Checkpoint | None:
    """Give waiting entries their place and sign for them; return the newest checkpoint made.

    None when nothing waits or another sequencer is at work. Safe to call at any time from any number of processes.
    """
    newest: Checkpoint | None = None
    for _ in range(CHECKPOINTS_PER_CALL_MAX):
        made = _place_some(at=at)
        if made is None:
            break
        newest = made
    return newest


@transaction.atomic
def _place_some(*, at: datetime) -> Checkpoint | None:
    if not _sole_sequencer():
        return None
    waiting = queries.waiting_entries(PLACED_AT_ONCE_MAX)
    if not waiting:
        return None
    if queries.doubled_count():
        raise Fault("an entry that waits for a place has one already: run `pehra ledger verify`")
    key = _key()
    tree = _trusted_tree(key.verifier)
    leaves = [merkle.leaf_hash(canonical) for _, canonical in waiting]
    grown = tree.extend(leaves)
    head = TreeHead(origin=key.name, size=grown.size, root=grown.root, signed_at=at)
    numbers = [number for number, _ in waiting]
    with connection.cursor() as cursor:
        with cursor.copy("COPY ledger_leaf (position, entry_id, leaf_hash) FROM STDIN") as copy:
            for row in zip(range(tree.size, grown.size), numbers, leaves, strict=True):
                copy.write_row(row)
        cursor.executemany(
            "INSERT INTO ledger_subtree (level, index, subtree_hash) VALUES (%s, %s, %s)",
            [(subtree.level, subtree.index, value) for subtree, value in grown.finished],
        )
        cursor.execute("DELETE FROM ledger_waiting WHERE entry_id = ANY(%s)", [numbers])
    made = LedgerCheckpoint.objects.create(
        size=grown.size, root=grown.root, frontier=grown.as_bytes(), note=head.signed(key), signed_at=at
    )
    # Robust: the act is done; a disk that is full leaves an older witness, which says less and nothing false.
    transaction.on_commit(lambda: witness.keep(made.note), robust=True)
    return queries.checkpoint_view(made)


def sealed_from(*, position: int, prefixes: Sequence[str], limit: int, by: Actor) -> SealedPage:
    """Return the sealed entries of the next places from a position, of events that begin with one of the prefixes.

    For the machine's own parts, which see every entry: a person reads by `recent` and `history`, through the wall.
    """
    if not by.is_system:
        raise NotVisible("the ledger is read on by Pehra itself")
    if not 0 < limit <= SEALED_AT_ONCE_MAX:
        raise Invalid(f"at most {SEALED_AT_ONCE_MAX} places are read at once", field="limit")
    return queries.sealed_from(position, prefixes=prefixes, limit=limit)


def latest_checkpoint() -> Checkpoint | None:
    """Return the newest signed checkpoint, if there is one."""
    row = queries.checkpoint_row()
    return None if row is None else queries.checkpoint_view(row)


def checkpoint_at(*, size: int) -> Checkpoint:
    """Return the checkpoint that was signed at a size."""
    return queries.checkpoint_view(_checkpoint(size))


def verifier() -> str:
    """Return the public key, `name+id+base64`, that outsiders need to check this ledger."""
    return str(_key().verifier)


def verify(*, known: str | None = None) -> Verification:
    """Derive everything again from the entries and say what does not fit.

    `known` is a checkpoint that somebody kept outside: a ledger that was cut short or written anew cannot fit it. The
    newest one that this node signed is kept in its data folder and is asked for always.
    """
    key = _key().verifier
    # Before the ledger is held still: a checkpoint made in between would be newer than what is looked at.
    heads = [] if known is None else [checkpoints.opened(known, key)]
    if (witnessed := _witnessed(key)) is not None:
        heads.append(witnessed)
    with transaction.atomic():
        _hold_still()
        kept = queries.kept_checkpoints()
        found = audit(
            key=key,
            leaves=queries.placed_entries(),
            kept=kept,
            stored=queries.stored_subtrees(),
            waiting=queries.waiting_count(),
            lost=queries.lost_count(),
            doubled=queries.doubled_count(),
            known=heads,
        )
    return found


def prove(entry_id: UUID, *, by: Actor, size: int | None = None) -> dict[str, Any]:
    """Return the proof that an entry is in the ledger, under the newest checkpoint or the one at `size`."""
    row = queries.entry(entry_id, by=by)
    position = queries.position_of(row)
    if position is None:
        raise Invalid(f"entry {entry_id} is not yet sealed: try again in a few seconds", field="entry")
    checkpoint = _checkpoint(size)
    if position >= checkpoint.size:
        raise Invalid(f"the checkpoint at size {checkpoint.size} is older than the entry", field="size")
    return documents.inclusion(
        entry=bytes(row.canonical),
        position=position,
        size=checkpoint.size,
        proof=merkle.inclusion_proof(position, checkpoint.size, queries.subtree_hash),
        note=checkpoint.note,
        verifier=_key().verifier,
    )


def prove_growth(*, old: int, new: int | None = None) -> dict[str, Any]:
    """Return the proof that a later checkpoint only adds to an earlier one."""
    first, second = _checkpoint(old), _checkpoint(new)
    if first.size > second.size:
        raise Invalid(f"the checkpoint at size {first.size} is not older than that at {second.size}", field="size")
    return documents.consistency(
        old=first.note,
        new=second.note,
        proof=merkle.consistency_proof(first.size, second.size, queries.subtree_hash),
        verifier=_key().verifier,
    )


def export() -> Iterator[dict[str, Any]]:
    """Return the whole ledger as documents, one a line, from which a stranger derives everything again."""
    with transaction.atomic():
        _hold_still()
        yield documents.opening(_key().verifier)
        ahead = queries.kept_checkpoints()
        due = next(ahead, None)
        for placed in queries.placed_entries():
            if placed.entry is not None:
                yield documents.entry(placed.position, placed.entry.canonical)
            if due is not None and due.size == placed.position + 1:
                yield documents.checkpoint(due.size, due.note)
                due = next(ahead, None)
        for kept in [] if due is None else [due, *ahead]:
            yield documents.checkpoint(kept.size, kept.note)
        for canonical in queries.waiting_canonical():
            yield documents.waiting(canonical)


def check_key() -> None:
    """Refuse when the key in the data folder is not the one that signed the ledger until now."""
    _trusted_tree(_key().verifier)


def _key() -> notes.SigningKey:
    return keys.signing_key(was_used=lambda: queries.checkpoint_row() is not None)


def _checkpoint(size: int | None) -> LedgerCheckpoint:
    row = queries.checkpoint_row(size=size)
    if row is None:
        raise NotVisible("there is no checkpoint yet" if size is None else f"there is no checkpoint at size {size}")
    return row


def _trusted_tree(key: notes.VerifierKey) -> Frontier:
    """Return the tree to grow, after checking that this key signed for it: what was tampered with is not continued."""
    row = queries.checkpoint_row()
    tree = queries.frontier(row)
    witnessed = _witnessed(key)
    if witnessed is not None and (
        witnessed.size > tree.size or (witnessed.size == tree.size and witnessed.root != tree.root)
    ):
        raise Fault(
            f"the ledger was taken back: this node signed for {witnessed.size} entries ({witness.place()}), and"
            f" {tree.size} are left. Run `pehra ledger verify`;"
            f" if a backup was put back on purpose, move that file away"
        )
    if row is None:
        return tree
    try:
        head = checkpoints.opened(row.note, key)
    except Invalid as error:
        raise Fault(
            f"the ledger's last checkpoint was not signed by the key in this data folder ({error.message}):"
            " put the ledger's own keys/ledger.key back"
        ) from error
    if (head.size, head.root) != (tree.size, tree.root):
        raise Fault("the ledger's last checkpoint does not fit what it was signed for: run `pehra ledger verify`")
    return tree


def _witnessed(key: notes.VerifierKey) -> TreeHead | None:
    """Return what the checkpoint in the data folder says, if one was kept."""
    note = witness.kept()
    try:
        return None if note is None else checkpoints.opened(note, key)
    except Invalid as error:
        raise Fault(f"{witness.place()} holds no checkpoint signed by this node's key: {error.message}") from error


def _row(entry: entries.Written) -> tuple[Any, ...]:
    return (entry.identifier, entry.event, entry.subject, entry.by, entry.at, entry.teams, entry.canonical)


def _array(texts: Iterable[str]) -> str:
    """Write texts as PostgreSQL reads an array: every element quoted, quotes and backslashes escaped."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("an entry is recorded inside the transaction of its act")


def _sole_sequencer() -> bool:
    """Whether this transaction now holds the sequencer's place; it is given back when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEQUENCER_LOCK])
        return bool(cursor.fetchone()[0])


def _hold_still() -> None:
    """Read everything of one moment, although the sequencer goes on; inside another transaction its view counts."""
    if not connection.savepoint_ids and connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
