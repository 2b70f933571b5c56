"""Start, share and stop one cluster.

Never trust a process number: in a container a killed server may stay as a zombie, and its number may by now be somebody
else's. Running means that the server answers. Who uses it is said by a shared lock on a file, which the kernel frees
even after `kill -9`; the last one to leave stops the server.
"""

import contextlib
import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pehra.kernel.refusals import Refusal
from pehra.node.database.account import Account, Outcome, find_account, owner_account, run
from pehra.node.database.binaries import RELOCATED, Binaries, find_binaries
from pehra.node.database.living import living_processes
from pehra.node.database.place import (
    Place,
    forget_socket_folder,
    known_place,
    make_data_folder,
    make_place,
    make_socket_folder,
)

USER = "pehra"
NAME = "pehra"
WAIT_SECONDS_MAX = 120
FREE_BYTES_MIN = 200 * 1024 * 1024
_POLL_SECONDS = 0.05
_ANSWERS, _REJECTS = 0, 1
_CONFIGURATION = """
# Pehra: a socket only, UTC, and logs without the values of statements (they may hold personal data).
listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
log_error_verbosity = terse
log_min_error_statement = panic
logging_collector = on
log_filename = 'server-%a.log'
log_rotation_age = 1d
log_truncate_on_rotation = on
"""
_FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


class Database:
    """The embedded server of one data folder; `with Database(…) as url:` holds it while it is used.

    `fast` trades durability for speed and is for tests only.
    """

    def __init__(
        self, data: Path, *, programs: str = "", account: str = "", elsewhere: Path = RELOCATED, fast: bool = False
    ) -> None:
        self.data = Path(os.path.abspath(data))
        self.fast = fast
        self._programs = programs
        self._account_name = account
        self._elsewhere = elsewhere
        self._users: int | None = None

    def __enter__(self) -> str:
        self.start()
        return self.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def place(self) -> Place:
        """Where the cluster lies, or would lie."""
        return known_place(self.data)

    @property
    def url(self) -> str:
        """The address of the database, as `DATABASE_URL` takes it."""
        return f"postgresql://{USER}@/{NAME}?host={self.place.socket}"

    def start(self) -> None:
        """Make the cluster if there is none, start its server if none answers, and be counted among its users."""
        make_data_folder(self.data)
        with _one_at_a_time(self.data):
            account = self._account()
            place = make_place(self.data, account, elsewhere=self._elsewhere)
            server = self._server(account, place)
            users = os.open(self.data / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(users, fcntl.LOCK_SH)
                server.make_cluster()
                server.refuse_other_version()
                if not server.wait_for_answer_or_end():
                    server.launch()
                _make_database(place)
            except BaseException:  # whatever it was, Ctrl-C too: the lock is let go, and the same error goes on
                os.close(users)
                raise
            self._users = users

    def stop(self) -> None:
        """Leave; the last user stops the server."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            with _one_at_a_time(self.data):
                if _try_lock(users):  # nobody else holds it: we are the last
                    self._server(self._account(), self.place).halt()
        finally:
            os.close(users)

    def stop_if_unused(self) -> None:
        """Stop a server whose every user is gone, killed perhaps; do nothing while somebody uses it."""
        if self._users is None and (self.data / "users.lock").exists():
            self._users = os.open(self.data / "users.lock", os.O_RDWR | os.O_CLOEXEC)
            self.stop()

    def is_ready(self) -> bool:
        """Whether the server takes connections now."""
        return self._server(self._account(), self.place).ask() == _ANSWERS

    def _account(self) -> Account:
        return owner_account(self.place.folder) or find_account(self._account_name)

    def _server(self, account: Account, place: Place) -> "_Server":
        binaries = find_binaries(account, wanted=self._programs, relocated=self._elsewhere)
        return _Server(place=place, binaries=binaries, account=account, fast=self.fast)


class _Server:
    """One cluster's server under its account; callers hold the start lock."""

    def __init__(self, *, place: Place, binaries: Binaries, account: Account, fast: bool) -> None:
        self.place = place
        self.binaries = binaries
        self.account = account
        self.fast = fast

    def _run(self, program: str, *words: str | Path) -> Outcome:
        return run([self.binaries.folder / program, *words], self.account)

    def ask(self) -> int:
        """Return 0 when the server answers, 1 when it is starting or stopping, else something higher."""
        return self._run("pg_isready", "-q", "-h", self.place.socket, "-U", USER, "-d", "postgres", "-t", "5").code

    def make_cluster(self) -> None:
        """Make a cluster beside its final name, so that half of one is never taken for a whole."""
        cluster, part = self.place.cluster, self.place.folder / "cluster.part"
        if (cluster / "PG_VERSION").exists():
            return
        if cluster.exists():
            raise Refusal(
                f"{cluster} is there but holds no PostgreSQL cluster: restore it from a backup, or move it away."
            )
        free = shutil.disk_usage(self.place.folder).free
        if free < FREE_BYTES_MIN:
            raise Refusal(
                f"The disk under {self.place.folder} has {free // 2**20} MB free; a new database needs "
                f"{FREE_BYTES_MIN // 2**20} MB. Free some space, or set PEHRA_DATA to a folder on another disk."
            )
        shutil.rmtree(part, ignore_errors=True)
        words: list[str | Path] = ["-D", part, "-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-k"]
        outcome = self._run("initdb", *words, *(["--no-sync"] if self.fast else []))
        if outcome.code != 0:
            shutil.rmtree(part, ignore_errors=True)
            raise self._refusal("The database could not be made", outcome.output)
        with (part / "postgresql.conf").open("a") as configuration:
            configuration.write(_CONFIGURATION)
        part.rename(cluster)

    def refuse_other_version(self) -> None:
        """Refuse a cluster that another major version made: PostgreSQL could not read it."""
        made_by = (self.place.cluster / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise Refusal(
                f"The database in {self.place.cluster} was made by PostgreSQL {made_by}, and the programs here are "
                f"{self.binaries.major} ({self.binaries.folder}). Set PEHRA_PG_BIN to those of version {made_by}, "
                "or move the folder over with pg_upgrade or pg_dump and pg_restore. Nothing was changed."
            )

    def wait_for_answer_or_end(self) -> bool:
        """Return True once the server answers, False once surely no process of it lives; refuse when neither comes."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            answer = self.ask()
            if answer == _ANSWERS:
                return True
            if answer != _REJECTS and not living_processes(self.place.cluster, self.account.uid):
                return False
            time.sleep(_POLL_SECONDS)
        alive = ", ".join(str(number) for number in living_processes(self.place.cluster, self.account.uid))
        raise Refusal(
            f"Processes of an earlier database server still use {self.place.cluster} (numbers: {alive or 'unknown'}), "
            "but it does not answer. End them, then start again. Its files were left as they are."
        )

    def launch(self) -> None:
        """Start the server; what an earlier one left behind is removed, since surely none lives."""
        make_socket_folder(self.place, self.account)
        for stale in (self.place.cluster / "postmaster.pid", *self.place.socket.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        socket = shlex.quote(str(self.place.socket))
        options = f"-k {socket} -c unix_socket_permissions=0700 -c listen_addresses=''" + (
            f" {_FAST}" if self.fast else ""
        )
        words: list[str | Path] = ["-w", "-t", "60", "-D", self.place.cluster, "-l", self.place.log, "-o", options]
        outcome = self._run("pg_ctl", "start", *words)
        # Recovery after a crash may outlast pg_ctl's patience: as long as the server lives it is waited for.
        if outcome.code != 0 and not (
            living_processes(self.place.cluster, self.account.uid) and self.wait_for_answer_or_end()
        ):
            raise self._refusal("The database did not start", outcome.output + "\n" + self._last_words())

    def halt(self) -> None:
        """Stop the server: open transactions are rolled back, all that was committed is safe."""
        if not living_processes(self.place.cluster, self.account.uid):
            forget_socket_folder(self.place)
            return
        self._run("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", self.place.cluster)
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while living_processes(self.place.cluster, self.account.uid):
            if time.monotonic() > deadline:
                raise Refusal(f"The database server in {self.place.cluster} did not stop; see {self.place.log}.")
            time.sleep(_POLL_SECONDS)
        forget_socket_folder(self.place)

    def _last_words(self) -> str:
        logs = [
            self.place.log,
            *sorted((self.place.cluster / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)[-1:],
        ]
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in logs if log.exists())

    def _refusal(self, what: str, output: str) -> Refusal:
        if "No space left on device" in output or "Disk quota exceeded" in output:
            return Refusal(
                f"{what}: the disk under {self.place.folder} is full. Free some space, or set PEHRA_DATA to a folder "
                "on another disk, then start again. What was committed is safe."
            )
        if "Permission denied" in output or "Read-only file system" in output:
            return Refusal(
                f"{what}: {self.place.folder} is not writable for the account {self.account.name}.\n{output[-600:]}"
            )
        return Refusal(f"{what} in {self.place.folder}. PostgreSQL says:\n{output[-1200:]}")


def _make_database(place: Place) -> None:
    """Make the one database of the cluster if it is not there yet."""
    import psycopg

    with psycopg.connect(host=str(place.socket), user=USER, dbname="postgres", autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone() is None:
            connection.execute(f"create database {NAME}")


@contextlib.contextmanager
def _one_at_a_time(data: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server of a data folder."""
    lock = os.open(data / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + 2 * WAIT_SECONDS_MAX
    try:
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                raise Refusal(
                    f"Another Pehra has been starting or stopping the database in {data} for minutes: look at that one."
                )
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
