"""Which processes still work inside a cluster.

A process of a server has the cluster as its working folder; a zombie has none; a number in a file proves nothing.
Where a process of the server's own account cannot be looked at, it counts as living: to remove a server's lock
under its feet would corrupt what it writes.
"""

import os
import sys
from pathlib import Path

from pehra.kernel.refusals import Refusal


def living_processes(cluster: Path, uid: int) -> list[int]:
    """Return the numbers of processes that work inside the cluster, or may do so."""
    if not sys.platform.startswith("linux"):
        return _by_pid_file(cluster)
    inside = os.path.realpath(cluster)
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if os.readlink(f"/proc/{entry.name}/cwd") == inside:
                found.append(int(entry.name))
        except PermissionError:
            if _may_be_ours(entry.name, inside, uid):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _may_be_ours(number: str, cluster: str, uid: int) -> bool:
    """Whether a process that hides its folder may belong to the cluster; a server of another cluster says so itself."""
    try:
        if os.stat(f"/proc/{number}").st_uid != uid or "postgres" not in Path(f"/proc/{number}/comm").read_text():
            return False
        named = _named_cluster(number) or _named_cluster(_parent(number))
    except OSError:
        return False
    return named in ("", cluster)


def _named_cluster(number: str) -> str:
    """The cluster that a server names on its command line, as `pg_ctl` wrote it; empty when it names none."""
    words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    return os.path.realpath(os.fsdecode(words[words.index(b"-D") + 1])) if b"-D" in words[:-1] else ""


def _parent(number: str) -> str:
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1]


def _by_pid_file(cluster: Path) -> list[int]:
    """Off Linux nothing can be proven: a pid file is never removed for the person, only explained."""
    if not (cluster / "postmaster.pid").exists():
        return []
    number = (cluster / "postmaster.pid").read_text().split("\n", 1)[0]
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        raise Refusal(
            f"{cluster / 'postmaster.pid'} was left by a server that is gone. Make sure that no postgres runs "
            f"in {cluster}, then remove that file and start again."
        ) from None
    except (ValueError, PermissionError):
        pass
    return [int(number)] if number.isdigit() else []
