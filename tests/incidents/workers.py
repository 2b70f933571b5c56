"""Four workers as processes with connections of their own, killed in whatever they are doing.

They read the time from a file that the test moves on, and they die by SIGKILL. What counts are the ledger's entries and
the outbox's rows, not what workers say.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.db import connections

from pehra.kernel.clock import format_time, parse_time

WORKERS = 4


class Workers:
    """Processes that do one round of work after another until they are killed, and are replaced when they are.

    A round is told the time and returns how much it did; with nothing to do a worker rests for a moment.
    """

    def __init__(self, time_file: Path, work: Callable[[datetime], int]) -> None:
        self.time_file = time_file
        self.work = work
        self.running: list[int] = []
        self.killed = 0

    def show(self, moment: datetime) -> None:
        """Move the virtual clock that the workers read; whole, since a half-written time is no time."""
        beside = self.time_file.with_suffix(".next")
        beside.write_text(format_time(moment))
        beside.replace(self.time_file)

    def fill_up(self) -> None:
        while len(self.running) < WORKERS:
            connections.close_all()  # a child must not share its parent's socket
            child = os.fork()
            if child == 0:
                self._work()
            self.running.append(child)

    def kill_one(self, chance: random.Random) -> None:
        victim = self.running.pop(chance.randrange(len(self.running)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.killed += 1

    def end(self) -> None:
        while self.running:
            child = self.running.pop()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _work(self) -> None:
        """The child: nothing of pytest may run in it again."""
        try:
            while True:
                at = parse_time(self.time_file.read_text())
                if not self.work(at):
                    time.sleep(0.01)
        except BaseException as error:
            os.write(2, f"a worker failed: {error!r}\n".encode())
        finally:
            os._exit(1)
