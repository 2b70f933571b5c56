"""The ledger's signing key: one file in the data folder that only its owner reads, made on first use.

The file holds the key with its name, because the name is the ledger's origin in every checkpoint and must not change
with a setting. A key that others may read is refused rather than used.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from pehra.kernel.refusals import Fault
from pehra.ledger.rules.notes import SigningKey, VerifierKey

KEY_FILE = "ledger.key"


def signing_key() -> SigningKey:
    """Return the ledger's key; make it when there is none yet."""
    path = _folder() / KEY_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Fault(f"{path} may be read by others: take the rights away (chmod 600) and consider the key as known")
    return SigningKey.parse(path.read_text(encoding="ascii"))


def verifier_key() -> VerifierKey:
    """Return the public half of the ledger's key."""
    return signing_key().verifier


def _folder() -> Path:
    folder = Path(settings.PEHRA_DATA) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _make(path: Path) -> None:
    """Write a new key; of two processes that start at once, one makes it and both use it."""
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    fingerprint = SigningKey("pehra", seed).verifier.id.hex()
    key = SigningKey(f"pehra/{settings.PEHRA_PROFILE}/{fingerprint}", seed)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.encoded() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # a link never replaces: the key that was first stays
    except FileExistsError:
        pass
    finally:
        draft.unlink()
