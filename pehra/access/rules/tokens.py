"""API tokens: how they are written, so that a typo is told from a stranger, and what none of them may ever carry.

`pehra_`, 256 bits in 43 letters and digits, six more as a checksum. The first word lets secret scanners find one that
was published by mistake; the checksum refuses a mistyped one before anything is asked. Only the SHA-256 is kept: of 256
random bits that is enough, and no slow hash stands in the way of every request.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid

PREFIX = "pehra_"
SECRET_BYTES = 32
NAME_CHARACTERS_MAX = 100
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LETTERS = 43  # 62**43 is more than 2**256
_CHECK_LETTERS = 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET_LETTERS + _CHECK_LETTERS}}}")

# What is asked of a person who is there, just now: a program that kept such a right would go on giving it to others.
NOT_FOR_TOKENS = frozenset(
    {
        Permission.ACCESS_BREAK_GLASS,
        Permission.ACCESS_GRANT,
        Permission.ACCESS_SERVICES,
        Permission.ACCESS_TOKEN,
    }
)


def written(secret: bytes) -> str:
    """Return the token that carries 32 random bytes."""
    body = PREFIX + _letters(int.from_bytes(secret, "big"), _SECRET_LETTERS)
    return body + _checksum(body)


def is_written_well(text: str) -> bool:
    """Whether a text is a token as we write them, whoever it may belong to."""
    return _FORM.fullmatch(text) is not None and _checksum(text[:-_CHECK_LETTERS]) == text[-_CHECK_LETTERS:]


def digest(token: str) -> str:
    """Return the SHA-256 under which a token is kept."""
    return sha256(token.encode()).hexdigest()


def chosen(names: Iterable[str]) -> tuple[Permission, ...]:
    """Return the permissions that a token is to carry; refuse none, unknown ones, and those no token may carry."""
    wanted = sorted({name.strip() for name in names if name.strip()})
    known = {permission.value: permission for permission in Permission}
    for name in wanted:
        if name not in known:
            raise Invalid(f"{name!r} is not a permission", field="permissions")
        if known[name] in NOT_FOR_TOKENS:
            raise Invalid(f"{name} is for people alone: no token carries it", field="permissions")
    if not wanted:
        raise Invalid("a token names what it may do: at least one permission", field="permissions")
    return tuple(known[name] for name in wanted)


def limited(by: Actor, permissions: Iterable[str]) -> Actor:
    """Return the actor with only those of its permissions that are named, each in the scopes where it holds them.

    Never more than the holder, since nothing is added. A name (`incidents.close@team:pkcert`) is compared whole, before
    its `@`.
    """
    named = frozenset(permissions)
    return replace(by, permissions=frozenset(held for held in by.permissions if held.partition("@")[0] in named))


def _checksum(body: str) -> str:
    return _letters(zlib.crc32(body.encode()), _CHECK_LETTERS)


def _letters(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return digits.rjust(width, _ALPHABET[0])
