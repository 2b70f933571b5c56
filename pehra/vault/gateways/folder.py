"""A folder of files under their hashes: written beside, synced, moved into place. A dead writer leaves no half file.

A file is kept before the row that names it is written, and kept again when the same bytes come again. So a file goes
only when it was kept long enough ago for that row to be there, and while nobody puts the same bytes into its place.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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


@dataclass(frozen=True, kw_only=True)
class Lying:
    """A file that lies in the vault: its hash, its size in bytes, and when it was kept last (seconds of the epoch)."""

    sha256: str
    size: int
    kept_at: float


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
    with _alone_in(target.parent):
        part.rename(target)
        _sync(target.parent)
    _sync(target.parent.parent)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder against who would place a file there or remove one; the kernel lets go of it for the dead."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _sync(folder: Path) -> None:
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


def lying() -> Iterator[Lying]:
    """Yield every whole file of the vault, folder by folder; one that goes meanwhile is left out."""
    for folder in sorted(Path(settings.PEHRA_VAULT).glob("[0-9a-f][0-9a-f]")):
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError, Invalid):  # what has no hash for a name is none of ours
                    if path_of(entry.name).parent == folder:
                        seen = entry.stat(follow_symlinks=False)
                        yield Lying(sha256=entry.name, size=seen.st_size, kept_at=seen.st_mtime)


def lies(sha256: str) -> bool:
    """Whether something is kept under a hash; nothing of it is read."""
    return path_of(sha256).is_file()


def remove(sha256: str, *, older_than: float) -> bool:
    """Remove a file that was kept before a moment (seconds of the epoch), for good; whether nothing lies there now.

    The one that asks knows that no row names it. One that was kept again since then stays: its row is being written.
    """
    path = path_of(sha256)
    try:
        with _alone_in(path.parent):
            if path.stat().st_mtime >= older_than:
                return False
            path.unlink()
            _sync(path.parent)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise Fault(f"the file {sha256} could not be removed ({error.strerror})") from error
    return True
