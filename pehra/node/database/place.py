"""Where the cluster and its socket lie.

In the data folder, unless the server's account cannot pass a folder above it (root's home is closed); then below
`/var/lib/pehra`, with a note in the data folder. A socket's path may have 107 bytes: a longer one goes to a short
folder.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pehra.kernel.refusals import Refusal
from pehra.node.database.account import Account, may_use

NOTE = "postgres.json"
SOCKET_FOLDER_BYTES_MAX = 88
SHORT_ROOT = Path("/tmp")  # noqa: S108 - the only folder that is short and there on every machine; see `make_socket_folder`


@dataclass(frozen=True, kw_only=True)
class Place:
    """Folders of one cluster: `cluster` is PostgreSQL's own, `socket` is where clients find it."""

    folder: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """What the server says while it starts and stops."""
        return self.folder / "server.log"

    @property
    def socket(self) -> Path:
        """The folder of the socket: inside, or a short one when that path is too long for a socket."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) <= SOCKET_FOLDER_BYTES_MAX:
            return inside
        return SHORT_ROOT / f"pehra-{_digest(self.folder)}"


def known_place(data: Path) -> Place:
    """Return where the cluster of a data folder lies, or would lie; reads a note, makes nothing."""
    try:
        note = json.loads((data / NOTE).read_text())
    except (OSError, ValueError):
        return Place(folder=data / "postgres")
    return Place(folder=Path(note["folder"]))


def make_data_folder(data: Path) -> None:
    """Make the data folder if need be; refuse one that is not ours to write.

    Made by root it can be passed, not read, by others: the server's account has its own folder inside.
    """
    try:
        if not data.exists():
            data.parent.mkdir(parents=True, exist_ok=True)
            data.mkdir(mode=0o700, exist_ok=True)
            data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        tempfile.TemporaryFile(dir=data).close()  # a trial of each command's own: several may begin at once
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        todo = "Free some space" if full else "Make it writable for this account"
        raise Refusal(
            f"The data folder {data} cannot be used: {error.strerror}. {todo}, or set PEHRA_DATA to another folder."
        ) from error


def make_place(data: Path, account: Account, *, elsewhere: Path) -> Place:
    """Return the cluster's place, made if need be; refuse when neither the data folder nor `elsewhere` can hold it."""
    noted = (data / NOTE).exists()
    place = known_place(data)
    if noted and not place.folder.is_dir():
        raise Refusal(
            f"{data / NOTE} says that the database lies in {place.folder}, which is gone. Restore it from a "
            f"backup, or remove {data / NOTE} to begin with an empty database."
        )
    fresh = not place.folder.exists()
    _make_folder(place.folder, account)
    if may_use(place.folder, account):
        return place
    if noted or not account.drop or not fresh:
        raise Refusal(f"The account {account.name} may not write in {place.folder}: give the folder to that account.")
    place.folder.rmdir()
    # A new name each time: a data folder made anew never meets the cluster of one that was removed.
    place = Place(folder=elsewhere / f"cluster-{os.urandom(6).hex()}")
    _make_folder(place.folder, account)
    if not may_use(place.folder, account):
        raise Refusal(
            f"The database's account {account.name} can reach neither {data} nor {elsewhere}. "
            "Set PEHRA_DATA to a folder such as /srv/pehra, or start Pehra as an ordinary user."
        )
    (data / NOTE).write_text(json.dumps({"folder": str(place.folder)}) + "\n")
    return place


def make_socket_folder(place: Place, account: Account) -> None:
    """Make the folder of the socket, its owner's only; refuse one that somebody else put there first."""
    folder = place.socket
    try:
        folder.mkdir(mode=0o700)
        if account.drop:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        seen = os.lstat(folder)
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != account.uid or seen.st_mode & 0o077:
            raise Refusal(
                f"{folder} should be a folder of {account.name} alone, and is not: "
                "somebody else made it. Remove it, or set PEHRA_DATA to a shorter path."
            ) from None


def forget_socket_folder(place: Place) -> None:
    """Remove a short socket folder after the server has stopped; the one inside the data folder stays."""
    if place.socket.parent != place.folder:
        shutil.rmtree(place.socket, ignore_errors=True)


def _make_folder(folder: Path, account: Account) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        folder.mkdir(mode=0o700)
        if account.drop:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        return
    except OSError as error:
        raise Refusal(f"Cannot make the database's folder {folder}: {error.strerror}.") from error


def _digest(folder: Path) -> str:
    return hashlib.blake2b(os.fsencode(folder), digest_size=6).hexdigest()
