"""The embedded server against what really happens to one: kills, stale files, closed folders, full disks."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pehra.kernel.refusals import Refusal
from pehra.node.database import Database
from pehra.node.database import binaries as programs
from pehra.node.database.account import find_account, run
from pehra.node.database.living import living_processes
from pehra.node.database.place import known_place

ROOT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that any account can pass; root's own temporary folders are closed."""
    made = Path(tempfile.mkdtemp(prefix="pehra-driver-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    _end_processes_below(made)
    shutil.rmtree(made)


def _end_processes_below(folder: Path) -> None:
    for number in _processes_below(folder):
        os.kill(number, signal.SIGKILL)


def _processes_below(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _keep_a_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (n int)")
        connection.execute("insert into kept values (1)")


def _rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from kept").fetchone()[0]


def _postmaster(database: Database) -> int:
    return int((database.place.cluster / "postmaster.pid").read_text().split("\n", 1)[0])


def test_fresh_then_again_keeps_rows_and_leaves_no_process(folder):
    with Database(folder / "node", fast=True) as url:
        _keep_a_row(url)
        with psycopg.connect(url) as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)
            assert connection.execute("show timezone").fetchone() == ("UTC",)
        place = known_place(folder / "node")
        assert place.cluster.stat().st_mode & 0o777 == 0o700
        assert place.socket.stat().st_mode & 0o777 == 0o700
    assert _processes_below(folder) == []
    with Database(folder / "node", fast=True) as url:
        assert _rows(url) == 1
    assert _processes_below(folder) == []


def test_killed_server_is_started_again_at_once(folder):
    database = Database(folder / "node")  # not fast: a commit must be on disk
    database.start()
    _keep_a_row(database.url)
    os.kill(_postmaster(database), signal.SIGKILL)
    database.stop()
    with database as url:
        assert _rows(url) == 1


def test_stale_pid_file_of_a_living_stranger_is_no_obstacle(folder):
    database = Database(folder / "node", fast=True)
    with database as url:
        _keep_a_row(url)
        pid_file = (database.place.cluster / "postmaster.pid").read_text().split("\n")
    stale = database.place.cluster / "postmaster.pid"
    stale.write_text("\n".join([str(os.getppid()), *pid_file[1:]]))
    (database.place.socket / ".s.PGSQL.5432.lock").write_text("\n".join([str(os.getppid()), *pid_file[1:]]))
    with database as url:
        assert _rows(url) == 1


def test_half_a_cluster_is_made_anew(folder):
    database = Database(folder / "node", fast=True)
    with database as url:
        _keep_a_row(url)
    (database.place.cluster).rename(database.place.folder / "cluster.part")
    with database as url, psycopg.connect(url) as connection:
        assert connection.execute("select to_regclass('kept')").fetchone() == (None,)


def test_another_version_is_refused_and_nothing_changed(folder):
    database = Database(folder / "node", fast=True)
    with database:
        pass
    (database.place.cluster / "PG_VERSION").write_text("14\n")
    before = sorted(database.place.cluster.rglob("*"))
    with pytest.raises(Refusal, match=r"made by PostgreSQL 14.*PEHRA_PG_BIN"):
        database.start()
    assert sorted(database.place.cluster.rglob("*")) == before


def test_a_very_long_path_gets_a_short_socket(folder):
    long = folder / ("n" * 80) / ("m" * 80)
    long.parent.mkdir(mode=0o711)
    database = Database(long, fast=True)
    with database as url:
        _keep_a_row(url)
        assert len(str(database.place.socket)) < 88
        assert database.place.socket.stat().st_mode & 0o777 == 0o700
    assert not database.place.socket.exists()


def test_a_socket_folder_that_somebody_else_made_is_refused(folder):
    long = folder / ("n" * 80) / ("p" * 80)
    long.parent.mkdir(mode=0o711)
    database = Database(long, fast=True)
    database.place.socket.symlink_to(folder)
    try:
        with pytest.raises(Refusal, match="somebody else made it"):
            database.start()
    finally:
        database.place.socket.unlink()


def test_the_last_of_two_users_stops_the_server(folder):
    first, second = Database(folder / "node", fast=True), Database(folder / "node", fast=True)
    first.start()
    second.start()
    first.stop()
    assert second.is_ready()
    second.stop()
    assert not second.is_ready()
    assert living_processes(second.place.cluster, os.geteuid()) == []


def test_four_start_together(folder):
    script = (
        "import sys, time; from pathlib import Path; from pehra.node.database import Database\n"
        "database = Database(Path(sys.argv[1]), fast=True); database.start(); time.sleep(0.3); database.stop()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(folder / "node")], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [child.communicate(timeout=60)[1].decode() for child in started]
    assert [child.returncode for child in started] == [0, 0, 0, 0], said
    assert _processes_below(folder) == []


def test_a_killed_user_does_not_keep_the_server(folder):
    script = (
        "import sys, time; from pathlib import Path; from pehra.node.database import Database\n"
        "Database(Path(sys.argv[1]), fast=True).start(); print('up', flush=True); time.sleep(60)"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", script, str(folder / "node")], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    assert user.stdout is not None
    assert user.stdout.readline() == b"up\n"
    user.kill()
    user.communicate()
    database = Database(folder / "node", fast=True)
    assert database.is_ready()
    database.stop_if_unused()
    assert not database.is_ready()


def test_a_folder_that_cannot_be_written_is_refused(folder):
    (folder / "file").write_text("in the way")
    with pytest.raises(Refusal, match=r"data folder .* cannot be used.*PEHRA_DATA"):
        Database(folder / "file" / "node").start()


def test_programs_that_are_not_there_are_refused(folder):
    with pytest.raises(Refusal, match="PEHRA_PG_BIN names"):
        Database(folder / "node", programs=str(folder)).start()


@as_root
def test_root_is_no_account_for_the_server(folder):
    with pytest.raises(Refusal, match="does not run as root"):
        Database(folder / "node", account="root").start()


@as_root
def test_account_that_is_not_there_is_refused(folder):
    with pytest.raises(Refusal, match="does not exist"):
        Database(folder / "node", account="nobody-of-that-name").start()


@as_root
def test_a_closed_folder_moves_the_cluster_and_widens_nothing(folder):
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    database = Database(closed / "node", elsewhere=folder / "elsewhere", fast=True)
    with database as url:
        _keep_a_row(url)
        assert (folder / "elsewhere") in database.place.folder.parents
    assert closed.stat().st_mode & 0o777 == 0o700
    with Database(closed / "node", elsewhere=folder / "elsewhere", fast=True) as url:
        assert _rows(url) == 1
    shutil.rmtree(database.place.folder)
    with pytest.raises(Refusal, match="which is gone"):
        database.start()


@as_root
def test_programs_in_a_closed_folder_are_copied_with_their_libraries(folder):
    wheel = programs._wheel()
    if wheel is None:
        pytest.skip("no wheel of PostgreSQL is installed here")
    copied = programs._relocate(wheel, folder / "elsewhere")
    answer = run([copied / "psql", "--version"], find_account())
    assert answer.code == 0, answer.output


@as_root
def test_as_an_ordinary_user(folder):
    nobody = pwd.getpwnam("nobody")
    account = find_account("nobody")
    interpreter = next(
        (
            path
            for path in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
            if run([path, "-c", f"import sys; open({str(Path(__file__))!r})"], account).code == 0
        ),
        None,
    )
    if interpreter is None or shutil.which("setpriv") is None:
        pytest.skip("no Python here that an ordinary user may run, or no setpriv")
    own = folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    script = (
        "import sys; from pathlib import Path; from pehra.node.database import Database\n"
        "with Database(Path(sys.argv[1]), fast=True) as url:\n"
        "    import psycopg; print(psycopg.connect(url).execute('select 42').fetchone()[0])"
    )
    site = next(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={nobody.pw_uid}",
            f"--regid={nobody.pw_gid}",
            "--clear-groups",
            interpreter,
            "-c",
            script,
            str(own / "node"),
        ],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{site}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "42\n", done.stderr
    assert (own / "node").stat().st_mode & 0o777 == 0o700
    assert _processes_below(folder) == []


@pytest.fixture
def small_disk(folder) -> Iterator[Path]:
    """A disk of its own, too small for much."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m,mode=711", "tmpfs", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small disk here")
    yield disk
    _end_processes_below(disk)
    time.sleep(0.1)
    subprocess.run(["umount", "-l", disk], check=True)


def _fill(disk: Path, *, leave: int) -> None:
    free = shutil.disk_usage(disk).free - leave
    with (disk / "filler").open("wb") as file:
        while free > 0:
            free -= file.write(b"x" * min(free, 1 << 20))


@as_root
def test_a_disk_too_small_for_a_new_database_is_refused(small_disk):
    _fill(small_disk, leave=20 << 20)
    with pytest.raises(Refusal, match=r"MB free; a new database needs"):
        Database(small_disk / "node", fast=True).start()


@as_root
def test_a_disk_full_at_the_next_start_is_named_and_nothing_is_lost(small_disk):
    database = Database(small_disk / "node", fast=True)
    with database as url:
        _keep_a_row(url)
    _fill(small_disk, leave=0)
    with pytest.raises(Refusal, match=r"cannot be used: No space left.*Free some space|disk under .* is full"):
        database.start()
    (small_disk / "filler").unlink()
    with database as url:
        assert _rows(url) == 1
