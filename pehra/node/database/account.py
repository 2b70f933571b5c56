"""Under which account the database server runs.

PostgreSQL refuses to run as root. An ordinary user runs it as himself; root hands it to an account without rights
(`PEHRA_DB_USER`, else `pehra`, else `nobody`). The account must exist in passwd, because initdb looks it up.
"""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pehra.kernel.refusals import Refusal

COMMAND_SECONDS_MAX = 300


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who owns the cluster and runs the server; `drop` says that we are root and become somebody else for it."""

    name: str
    uid: int
    gid: int
    drop: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command of PostgreSQL answered."""

    code: int
    output: str


def find_account(wanted: str = "") -> Account:
    """Return the account for the server; as root never root itself."""
    if os.geteuid() != 0:
        return Account(name=str(os.geteuid()), uid=os.geteuid(), gid=os.getegid(), drop=False)
    for name in [wanted] if wanted else ["pehra", "nobody"]:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise Refusal(f"PostgreSQL does not run as root: name another account than {name!r} in PEHRA_DB_USER.")
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, drop=True)
    raise Refusal(
        f"As root the database needs an account without rights, and {wanted or 'nobody'!r} does not exist. "
        "Make one (useradd --system pehra), or start Pehra as an ordinary user."
    )


def owner_account(folder: Path) -> Account | None:
    """Return, for root, the account to whom a cluster's folder already belongs; it goes on running the server."""
    if os.geteuid() != 0 or not folder.is_dir() or folder.stat().st_uid == 0:
        return None
    seen = folder.stat()
    try:
        entry = pwd.getpwuid(seen.st_uid)
    except KeyError:
        raise Refusal(
            f"{folder} belongs to account number {seen.st_uid}, which does not exist here: give it to one."
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, drop=True)


def run(command: Sequence[str | Path], account: Account, *, seconds: int = COMMAND_SECONDS_MAX) -> Outcome:
    """Run a command as the account, away from our terminal, folder and environment; return what it said.

    The output goes to a file: a server that the command leaves behind would keep a pipe open for ever.
    """
    drop: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.drop else {}
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/", "TMPDIR": "/tmp"}  # noqa: S108
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.STDOUT,
                umask=0o077,
                start_new_session=True,
                timeout=seconds,
                check=False,
                **drop,
            )
        except OSError as error:
            return Outcome(code=126, output=str(error))
        except subprocess.TimeoutExpired:
            return Outcome(code=124, output=f"no answer within {seconds} seconds")
        answer.seek(0)
        return Outcome(code=done.returncode, output=answer.read().decode(errors="replace").strip())


def may_use(folder: Path, account: Account) -> bool:
    """Whether the account can truly reach and write a folder: every parent counts, so it is tried, not computed."""
    trial = 'cd "$1" && : > .trial && rm .trial'
    return run(["/bin/sh", "-c", trial, "sh", folder], account, seconds=30).code == 0
