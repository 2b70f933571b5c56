"""The newest checkpoint as this node last signed it, kept in the data folder: outside the database.

Whoever gets past the database's triggers can take every table back to an older signed checkpoint, and nothing in the
database is left to tell. This file tells. It does not replace a checkpoint that somebody else keeps: whoever has the
data folder too can change both.
"""

import os
import tempfile
from pathlib import Path

from django.conf import settings

FILE = "ledger.checkpoint"
BYTES_MAX = 64 * 1024


def place() -> Path:
    """Return where the checkpoint is kept."""
    return Path(settings.PEHRA_DATA) / "keys" / FILE


def kept() -> str | None:
    """Return the checkpoint that was kept last; None when none was yet."""
    try:
        with place().open("rb") as file:
            return file.read(BYTES_MAX).decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def keep(note: str) -> None:
    """Keep a checkpoint in the place of the one before, whole or not at all."""
    path = place()
    descriptor, draft = tempfile.mkstemp(prefix=f"{FILE}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
