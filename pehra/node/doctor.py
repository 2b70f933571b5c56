"""`pehra doctor`: what is healthy, what is not, and what to do about it.

Each check stands alone: one that fails, or crashes, keeps none of the others from being made. Nothing is mended here.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pehra.kernel.refusals import Fault, Refusal

FREE_BYTES_MIN = 1024**3
SILENT_MAX = timedelta(minutes=2)
VAULT_LOOKED_AT_MAX = 50_000  # files: more would keep whoever asks waiting; `pehra sweep` looks at all
ERASED_WITHIN = timedelta(days=1)
POSTGRESQL_MIN = 150000


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was looked at, whether it is well, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    says: str
    todo: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return asdict(self)


class _Unwell(Exception):
    """Something is not as it should be; carries what was seen and what to do."""

    def __init__(self, says: str, todo: str) -> None:
        super().__init__(says)
        self.says, self.todo = says, todo


def examine(*, at: datetime) -> list[Check]:
    """Make every check; those over tables only when the database answers."""
    from pehra.node import settings
    from pehra.node.session import node_session

    data = Path(settings.PEHRA_DATA)
    checks = [_check(name, look, data) for name, look in _ON_DISK]
    if not any(check.name == "node laid out" and check.ok for check in checks) and not settings.DATABASE_URL:
        return checks  # to look at the database would make one
    try:
        with node_session(laid_out=False):
            checks += [_check(name, look, at) for name, look in _IN_DATABASE]
    except (Refusal, Fault) as error:
        checks.append(Check(name="database", ok=False, says="does not answer", todo=str(error)))
    return checks


def _check(name: str, look: Callable[[Any], str], subject: Any) -> Check:
    try:
        return Check(name=name, ok=True, says=look(subject))
    except _Unwell as unwell:
        return Check(name=name, ok=False, says=unwell.says, todo=unwell.todo)
    except (Refusal, Fault) as refusal:
        return Check(name=name, ok=False, says="refused", todo=str(refusal))
    except Exception as error:  # a boundary: one check that falls over must not hide the others
        return Check(
            name=name,
            ok=False,
            says=f"could not be checked ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})",
            todo="See the other checks first; if they are well, report this.",
        )


def _data_folder(data: Path) -> str:
    if not data.is_dir():
        raise _Unwell(f"{data} is not there", "Run `pehra init`, or set PEHRA_DATA.")
    if not os.access(data, os.W_OK | os.X_OK):
        raise _Unwell(f"{data} is not writable for this account", "Run Pehra as the account that owns it.")
    if data.stat().st_mode & 0o066:
        raise _Unwell(f"{data} can be read by others", f"chmod go-rw {data}")
    return str(data)


def _free_space(data: Path) -> str:
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES_MIN:
        raise _Unwell(f"{free // 2**20} MB free", "Free some space, or move the data folder to a larger disk.")
    return f"{free // 2**30} GB free"


def _laid_out(data: Path) -> str:
    from pehra.node.initialise import noted_layout

    layout = noted_layout(data)
    if layout is None:
        raise _Unwell("not yet", "Run `pehra init`, or `pehra init --sample`.")
    return f"profile {layout.profile}" + (", with the sample nation" if layout.sample else "")


def _secret_key(data: Path) -> str:
    from pehra.node import settings

    key = data / "secret.key"
    if not key.exists():
        if settings.SECRET_KEY_GIVEN:
            return "given in PEHRA_SECRET_KEY"
        raise _Unwell("there is none: sign-ins end with the process", "Run `pehra init`.")
    if key.stat().st_mode & 0o077:
        raise _Unwell(f"{key} can be read by others", f"chmod 600 {key}")
    return "only its owner reads it"


def _ledger_key(data: Path) -> str:
    key = data / "keys" / "ledger.key"
    if not key.exists():
        return "made with the first checkpoint"
    if key.stat().st_mode & 0o077:
        raise _Unwell(f"{key} can be read by others", f"chmod 600 {key}; then think about whom it may have reached.")
    return "only its owner reads it"


def _profile(data: Path) -> str:
    from pehra.law import api as law
    from pehra.node import settings

    profile = law.load(settings.PEHRA_PROFILE)
    return f"{settings.PEHRA_PROFILE}, version {profile.version}"


def _programs(data: Path) -> str:
    from pehra.node import settings
    from pehra.node.database.account import find_account
    from pehra.node.database.binaries import find_binaries

    if settings.DATABASE_URL:
        return "not needed: DATABASE_URL names a server"
    found = find_binaries(find_account(settings.PEHRA_DB_USER), wanted=settings.PEHRA_PG_BIN)
    return f"PostgreSQL {found.major}"


def _server(at: datetime) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int, current_setting('server_version')")
        number, version = cursor.fetchone()
    if number < POSTGRESQL_MIN:
        raise _Unwell(f"PostgreSQL {version}", "Pehra needs PostgreSQL 15 or newer.")
    return f"PostgreSQL {version} answers"


def _tables(at: datetime) -> str:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise _Unwell(f"{len(waiting)} changes of the tables wait", "Run `pehra init`; it keeps what is there.")
    return "as this version needs them"


def _second_wall(at: datetime) -> str:
    from pehra.access import api as access

    flaws = access.second_wall_flaws()
    if flaws:
        raise _Unwell(
            f"not in force: {'; '.join(flaws)}",
            "Run `pehra init` as the owner of the tables; where it may make no roles, docs/use/database.md has the "
            "statements for an administrator.",
        )
    slow = access.second_wall_slows()
    if slow:
        return f"in force; lists of small teams are slow until an administrator runs: {'; '.join(slow)}"
    return "in force: the web and the worker own no table, and the database shows each request its actor's rows alone"


def _leads(at: datetime) -> str:
    from pehra.access import api as access

    found = access.leadership(at=at)
    if found.unled:
        raise _Unwell(
            f"teams with people whom nobody leads: {', '.join(found.unled)}",
            "Give each a lead: `pehra access grant ADDRESS team-lead --team TEAM --reason …`.",
        )
    if found.alone:
        ends = ", ".join(f"{lead.scope} on {lead.ends_at:%Y-%m-%d}" for lead in found.alone)
        raise _Unwell(
            f"leads whom nobody else could review, and who end by silence: {ends}",
            "Name a second lead, or say that the role is still right: `pehra access review GRANT --keep --reason …`.",
        )
    return "every team with people has a lead, and every lead somebody who can review them"


def _ledger(at: datetime) -> str:
    from pehra.ledger import api as ledger

    ledger.check_key()
    return f"signed by the key in the data folder; {ledger.waiting_count()} entries wait for their place"


def _jobs(at: datetime) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) filter (where status = 'failed'), "
            "count(*) filter (where status = 'todo' and coalesce(scheduled_at, %s) < %s) from procrastinate_jobs",
            [at, at - SILENT_MAX],
        )
        failed, late = cursor.fetchone()
        cursor.execute("select max(last_heartbeat) from procrastinate_workers")
        beat = cursor.fetchone()[0]
    if failed:
        raise _Unwell(
            f"{failed} jobs failed for good", "The worker's log of that time says why; the acts they followed stand."
        )
    if beat is None or at - beat > SILENT_MAX:
        if late:
            raise _Unwell(f"no worker is running and {late} jobs wait", "Run `pehra up`, or `pehra work`.")
        return "no worker is running; nothing is late"
    return "a worker is running"


def _signals(at: datetime) -> str:
    from pehra.kernel.actors import system
    from pehra.signals import api as signals

    streams = signals.streams(by=system("doctor"), at=at)
    stuck = [view.client_id for view in streams if signals.needs_somebody(view)]
    if stuck:
        raise _Unwell(
            f"services that are not told, or refused what they were told: {', '.join(stuck)}",
            "`pehra signals streams` says what is wrong with each; tell whoever keeps the service.",
        )
    return f"{len(streams)} services are told of their users' accounts"


def _vault(at: datetime) -> str:
    from pehra.incidents import api as incidents
    from pehra.node import sweeping

    left = incidents.destroyed_and_there(at=at - ERASED_WITHIN)
    if left:
        raise _Unwell(
            f"{left} pieces of evidence were destroyed more than a day ago and lie in the vault still",
            "Run `pehra up`, or `pehra work`: the worker takes them away; its log says what stands in its way.",
        )
    found = sweeping.look(at=at, limit=VAULT_LOOKED_AT_MAX)
    if found.is_foreign:
        raise _Unwell(
            f"no row names any of the {found.files:,} files looked at",
            "Look whether PEHRA_DATA and the database belong together. Remove nothing before that is clear.",
        )
    seen = f"{found.files:,} files looked at"
    if not found.unnamed:
        return f"{seen}; rows name all of them"
    return f"{seen}; nothing names {found.unnamed:,} ({found.unnamed_bytes:,} bytes): `pehra sweep` shows them"


_ON_DISK: tuple[tuple[str, Callable[[Path], str]], ...] = (
    ("data folder", _data_folder),
    ("free space", _free_space),
    ("node laid out", _laid_out),
    ("secret key", _secret_key),
    ("ledger key", _ledger_key),
    ("profile", _profile),
    ("database programs", _programs),
)
_IN_DATABASE: tuple[tuple[str, Callable[[datetime], str]], ...] = (
    ("database", _server),
    ("tables", _tables),
    ("second wall", _second_wall),
    ("leads", _leads),
    ("ledger", _ledger),
    ("jobs", _jobs),
    ("signals", _signals),
    ("vault", _vault),
)
