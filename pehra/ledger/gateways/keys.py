"""The ledger's signing key: one file in the data folder that only its owner reads, made on first use.

The file holds the key with its name, because the name is the ledger's origin in every checkpoint and must not change
with a setting. A key that others may read is refused rather than used.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from pehra.kernel.refusals import Fault, Invalid
from pehra.ledger.rules.notes import SigningKey

KEY_FILE = "ledger.key"


def signing_key(*, was_used: Callable[[], bool]) -> SigningKey:
    """Return the ledger's key; make it when there is none yet. A ledger in which one `was_used` gets no other.

    That is asked only where no key is: each page that shows the key would pay for the question.
    """
    path = _folder() / KEY_FILE
    if not path.exists():
        if was_used():
            raise Fault(f"{path} is gone, and the ledger was signed with it: put it back from its backup")
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Fault(f"{path} may be read by others: take the rights away (chmod 600) and consider the key as known")
    try:
        return SigningKey.parse(path.read_text(encoding="ascii"))
    except (ValueError, Invalid) as error:
        raise Fault(f"{path} holds no key of a ledger ({error}): put it back from its backup") from error


def _folder() -> Path:
    folder = Path(settings.PEHRA_DATA) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _make(path: Path) -> None:
    """Write a new key; of two threads or processes that start at once, one makes it and both use it."""
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    fingerprint = SigningKey("pehra", seed).verifier.id.hex()
    key = SigningKey(f"pehra/{settings.PEHRA_PROFILE}/{fingerprint}", seed)
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.encoded() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # a link never replaces: the key that was first stays
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
