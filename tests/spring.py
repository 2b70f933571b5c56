"""Many short processes of Pehra, each a real one, without paying two seconds of imports for each.

A spring is a process that has loaded the heavy libraries, and no part of ours; what it forks begins there, has its own
environment, runs one command or script, may be killed like any other, and tells its exit code by a file.
"""

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
END_SECONDS_MAX = 120
_HEAVY = (
    *("polars", "polars_hash", "duckdb", "numpy", "pyarrow", "psycopg", "cryptography", "msgspec", "zstandard", "idna"),
    *("django.db.models", "django.urls", "django.core.management", "django.template", "procrastinate", "structlog"),
    *("requests", "pyzipper", "scim2_models", "joserfc.jwt", "lxml.etree", "filetype", "publicsuffixlist", "brotli"),
)


@dataclass(frozen=True)
class Done:
    """A process that ended by itself."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, which is exactly one JSON document."""
        return json.loads(self.out)


class Running:
    """A process that may be running."""

    def __init__(self, number: int, stem: Path) -> None:
        self.number, self.stem = number, stem

    def out(self) -> str:
        return self._file("out")

    def err(self) -> str:
        return self._file("err")

    def ended(self) -> bool:
        return self.stem.with_suffix(".ended").exists()

    def until(self, held: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; whether it does."""
        deadline = time.monotonic() + seconds
        while not held():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def kill(self) -> None:
        os.kill(self.number, signal.SIGKILL)
        assert self.until(lambda: not Path(f"/proc/{self.number}").exists(), END_SECONDS_MAX)

    def done(self) -> Done:
        assert self.until(self.ended, END_SECONDS_MAX), self.out() + self.err()
        return Done(int(self._file("ended")), self.out(), self.err())

    def _file(self, suffix: str) -> str:
        path = self.stem.with_suffix(f".{suffix}")
        return path.read_text() if path.exists() else ""


class Spring:
    """Starts processes; `folder` takes what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PEHRA_DATA")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *words: object, stdin: str = "", **environment: object) -> Running:
        """Start `pehra …` or, when the first word is a path, that script."""
        stem = self.folder / f"process-{next(self._numbers)}"
        stem.with_suffix(".in").write_text(stdin)
        texts = {name: str(value) for name, value in environment.items()}
        asked = {"words": [str(word) for word in words], "environment": texts, "stem": str(stem)}
        pipes = self._process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps(asked) + "\n")
        pipes.stdin.flush()
        return Running(int(pipes.stdout.readline()), stem)

    def run(self, *words: object, stdin: str = "", **environment: object) -> Done:
        """Start a process and wait for its end."""
        return self.start(*words, stdin=stdin, **environment).done()

    def close(self) -> None:
        self._process.communicate(timeout=END_SECONDS_MAX)


def _serve() -> None:
    for name in _HEAVY:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they leave no zombie
    for line in sys.stdin:
        asked = json.loads(line)
        number = os.fork()
        if number == 0:
            _become(asked)
        print(number, flush=True)


def _become(asked: dict[str, Any]) -> None:
    """Be the process that was asked for, and never return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stem = Path(asked["stem"])
    os.dup2(os.open(stem.with_suffix(".in"), os.O_RDONLY), 0)
    for number, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(stem.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.update(asked["environment"])
    code = 1
    try:
        code = _run(asked["words"])
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        stem.with_suffix(".part").write_text(str(code))
        stem.with_suffix(".part").rename(stem.with_suffix(".ended"))
        os._exit(code)


def _run(words: list[str]) -> int:
    if words[0] == "pehra":
        from pehra.cli.main import run

        return run(words[1:])
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    _serve()
