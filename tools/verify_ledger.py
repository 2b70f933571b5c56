#!/usr/bin/env python3
"""Check a Pehra ledger without trusting, installing or importing Pehra.

    verify_ledger.py [--key NAME+ID+BASE64] [--checkpoint FILE] FILE...

A FILE is an inclusion proof (`pehra ledger prove`), a proof of growth (`pehra ledger checkpoint --since`), or a whole
export (`pehra ledger export`), from which everything is derived again. `--key` is the ledger's public key as you were
given it by another road; without it the key inside the file is used, which shows only that the file agrees with itself.
`--checkpoint` is a signed checkpoint that you kept: a ledger that was cut short or written anew cannot fit it.

Standard library and `cryptography` only. Exit code 0: all holds; 1: something does not; 2: a file could not be read.
Sources: RFC 9162, section 2.1 (tree and proofs); C2SP signed-note and tlog-checkpoint; RFC 8785 (canonical JSON).
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Broken(Exception):
    """Something does not hold: the answer is no."""


class Unusable(Exception):
    """A file is not what it should be: there is no answer."""


def leaf_hash(entry):
    """The hash of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A Merkle tree as the roots of its complete parts, largest first."""

    def __init__(self):
        self.size = 0
        self.parts = []

    def add(self, leaf):
        """Grow by one leaf: two parts of one size become one."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.parts.pop(), leaf)
            size >>= 1
        self.parts.append(leaf)
        self.size += 1

    def root(self):
        """The root of all."""
        if not self.parts:
            return hashlib.sha256(b"").digest()
        whole = self.parts[-1]
        for part in reversed(self.parts[:-1]):
            whole = node_hash(part, whole)
        return whole


def climb(position, size, proof, start, with_old=None):
    """Follow a proof from a node up to the roots it leads to: of the new tree, and of the old one when asked."""
    node, last, new, old = position, size, start, with_old
    for sibling in proof:
        if last == 0:
            raise Broken("the proof is longer than the tree is high")
        if node & 1 or node == last:
            new = node_hash(sibling, new)
            old = None if old is None else node_hash(sibling, old)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise Broken("the proof is shorter than the tree is high")
    return new, old


def root_by_inclusion(leaf, position, size, proof):
    """The root that a leaf and its proof lead to (RFC 9162, section 2.1.3.2)."""
    if not 0 <= position < size:
        raise Broken(f"position {position} is not in a tree of {size} entries")
    return climb(position, size - 1, proof, leaf)[0]


def roots_by_consistency(old_size, new_size, old_root, proof):
    """The old and the new root that a proof of growth leads to (RFC 9162, section 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        raise Broken(f"a tree of {new_size} entries does not continue one of {old_size}")
    if old_size == new_size:
        if proof:
            raise Broken("two checkpoints of one size need no proof")
        return old_root, old_root
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        raise Broken("the proof is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    new, old = climb(node, last, path[1:], path[0], with_old=path[0])
    return old, new


class Key:
    """An Ed25519 verifier key: name, four-byte id, public key."""

    def __init__(self, text):
        name, _, rest = text.strip().partition("+")
        short, _, encoded = rest.partition("+")
        raw = unbase64(encoded, "the key")
        if len(raw) != 33 or raw[0] != 1:
            raise Unusable("the key is not an Ed25519 verifier key")
        identity = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if identity.hex() != short:
            raise Broken("the key's id does not belong to it")
        self.text, self.name, self.id = text.strip(), name, identity
        self.public = Ed25519PublicKey.from_public_bytes(raw[1:])


class Checkpoint:
    """A signed checkpoint, read only when the key signed it."""

    def __init__(self, note, key):
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise Unusable("the checkpoint is not a signed note")
        text += "\n"
        signed = [self._signed_by(key, text, line) for line in lines[:-1].split("\n")]
        if True not in signed:
            raise Broken(f"the checkpoint is not signed by {key.name}")
        parts = text.split("\n")
        if len(parts) < 4 or not (parts[1].isascii() and parts[1].isdigit()):
            raise Unusable("the note is not a checkpoint")
        self.origin, self.size, self.root = parts[0], int(parts[1]), unbase64(parts[2], "the root")
        self.more = parts[3:-1]
        if self.origin != key.name:
            raise Broken(f"the checkpoint is of another ledger: {self.origin}")

    @staticmethod
    def _signed_by(key, text, line):
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = unbase64(encoded, "a signature")
        if mark != "\u2014" or name != key.name or raw[:4] != key.id:
            return False
        try:
            key.public.verify(raw[4:], text.encode())
        except InvalidSignature:
            raise Broken(f"the signature by {key.name} does not fit the checkpoint") from None
        return True

    def __str__(self):
        return f"checkpoint of {self.size} entries, root {self.root.hex()}, {', '.join(self.more) or 'undated'}"


def unbase64(text, what):
    """Read base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unusable(f"{what} is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Unusable(f"{what} is not base64 in its one spelling")
    return raw


def field(document, name, kind):
    """A field that must be there."""
    value = document.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Unusable(f"the file lacks {name!r}")
    return value


def hashes(document):
    """A proof's hashes."""
    return [unbase64(text, "a hash of the proof") for text in field(document, "proof", list)]


def check_entry(encoded):
    """Read an entry; one that says nothing is not an entry, whatever its hash."""
    try:
        document = json.loads(encoded)
    except ValueError:
        raise Broken("an entry is not JSON") from None
    if not isinstance(document, dict) or not {"id", "event", "subject", "by", "at"} <= document.keys():
        raise Broken("an entry does not say what happened, to what, by whom and when")
    return document


def check_inclusion(document, key, kept):
    """Check that an entry stands where its proof says, under a signed checkpoint."""
    encoded = field(document, "entry", str)
    position, size = field(document, "position", int), field(document, "size", int)
    entry = check_entry(encoded)
    checkpoint = Checkpoint(field(document, "checkpoint", str), key)
    if checkpoint.size != size:
        raise Broken(f"the proof is for {size} entries, its checkpoint for {checkpoint.size}")
    if root_by_inclusion(leaf_hash(encoded.encode()), position, size, hashes(document)) != checkpoint.root:
        raise Broken("the proof does not lead from the entry to the checkpoint's root")
    if kept is not None and kept.size == size and kept.root != checkpoint.root:
        raise Broken("the checkpoint that you kept has another root")
    say(f"entry {entry['id']}: {entry['event']} {entry['subject']} at {entry['at']}")
    say(f"stands at position {position} under the {checkpoint}")
    if kept is not None and kept.size != size:
        say(f"  not compared with the checkpoint that you kept, which has {kept.size} entries")


def check_growth(document, key, kept):
    """Check that one signed checkpoint only adds to another."""
    old, new = (Checkpoint(field(document, name, str), key) for name in ("old", "new"))
    old_root, new_root = roots_by_consistency(old.size, new.size, old.root, hashes(document))
    if (old_root, new_root) != (old.root, new.root):
        raise Broken("the proof does not lead from one checkpoint to the other")
    for checkpoint in (old, new):
        if kept is not None and kept.size == checkpoint.size and kept.root != checkpoint.root:
            raise Broken("the checkpoint that you kept has another root")
    say(f"the {new}")
    say(f"only adds to the {old}")


def check_export(lines, key, kept):
    """Derive the whole ledger again, line by line, in memory that does not grow."""
    tree, waiting, covered, checkpoints = Tree(), 0, 0, 0
    for line in lines:
        kind = line.get("type")
        if kind == "entry":
            if waiting or field(line, "position", int) != tree.size:
                raise Broken(f"the entry at position {tree.size} is missing or out of order")
            encoded = field(line, "entry", str)
            check_entry(encoded)
            tree.add(leaf_hash(encoded.encode()))
            if kept is not None and kept.size == tree.size and kept.root != tree.root():
                raise Broken("the checkpoint that you kept has another root: the ledger was written anew")
        elif kind == "checkpoint":
            checkpoint = Checkpoint(field(line, "checkpoint", str), key)
            if checkpoint.size != tree.size:
                raise Broken(f"the {checkpoint} covers entries that are gone: there are {tree.size}")
            if checkpoint.root != tree.root():
                raise Broken(f"the {checkpoint} does not fit its entries, whose root is {tree.root().hex()}")
            covered, checkpoints = tree.size, checkpoints + 1
        elif kind == "waiting":
            check_entry(field(line, "entry", str))
            waiting += 1
        else:
            raise Unusable(f"an export has no line of type {kind!r}")
    if covered != tree.size:
        raise Broken(f"{tree.size - covered} entries are under no checkpoint")
    if kept is not None and kept.size > tree.size:
        raise Broken(f"the checkpoint that you kept has {kept.size} entries, the export {tree.size}: it was cut short")
    say(f"{tree.size} entries hashed anew, {checkpoints} checkpoints met, root {tree.root().hex()}")
    say(f"{waiting} entries are not yet sealed")
    if kept is not None:
        say(f"fits the {kept} that you kept")


CHECKS = {
    "pehra-ledger-inclusion": check_inclusion,
    "pehra-ledger-consistency": check_growth,
    "pehra-ledger-export": check_export,
}


def check_file(path, given_key, kept_note):
    """Check one file; once it is known for one of ours, whatever cannot be read in it is a break."""
    with path.open(encoding="utf-8") as file:
        document, rest = opened(file)
        kind = field(document, "type", str)
        if kind not in CHECKS or document.get("version") != 1:
            raise Unusable(f"{kind!r}, version {document.get('version')!r}, is nothing that can be checked here")
        try:
            inside = Key(field(document, "verifier", str))
            key = given_key or inside
            if key.text != inside.text:
                raise Broken("the file names another key than the one you were given")
            kept = None if kept_note is None else Checkpoint(kept_note, key)
            subject = (json.loads(line) for line in rest) if kind == "pehra-ledger-export" else document
            CHECKS[kind](subject, key, kept)
        except (Unusable, ValueError, AttributeError, RecursionError) as error:
            raise Broken(f"a part cannot be read: {error}") from error
    say(
        f"signed by {key.text}"
        if given_key
        else f"signed by {key.text}, the key inside the file: compare it with yours"
    )


def opened(file):
    """Read a file's first document, and the lines after it: a proof is one document, an export one a line."""
    first = file.readline()
    try:
        document = json.loads(first)
    except ValueError:
        document = json.loads(first + file.read())
    if not isinstance(document, dict):
        raise Unusable("the file is not a JSON object")
    return document, file


def say(text):
    """Tell what was checked."""
    print(f"  {text}")


def main():
    """Check each file and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--key", help="the ledger's public key as you were given it by another road")
    parser.add_argument("--checkpoint", type=Path, help="a signed checkpoint that you kept")
    options = parser.parse_args()
    worst = 0
    for path in options.files:
        print(path)
        try:
            key = Key(options.key) if options.key else None
            kept = options.checkpoint.read_text(encoding="utf-8") if options.checkpoint else None
            check_file(path, key, kept)
            print("HOLDS")
        except Broken as no:
            print(f"BROKEN: {no}")
            worst = max(worst, 1)
        except (Unusable, OSError, ValueError, RecursionError) as error:
            print(f"UNUSABLE: {error}", file=sys.stderr)
            return 2
    return worst


if __name__ == "__main__":
    sys.exit(main())
