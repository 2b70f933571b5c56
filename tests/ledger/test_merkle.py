"""The tree of RFC 9162: published vectors, and properties against the RFC's own recursive definition."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.ledger.rules import merkle
from pehra.ledger.rules.merkle import Frontier, Subtree

# The leaves and roots of the Certificate Transparency project's reference tests, which other logs' tests repeat: the
# n-th root is that of the first n leaves.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

# Audit paths of the same tests: (position from 1, size, path).
CT_PATHS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        2,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
# Proofs of growth of the same tests: (old size, new size, proof).
CT_GROWTH = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def definition(leaves: list[bytes]) -> bytes:
    """The Merkle Tree Hash, word for word as RFC 9162, section 2.1.1 defines it, over raw entries."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + definition(leaves[:k]) + definition(leaves[k:])).digest()


def tree(entries: list[bytes]) -> tuple[list[bytes], merkle.SubtreeHash]:
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    return leaves, lambda part: merkle.root(leaves[part.first : part.last + 1])


def entries_of(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    leaves, _ = tree(CT_LEAVES[:size])
    assert merkle.root(leaves).hex() == CT_ROOTS[size - 1]
    assert definition(CT_LEAVES[:size]).hex() == CT_ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == EMPTY_ROOT


@pytest.mark.parametrize(("number", "size", "path"), CT_PATHS)
def test_inclusion_proofs_are_the_published_ones(number: int, size: int, path: list[str]) -> None:
    leaves, subtree_hash = tree(CT_LEAVES[:size])
    proof = merkle.inclusion_proof(number - 1, size, subtree_hash)
    assert [step.hex() for step in proof] == path
    assert merkle.proves_inclusion(leaves[number - 1], number - 1, size, proof, bytes.fromhex(CT_ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "path"), CT_GROWTH)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, path: list[str]) -> None:
    _, subtree_hash = tree(CT_LEAVES[:new])
    proof = merkle.consistency_proof(old, new, subtree_hash)
    assert [step.hex() for step in proof] == path
    roots = (bytes.fromhex(CT_ROOTS[old - 1]), bytes.fromhex(CT_ROOTS[new - 1]))
    assert merkle.proves_consistency(old, new, *roots, proof)


def test_every_proof_up_to_forty_leaves_holds_and_no_other_does() -> None:
    entries = entries_of(40)
    roots = [definition(entries[:size]) for size in range(41)]
    for size in range(1, 41):
        leaves, subtree_hash = tree(entries[:size])
        for position in range(size):
            proof = merkle.inclusion_proof(position, size, subtree_hash)
            assert merkle.proves_inclusion(leaves[position], position, size, proof, roots[size])
            for forged in (position - 1, position + 1, position ^ 1):
                assert not merkle.proves_inclusion(leaves[position], forged, size, proof, roots[size])
            assert not merkle.proves_inclusion(leaves[position], position, size, [*proof, roots[0]], roots[size])
            assert not merkle.proves_inclusion(leaves[position - 1], position, size, proof, roots[size]) or size == 1
            if proof:
                assert not merkle.proves_inclusion(leaves[position], position, size, proof[:-1], roots[size])
        for old in range(1, size + 1):
            growth = merkle.consistency_proof(old, size, subtree_hash)
            assert merkle.proves_consistency(old, size, roots[old], roots[size], growth)
            assert not merkle.proves_consistency(old, size, roots[old - 1], roots[size], growth)
            assert not merkle.proves_consistency(old, size, roots[old], roots[size - 1], growth)
            assert not merkle.proves_consistency(old, size, roots[old], roots[size], [*growth, roots[0]])


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
@settings(max_examples=30)
def test_a_tree_grown_in_steps_is_the_tree_grown_at_once(steps: list[int]) -> None:
    entries = entries_of(sum(steps))
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    frontier = Frontier()
    finished: dict[Subtree, bytes] = {}
    for step in steps:
        frontier = frontier.extend(leaves[frontier.size : frontier.size + step])
        finished |= dict(frontier.finished)
        assert Frontier.from_bytes(frontier.size, frontier.as_bytes()) == frontier
    assert frontier.root == definition(entries)
    assert finished == {
        Subtree(8, index): definition(entries[index * 256 : index * 256 + 256]) for index in range(len(entries) // 256)
    }


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_run_of_leaves_falls_into_whole_subtrees(first: int, length: int) -> None:
    parts = list(merkle.subtrees(first, first + length))
    end = first
    for part in parts:
        assert part.first == end
        end = part.last + 1
    assert end == first + length
    assert len(parts) <= 2 * 41


@given(st.integers(0, 20), st.integers(0, 2**20))
def test_a_subtree_is_made_of_stored_ones(level: int, index: int) -> None:
    stored, indexes = merkle.stored_children(Subtree(level, index))
    assert stored in (0, 8, 16)
    assert 1 <= len(indexes) <= 128
    assert Subtree(stored, indexes[0]).first == Subtree(level, index).first
    assert Subtree(stored, indexes[-1]).last == Subtree(level, index).last


def test_what_no_tree_has_is_our_bug() -> None:
    _, subtree_hash = tree(CT_LEAVES)
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(8, 8, subtree_hash)
    for old, new in ((0, 8), (9, 8)):
        with pytest.raises(ValueError, match="does not continue"):
            merkle.consistency_proof(old, new, subtree_hash)
    with pytest.raises(ValueError, match="parts"):
        Frontier(3, (b"",))
    assert not merkle.proves_consistency(0, 1, b"", b"", [])
    assert not merkle.proves_consistency(3, 8, b"", b"", [])
    assert not merkle.proves_inclusion(b"", 0, 0, [], b"")
