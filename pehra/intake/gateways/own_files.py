"""The form's own style and script as text, for the one file that must carry them with it."""

from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "static" / "intake"


@lru_cache
def text(name: str) -> str:
    """Return a file of ours by its name."""
    return (_FOLDER / name).read_text(encoding="utf-8")
