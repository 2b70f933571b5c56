"""What a receiver wants to see in the header of a push, kept so that the database alone gives it to nobody.

It must be said in the clear at every push, by a worker and without a person: a hash is no use. So it is encrypted with
a key in the data folder. A copy of the database then lets nobody knock at a service's door in our name.
The id of its stream is sealed in with it: moved to another stream, it opens no more.
"""

import os
import secrets
import tempfile
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from pehra.kernel.refusals import Fault

KEY_FILE = "signals.key"
KEY_BYTES = 32
NONCE_BYTES = 12


def seal(text: str, *, stream_id: UUID) -> bytes:
    """Return a text as only this node, for this stream, can read it; of no text, nothing."""
    if not text:
        return b""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(make=True)).encrypt(nonce, text.encode(), stream_id.bytes)


def opened(sealed: bytes, *, stream_id: UUID) -> str:
    """Return a sealed text; raise `Fault` where the key is gone or is another one."""
    if not sealed:
        return ""
    try:
        return AESGCM(_key(make=False)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], stream_id.bytes).decode()
    except InvalidTag as error:
        raise Fault(
            f"{KEY_FILE} is not the key that sealed this stream's header: put it back, or let it be set anew"
        ) from error


def _key(*, make: bool) -> bytes:
    folder = Path(settings.PEHRA_DATA) / "keys"
    path = folder / KEY_FILE
    if not path.exists():
        if not make:
            raise Fault(f"{path} is gone: put it back from its backup, or let receivers set their header anew")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Fault(f"{path} may be read by others: take the rights away (chmod 600) and consider the key as known")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise Fault(f"{path} holds no key: put it back from its backup")
    return key


def _make(path: Path) -> None:
    """Write a new key; of two processes that start at once one makes it and both use it."""
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # a link never replaces: the key that was first stays
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
