"""A folder of files under their hashes: written beside, synced, moved into place. A dead writer leaves no half file."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from pehra.kernel.refusals import Fault, Invalid

CHUNK_BYTES = 1 << 20
HASH_CHARACTERS = 64
LEFTOVER = ".part"


class TooLarge(Invalid):
    """More bytes than the caller takes."""


class Full(Fault):
    """The disk took no more: nothing was kept."""


class Broken(Fault):
    """What lies under a hash is missing, or no longer has it."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A file that is kept: lower-case hexadecimal SHA-256, and size in bytes."""

    sha256: str
    size: int


def keep(content: bytes, *, limit: int) -> Kept:
    """Keep some bytes; the same a second time change nothing."""
    return keep_stream([content], limit=limit)


def keep_stream(chunks: Iterable[bytes], *, limit: int) -> Kept:
    """Keep bytes as they come, at most `limit` of them. On return they are on the disk, or nothing is."""
    folder = Path(settings.PEHRA_VAULT)
    digest, size = hashlib.sha256(), 0
    part: Path | None = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(suffix=LEFTOVER, dir=folder)
        part = Path(name)
        with os.fdopen(number, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"more than {limit} bytes", field="file")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        _place(part, path_of(digest.hexdigest()))
    except OSError as error:
        raise Full(f"the file could not be kept ({error.strerror}); nothing was taken in. Try again later") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return Kept(sha256=digest.hexdigest(), size=size)


def _place(part: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    part.rename(target)
    for folder in (target.parent, target.parent.parent):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def path_of(sha256: str) -> Path:
    """Return where a hash lies, whether or not something is kept there."""
    if len(sha256) != HASH_CHARACTERS or not set(sha256) <= set("0123456789abcdef"):
        raise Invalid("not a SHA-256", field="sha256")
    return Path(settings.PEHRA_VAULT) / sha256[:2] / sha256


def read(sha256: str) -> bytes:
    """Return what is kept under a hash, and nothing that no longer has it."""
    try:
        content = path_of(sha256).read_bytes()
    except OSError as error:
        raise Broken(f"the file {sha256} is not in the vault any more ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Broken(f"the file {sha256} was changed on the disk")
    return content


def remove_leftovers(*, older_than: float) -> int:
    """Remove what dead writers left (`older_than`: seconds since the epoch); return how many files."""
    removed = 0
    for part in Path(settings.PEHRA_VAULT).glob(f"*{LEFTOVER}"):
        with suppress(FileNotFoundError):  # its writer was slow, and has just put it into its place
            if part.stat().st_mtime < older_than:
                part.unlink()
                removed += 1
    return removed
