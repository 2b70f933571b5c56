"""A tree of files to be held to the rules: the repository's tracked files, or a small planted one."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

TEXT_BYTES_MAX = 4_000_000
NOT_TEXT = "\x00"


@dataclass(frozen=True)
class Source:
    """One file: its path in the tree and its text."""

    path: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py") and "migrations" not in self.parts

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def part(self) -> str:
        """The part of Pehra it belongs to; empty for a file that belongs to none."""
        return self.parts[1] if self.parts[0] == "pehra" and len(self.parts) > 2 else ""

    @property
    def floor(self) -> str:
        """The floor inside the part: `api`, `rules`, `models` …"""
        return self.parts[2].removesuffix(".py") if self.part else ""

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tracked(root: Path) -> list[Source]:
    """Read what git tracks, as far as it is text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    return _read(root, [root / name for name in listed.decode().split("\0") if name])


def planted(root: Path) -> list[Source]:
    """Read every file of a small tree."""
    return _read(root, sorted(root.rglob("*")))


def _read(root: Path, paths: list[Path]) -> list[Source]:
    sources = []
    for path in paths:
        if path.is_file() and path.stat().st_size <= TEXT_BYTES_MAX:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                text = NOT_TEXT
            sources.append(Source(path.relative_to(root).as_posix(), text))
    return sources
