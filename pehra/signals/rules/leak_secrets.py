"""What is kept of a leaked secret: never the secret, only a salted check by which the same one is known again.

A check is scrypt over a keyed digest of address and secret, under a salt that each leak draws anew. Whoever takes the
database alone cannot try passwords against it, since the key is not in it; whoever takes both pays scrypt for each try.
The address is part of it: two people with one password have two checks.
"""

import hashlib
import hmac
import secrets
from typing import NoReturn

SALT_BYTES = 16
CHECK_BYTES = 32
# RFC 7914; 16 MiB and some 50 milliseconds a check on one core of a small machine.
SCRYPT_COST, SCRYPT_BLOCK, SCRYPT_LANES = 2**14, 8, 1
SCRYPT_MEMORY_BYTES_MAX = 64 * 1024 * 1024


class Secret:
    """A leaked secret on its way to its check. It shows itself to nobody: not to a log, a traceback or a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself: for the check, and for the comparison with a person's own password."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


def check_of(secret: Secret, *, address: str, salt: bytes, key: bytes) -> bytes:
    """Return the check of a secret of an address: `CHECK_BYTES` from which neither can be read back."""
    sealed = hmac.new(key, address.encode() + b"\x00" + secret.reveal().encode(), "sha256").digest()
    return hashlib.scrypt(
        sealed,
        salt=salt,
        n=SCRYPT_COST,
        r=SCRYPT_BLOCK,
        p=SCRYPT_LANES,
        maxmem=SCRYPT_MEMORY_BYTES_MAX,
        dklen=CHECK_BYTES,
    )


def same(one: bytes, other: bytes) -> bool:
    """Whether two checks are one, in a time that says nothing of where they differ."""
    return hmac.compare_digest(one, other)


def new_salt() -> bytes:
    """Return the salt of a new leak, from the system's source of chance."""
    return secrets.token_bytes(SALT_BYTES)
