"""The Merkle tree of RFC 9162 (section 2.1): hashes, roots, proofs, and the checks that a stranger makes.

Kept as a *frontier*: the hashes of the complete subtrees that a tree of some size falls into, largest first. A tree
grows from its frontier alone, without reading what it already holds. Nothing here stores, reads or signs.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

HASH_BYTES = 32
STORED_LEVELS = 8  # the hash of every 2^8, 2^16 … consecutive leaves is kept, so that a proof reads a few hundred rows


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf; the prefix keeps a node from passing for a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over subtrees of falling size, as a frontier holds them; of none, the hash of nothing."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a tree with these leaf hashes."""
    return fold(Frontier().extend(leaves).hashes)


@dataclass(frozen=True)
class Subtree:
    """A complete subtree: the `index`-th run of 2^`level` leaves."""

    level: int
    index: int

    @property
    def first(self) -> int:
        """The position of its first leaf."""
        return self.index << self.level

    @property
    def last(self) -> int:
        """The position of its last leaf."""
        return ((self.index + 1) << self.level) - 1


@dataclass(frozen=True)
class Frontier:
    """A tree of `size` leaves, as the hashes of the complete subtrees it falls into, largest first.

    `finished` are the subtrees at stored levels that the last growth completed.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()
    finished: tuple[tuple[Subtree, bytes], ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} parts, not {len(self.hashes)}")

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return fold(self.hashes)

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the tree grown by some leaves."""
        size, hashes, finished = self.size, list(self.hashes), []
        for leaf in leaves:
            level, subtree = 0, leaf
            while size >> level & 1:  # two subtrees of one size side by side become one
                subtree = node_hash(hashes.pop(), subtree)
                level += 1
                if level % STORED_LEVELS == 0:
                    finished.append((Subtree(level, size >> level), subtree))
            hashes.append(subtree)
            size += 1
        return Frontier(size, tuple(hashes), tuple(finished))

    def as_bytes(self) -> bytes:
        """Return the hashes in one piece, for storing."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> "Frontier":
        """Read what `as_bytes` wrote."""
        return cls(size, tuple(packed[start : start + HASH_BYTES] for start in range(0, len(packed), HASH_BYTES)))


def subtrees(first: int, end: int) -> Iterator[Subtree]:
    """Split the leaves from `first` up to `end` (not included) into the fewest complete subtrees, left to right."""
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        yield Subtree(level, first >> level)
        first += 1 << level


SubtreeHash = Callable[[Subtree], bytes]


def inclusion_proof(position: int, size: int, subtree_hash: SubtreeHash) -> list[bytes]:
    """Return the proof that a leaf is in a tree of that size (RFC 9162, section 2.1.3.1)."""
    if not 0 <= position < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {position}")
    path: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if position < middle:
            path.append(_range_hash(middle, end, subtree_hash))
            end = middle
        else:
            path.append(_range_hash(first, middle, subtree_hash))
            first = middle
    return path[::-1]


def consistency_proof(old: int, new: int, subtree_hash: SubtreeHash) -> list[bytes]:
    """Return the proof that the tree of size `new` continues that of size `old` (RFC 9162, section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves does not continue one of {old}")
    path: list[bytes] = []
    first, end, from_start = 0, new, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(_range_hash(middle, end, subtree_hash))
            end = middle
        else:
            path.append(_range_hash(first, middle, subtree_hash))
            first, from_start = middle, False
    if not from_start:
        path.append(_range_hash(first, end, subtree_hash))
    return path[::-1]


def proves_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether a proof shows that a leaf is in the tree with that root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    node, last, running = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            running = node_hash(sibling, running)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            running = node_hash(running, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and running == expected_root


def proves_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that one tree continues the other (RFC 9162, section 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_running = new_running = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_running = node_hash(sibling, old_running)
            new_running = node_hash(sibling, new_running)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_running = node_hash(new_running, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_running == old_root and new_running == new_root


def stored_children(subtree: Subtree) -> tuple[int, range]:
    """Return the stored level at or below a subtree, and the indexes there whose hashes make it up."""
    level = subtree.level // STORED_LEVELS * STORED_LEVELS
    width = subtree.level - level
    return level, range(subtree.index << width, (subtree.index + 1) << width)


def complete(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a complete subtree from those of its 2^n equal parts."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range_hash(first: int, end: int, subtree_hash: SubtreeHash) -> bytes:
    return fold([subtree_hash(subtree) for subtree in subtrees(first, end)])
