"""IODEF in JSON (RFC 8727)."""

import json
from typing import Any

from pehra.incidents.rules import iodef
from pehra.incidents.rules.documents import IncidentDocument


def written(document: IncidentDocument) -> bytes:
    """Return a document as RFC 8727 has it."""
    return json.dumps(iodef.written(document), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def is_it(said: dict[str, Any]) -> bool:
    """Whether a file is IODEF in JSON, by its content."""
    return "Incident" in said and "version" in said


def read(said: dict[str, Any]) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a file."""
    return iodef.read(said)
