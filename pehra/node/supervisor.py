"""`pehra up`: database, web and worker as one thing that starts and ends together.

A child that ends by itself is started again, a few times; then all end with a message, because a node that half works
is worse than one that says so. SIGTERM and Ctrl-C end the children first and the database last; no process stays.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from pehra.kernel.refusals import Fault, Refusal

RESTARTS_MAX = 5
RESTARTS_WINDOW_SECONDS = 60
STOP_SECONDS_MAX = 25
DATABASE_LOOK_SECONDS = 3
_TICK_SECONDS = 0.2


@dataclass(kw_only=True)
class Child:
    """One process under the supervisor."""

    name: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a session of its own: a Ctrl-C in the terminal reaches the supervisor alone."""
        self.started = [moment for moment in self.started if time.monotonic() - moment < RESTARTS_WINDOW_SECONDS]
        self.started.append(time.monotonic())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pehra", *self.arguments],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **self.environment, "PEHRA_SUPERVISOR": str(os.getpid())},
        )

    @property
    def ended(self) -> int | None:
        """Its exit code once it has ended."""
        return self.process.poll() if self.process else None

    def signal_all(self, number: int) -> None:
        """Send a signal to it and to whatever it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


@contextlib.contextmanager
def only_one(data: Path, address: str) -> Iterator[None]:
    """Let one supervisor run on a data folder; the second is told where the first one serves."""
    lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            first = os.pread(lock, 200, 0).decode(errors="replace").strip()
            raise Refusal(
                f"Pehra already runs on the data folder {data}: {first or 'it is just starting'}. "
                "Use that one, stop it with Ctrl-C, or set PEHRA_DATA to another folder."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{address}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


@dataclass
class Stopping:
    """Whether somebody asked for the end. A plain flag: an event's lock could be held when the signal comes."""

    asked: bool = False


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[Stopping]:
    """Yield a flag that SIGTERM, Ctrl-C and a closed terminal set; a second one changes nothing."""
    stopping = Stopping()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.asked = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(
    children: list[Child],
    *,
    stopping: Stopping,
    say: Callable[[str], None],
    mend_database: Callable[[], bool],
    ready: Callable[[], bool] | None = None,
    when_ready: Callable[[], None] | None = None,
) -> None:
    """Keep the children running until `stopping`; refuse when one ends again and again.

    `mend_database` looks whether the database answers and starts it again if not, and says whether it had to.
    """
    looked = time.monotonic()
    mended: list[float] = []
    try:
        for child in children:
            child.start()
        while not stopping.asked:
            time.sleep(_TICK_SECONDS)
            for child in children:
                if child.ended is not None:
                    _restart(child, say)
            if ready is not None and when_ready is not None and ready():
                when_ready()
                ready = None
            if time.monotonic() - looked > DATABASE_LOOK_SECONDS:
                looked = time.monotonic()
                if mend_database():
                    mended = [moment for moment in mended if looked - moment < RESTARTS_WINDOW_SECONDS] + [looked]
                    say("the database had ended and was started again")
                    if len(mended) > RESTARTS_MAX:
                        raise Fault(
                            "The database ends again and again; see server.log in the data folder. All was stopped."
                        )
    finally:
        end_all(children)


def _restart(child: Child, say: Callable[[str], None]) -> None:
    recently = [moment for moment in child.started if time.monotonic() - moment < RESTARTS_WINDOW_SECONDS]
    child.signal_all(signal.SIGKILL)  # what an ended parent left behind
    if len(recently) > RESTARTS_MAX:
        raise Fault(
            f"{child.name} ended {len(recently)} times within {RESTARTS_WINDOW_SECONDS} seconds, last with exit code "
            f"{child.ended}; its words are above. All was stopped; `pehra doctor` says what is wrong."
        )
    say(f"{child.name} ended (exit code {child.ended}) and is started again")
    child.start()


def end_all(children: list[Child]) -> None:
    """End the children: asked first, then killed with whatever they started."""
    for child in children:
        if child.process is not None and child.ended is None:
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for child in children:
        if child.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            child.signal_all(signal.SIGKILL)
            child.process.wait()
