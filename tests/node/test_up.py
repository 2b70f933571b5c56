"""`pehra up` as a person meets it: one thing that starts, mends itself and ends, and leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 90
END_SECONDS_MAX = 40
pytestmark = pytest.mark.enable_socket


class Node:
    """A node of the test's own, and what of it runs."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "up.log"
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PEHRA_DATA")}
        self.environment = {**kept, "PEHRA_DATA": str(self.data)}
        self.address = ""

    def pehra(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pehra", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def up(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "pehra", "up", "--port", "0", "--empty"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: "Pehra is watching" in self.said() or started.poll() is not None, START_SECONDS_MAX, self.said)
        assert started.poll() is None, self.said()
        self.address = self.said().split("Pehra is watching: ")[1].split()[0]
        return started

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(self.address, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False
        return True

    def processes(self) -> dict[int, str]:
        """Every process of this node: those that work in its folder or were started with its data folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                environment = (entry / "environ").read_bytes()
                ours = f"PEHRA_DATA={self.data}\0".encode() in environment or f" {self.data}/" in words
                if words and ours:
                    found[int(entry.name)] = words
            except OSError:
                continue
        return found


def until(held: Callable[[], bool], seconds: float, said: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < deadline, said()
        time.sleep(0.1)


@pytest.fixture
def node() -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="pehra-up-", dir="/tmp"))
    folder.chmod(0o711)
    made = Node(folder)
    yield made
    for number in made.processes():
        os.kill(number, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_node_from_start_to_end(node):
    """One long story, since a start costs seconds: start, second starter, busy port, a killed child, the end, again."""
    running = node.up()
    assert node.answers()

    second = node.pehra("up", "--port", "0")
    assert second.returncode == 2
    assert f"already runs on the data folder {node.data}: {node.address}" in second.stderr

    elsewhere = {**node.environment, "PEHRA_DATA": str(node.data.parent / "other")}
    busy = subprocess.run(
        [sys.executable, "-m", "pehra", "up", "--port", node.address.rsplit(":", 1)[1]],
        cwd=ROOT,
        env=elsewhere,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert busy.returncode == 2
    assert "choose another with --port" in busy.stderr

    doctor = node.pehra("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
    assert checks["database"]["ok"], checks
    assert checks["tables"]["ok"], checks

    web = next(number for number, words in node.processes().items() if " serve " in words)
    os.kill(web, signal.SIGKILL)
    until(lambda: "web ended (exit code -9) and is started again" in node.said(), 30, node.said)
    until(node.answers, START_SECONDS_MAX, node.said)

    running.send_signal(signal.SIGTERM)
    assert running.wait(END_SECONDS_MAX) == 0, node.said()
    assert node.processes() == {}

    running = node.up()
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(END_SECONDS_MAX) == 0, node.said()
    assert node.processes() == {}


def test_children_follow_a_killed_supervisor(node):
    running = node.up()
    running.kill()
    running.wait()
    until(lambda: node.processes() == {}, END_SECONDS_MAX, node.processes)
