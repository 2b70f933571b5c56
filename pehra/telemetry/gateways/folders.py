"""The lake's folder: where things lie, and how a run's files become part of it all at once.

Everything a run writes lies in `tmp/<run>/` until the run is complete. Then the list of final names is written and
synced, and only then are the files moved. A run that died before that left one folder; one that died after it left a
list. Either way `leavings` finds exactly what it left, at a cost that goes with dead runs and not with the size of
the lake.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_PLAN = "plan.json"


@dataclass(frozen=True)
class Lake:
    """The folder of the lake. Names below it are written with `/` and relative to it, as the manifest keeps them."""

    root: Path

    def path(self, name: str) -> Path:
        """Return where a name of the manifest lies."""
        return self.root / name

    def raw_name(self, sha256: str) -> str:
        """Return the name of an archived input."""
        return f"raw/{sha256[:2]}/{sha256}.zst"

    def rejects_name(self, sha256: str) -> str:
        """Return the name of the rejects of an input."""
        return f"rejects/{sha256}.jsonl"


@dataclass
class Run:
    """The files of one run, until they are part of the lake or gone; `replaced` are those that go when it succeeds."""

    lake: Lake
    name: str
    planned: dict[str, Path] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder in which the run writes."""
        return self.lake.root / "tmp" / self.name

    def begin(self) -> None:
        """Make the run's folder, readable by its owner only: it holds others' data."""
        self.folder.mkdir(parents=True, mode=0o700)

    def plan(self, temporary: Path, name: str) -> None:
        """Say where a finished file of this run will lie."""
        self.planned[name] = temporary

    def move(self) -> None:
        """Move every planned file, whole on the disk, to its final name.

        None is there without the list that names it.
        """
        for temporary in self.planned.values():
            sync(temporary)
        plan = self.folder / _PLAN
        plan.write_text(json.dumps(sorted([*self.planned, *self.replaced])))
        sync(plan)
        sync(self.folder)
        folders = set()
        for name, temporary in self.planned.items():
            final = self.lake.path(name)
            final.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, final)
            folders |= {final.parent, final.parent.parent}
        for folder in folders:
            sync(folder)

    def names(self) -> list[str]:
        """Return the names this run has moved or replaced, or was about to; the manifest says which stay."""
        plan = self.folder / _PLAN
        try:
            return list(json.loads(plan.read_text()))
        except (FileNotFoundError, ValueError):
            return []

    def undo(self, keep: set[str]) -> list[str]:
        """Remove what the run left, but for the names to keep; return what was removed from the lake."""
        removed = [name for name in self.names() if name not in keep and self.lake.path(name).exists()]
        for name in removed:
            self.lake.path(name).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return removed


def leavings(lake: Lake) -> Iterator[Run]:
    """Yield the runs that did not end themselves."""
    temporary = lake.root / "tmp"
    if temporary.is_dir():
        for entry in sorted(os.scandir(temporary), key=lambda entry: entry.name):
            if entry.is_dir():
                yield Run(lake, entry.name)


def sync(path: Path) -> None:
    """Have a file or folder on the disk itself before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
