"""The provider's signing keys: RSA keys in files that only their owner reads, and what is signed with them.

Each file is a key with the date from which it signs; it is written once and never changed, so that two processes that
read the folder know the same keys. Never in the database, whose copies and backups more people see. A file that others
may read is refused rather than used.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from pehra.access.rules.keys import KeyDates
from pehra.kernel.clock import format_time, parse_time
from pehra.kernel.refusals import Fault, Invalid

ALGORITHM = "RS256"
BITS = 2048
KEYS_MAX = 50


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A key with its dates; `pem` is its private half."""

    dates: KeyDates
    pem: str


def read_keys() -> list[SigningKey]:
    """Return every key in the folder, by name."""
    files = sorted(_folder().glob("*.key"))[:KEYS_MAX]
    return [_read(file, _stamp(file)) for file in files]


def add_key(*, made_at: datetime, signs_from: datetime) -> SigningKey:
    """Make a key and write it down; return it."""
    key = RSAKey.generate_key(BITS)
    kid = key.thumbprint()
    made = SigningKey(
        dates=KeyDates(kid=kid, made_at=made_at, signs_from=signs_from), pem=key.as_pem(private=True).decode("ascii")
    )
    note = {"made_at": format_time(made_at), "signs_from": format_time(signs_from), "pem": made.pem}
    _write(_folder() / f"{kid}.key", json.dumps({"kid": kid} | note, indent=1))
    return made


def remove_key(kid: str) -> None:
    """Forget a key."""
    (_folder() / f"{kid}.key").unlink(missing_ok=True)


@contextmanager
def locked() -> Iterator[None]:
    """Let nobody else make or remove keys meanwhile, in this process or another."""
    descriptor = os.open(_folder() / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def signed(claims: Mapping[str, Any], *, typ: str, key: SigningKey) -> str:
    """Return a compact JWS of claims, of a named type, that says by which key."""
    header = {"alg": ALGORITHM, "kid": key.dates.kid, "typ": typ}
    return jwt.encode(header, dict(claims), _private_key(key.pem), algorithms=[ALGORITHM])


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """Return the public half as a JSON Web Key."""
    public = _private_key(key.pem).as_dict(private=False)
    return {"kty": "RSA", "use": "sig", "alg": ALGORITHM, "kid": key.dates.kid, "n": public["n"], "e": public["e"]}


@lru_cache(maxsize=KEYS_MAX)
def _private_key(pem: str) -> RSAKey:
    return RSAKey.import_key(pem)


def _folder() -> Path:
    folder = Path(settings.PEHRA_DATA) / "keys" / "oidc"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _stamp(file: Path) -> tuple[int, int, int]:
    seen = file.stat()
    if seen.st_mode & 0o077:
        raise Fault(f"{file} may be read by others: take the rights away (chmod 600) and rotate: the key is known")
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


@lru_cache(maxsize=KEYS_MAX)
def _read(file: Path, stamp: tuple[int, int, int]) -> SigningKey:
    """Read a key; while its file is the same, it is read once a process."""
    try:
        note = json.loads(file.read_text(encoding="ascii"))
        dates = KeyDates(
            kid=note["kid"], made_at=parse_time(note["made_at"]), signs_from=parse_time(note["signs_from"])
        )
        key = SigningKey(dates=dates, pem=note["pem"])
        if _private_key(key.pem).thumbprint() != dates.kid:
            raise Invalid("the key is not the one that its name says")
    except (OSError, ValueError, KeyError, TypeError, JoseError, Invalid) as error:
        raise Fault(f"{file} holds no signing key ({error}): put it back from its backup, or remove it") from error
    return key


def _write(path: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(draft).rename(path)
