"""Alerts as the programs of other systems post them, one file a system: what each says becomes one `Alert`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pehra.intake.rules.saying import Handed, Said


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert as a report: what it says, what it is called where it comes from, and the files in it."""

    said: Said
    source: str
    source_ref: str
    files: tuple[Handed, ...] = ()
    body: Mapping[str, Any]
