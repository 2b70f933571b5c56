"""The audit: everything the ledger says, derived again from its entries alone.

Each entry is hashed anew, the tree grown anew, and every checkpoint met on the way must name the same root under a good
signature. The first thing that does not fit is said, with its place; what comes after it is not looked at, since
everything after it would be wrong as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pehra.kernel.refusals import Invalid
from pehra.ledger.rules import checkpoints
from pehra.ledger.rules.checkpoints import TreeHead
from pehra.ledger.rules.entries import Written, disagreement
from pehra.ledger.rules.merkle import Frontier, Subtree, leaf_hash
from pehra.ledger.rules.notes import VerifierKey


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A leaf with its entry; an entry that is gone is None."""

    position: int
    leaf_hash: bytes
    entry: Written | None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A checkpoint as it is kept: the signed note, and the columns that repeat it."""

    size: int
    root: bytes
    frontier: bytes
    note: str
    signed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """The first thing that does not fit."""

    position: int | None
    entry: str | None
    problem: str

    def as_json(self) -> dict[str, Any]:
        """Return the flaw in plain JSON values."""
        return {"position": self.position, "entry": self.entry, "problem": self.problem}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What an audit found. `waiting` entries have no place yet and are not covered."""

    entries: int
    checkpoints: int
    waiting: int
    root: str
    first_bad: Flaw | None

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return self.first_bad is None

    def as_json(self) -> dict[str, Any]:
        """Return the finding in plain JSON values."""
        return {
            "entries": self.entries,
            "root": self.root,
            "ok": self.ok,
            "first_bad": self.first_bad.as_json() if self.first_bad else None,
            "checkpoints": self.checkpoints,
            "waiting": self.waiting,
        }


class Broken(Exception):
    """Something does not fit; carries the flaw. Caught by `audit` and never seen outside."""

    def __init__(self, problem: str, *, position: int | None = None, entry: str | None = None) -> None:
        super().__init__(problem)
        self.flaw = Flaw(position=position, entry=entry, problem=problem)


@dataclass(kw_only=True)
class Audit:
    """An audit under way: fed with leaves in order, asked about checkpoints and subtrees on the way."""

    key: VerifierKey
    stored: Mapping[Subtree, bytes] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)
    met: int = 0

    def take(self, placed: Placed) -> None:
        """Check one leaf and grow the tree by it."""
        position = self.frontier.size
        if placed.position != position:
            raise Broken(f"the entry at position {position} is missing", position=position)
        if placed.entry is None:
            raise Broken("the entry is gone; only its hash is left", position=position)
        name = str(placed.entry.identifier)
        fresh = leaf_hash(placed.entry.canonical)
        if fresh != placed.leaf_hash:
            raise Broken("the entry's bytes do not have the hash they were placed with", position=position, entry=name)
        if columns := disagreement(placed.entry):
            raise Broken(f"the entry's columns do not say what its bytes say: {columns}", position=position, entry=name)
        self.frontier = self.frontier.extend([fresh])
        for subtree, subtree_hash in self.frontier.finished:
            if self.stored.get(subtree) != subtree_hash:
                raise Broken(
                    f"the stored hash of entries {subtree.first} to {subtree.last} is wrong", position=position
                )

    def recall(self, known: Iterable[TreeHead]) -> None:
        """Check the tree against checkpoints kept outside, where it stands at their size."""
        for head in known:
            if head.size == self.frontier.size and head.root != self.frontier.root:
                raise Broken(
                    "the checkpoint kept outside has another root: the ledger was written anew", position=head.size - 1
                )

    def meet(self, kept: Kept) -> None:
        """Check a checkpoint against the tree as it stands at that size."""
        place = f"the checkpoint at size {kept.size}"
        if kept.size != self.frontier.size:
            raise Broken(
                f"{place} covers entries that are gone: {self.frontier.size} are left", position=self.frontier.size
            )
        try:
            head = checkpoints.opened(kept.note, self.key)
        except Invalid as error:
            raise Broken(f"{place}: {error.message}", position=kept.size - 1) from error
        if head.size != kept.size or (kept.signed_at is not None and head.signed_at != kept.signed_at):
            raise Broken(f"{place}: its columns do not say what its note says", position=kept.size - 1)
        if head.origin != self.key.name:
            raise Broken(f"{place} is of another ledger, {head.origin}", position=kept.size - 1)
        if head.root != self.frontier.root:
            raise Broken(f"{place} has another root: entries before it were changed", position=kept.size - 1)
        if kept.root != head.root or kept.frontier != self.frontier.as_bytes():
            raise Broken(f"{place}: its columns do not say what its note says", position=kept.size - 1)
        self.met += 1


def audit(
    *,
    key: VerifierKey,
    leaves: Iterable[Placed],
    kept: Iterable[Kept],
    stored: Mapping[Subtree, bytes],
    waiting: int,
    lost: int,
    doubled: int,
    known: Sequence[TreeHead] = (),
) -> Verification:
    """Derive the whole ledger again and say the first thing that does not fit.

    `lost` counts entries that neither have a place nor wait for one, `doubled` those that do both; `known` is what
    checkpoints kept outside the database say.
    """
    under_way = Audit(key=key, stored=stored)
    ahead = iter(kept)
    due = next(ahead, None)
    flaw: Flaw | None = None
    covered = 0
    try:
        for leaf in leaves:
            under_way.take(leaf)
            under_way.recall(known)
            if due is not None and due.size == under_way.frontier.size:
                under_way.meet(due)
                covered, due = due.size, next(ahead, None)
        if due is not None:
            under_way.meet(due)
        size = under_way.frontier.size
        if (remembered := max((head.size for head in known), default=0)) > size:
            raise Broken(f"the checkpoint kept outside covers {remembered} entries", position=size)
        if covered != under_way.frontier.size:
            raise Broken("entries have a place that no checkpoint covers", position=covered)
        if lost:
            raise Broken(f"{lost} entries have no place and do not wait for one")
        if doubled:
            raise Broken(f"{doubled} entries have a place and wait for another")
    except Broken as broken:
        flaw = broken.flaw
    return Verification(
        entries=under_way.frontier.size,
        checkpoints=under_way.met,
        waiting=waiting,
        root=under_way.frontier.root.hex(),
        first_bad=flaw,
    )
