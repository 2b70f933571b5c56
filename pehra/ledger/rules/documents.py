"""The documents that outsiders check: proofs and the export, as plain JSON.

Each carries the entry's exact bytes as text, the signed checkpoint as it was signed, and the public key; an outsider
who was given the key by another road should compare it. `tools/verify_ledger.py` reads these and nothing else of Pehra.
"""

import base64
from collections.abc import Sequence
from typing import Any

from pehra.ledger.rules.notes import VerifierKey

VERSION = 1


def inclusion(
    *, entry: bytes, position: int, size: int, proof: Sequence[bytes], note: str, verifier: VerifierKey
) -> dict[str, Any]:
    """Return the proof that an entry stands at a position."""
    return {
        "type": "pehra-ledger-inclusion",
        "version": VERSION,
        "entry": entry.decode(),
        "position": position,
        "size": size,
        "proof": _encoded(proof),
        "checkpoint": note,
        "verifier": str(verifier),
    }


def consistency(*, old: str, new: str, proof: Sequence[bytes], verifier: VerifierKey) -> dict[str, Any]:
    """Return the proof that one checkpoint only adds to another."""
    return {
        "type": "pehra-ledger-consistency",
        "version": VERSION,
        "old": old,
        "new": new,
        "proof": _encoded(proof),
        "verifier": str(verifier),
    }


def opening(verifier: VerifierKey) -> dict[str, Any]:
    """Return an export's first line."""
    return {"type": "pehra-ledger-export", "version": VERSION, "verifier": str(verifier)}


def entry(position: int, canonical: bytes) -> dict[str, Any]:
    """Return an export's line for an entry with its place."""
    return {"type": "entry", "position": position, "entry": canonical.decode()}


def checkpoint(size: int, note: str) -> dict[str, Any]:
    """Return an export's line for a checkpoint, after the entries it covers."""
    return {"type": "checkpoint", "size": size, "checkpoint": note}


def waiting(canonical: bytes) -> dict[str, Any]:
    """Return an export's line for an entry that has no place yet."""
    return {"type": "waiting", "entry": canonical.decode()}


def _encoded(proof: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(value).decode("ascii") for value in proof]
