"""IODEF in JSON (RFC 8727)."""

import json

from pehra.incidents.gateways.exchange import json_text
from pehra.incidents.rules import iodef
from pehra.incidents.rules.documents import IncidentDocument


def written(document: IncidentDocument) -> bytes:
    """Return a document as RFC 8727 has it."""
    return json.dumps(iodef.written(document), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def is_it(raw: bytes) -> bool:
    """Whether a file is IODEF in JSON, by its content."""
    said = json_text.object_or_none(raw)
    return said is not None and "Incident" in said and "version" in said


def read(raw: bytes) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a file."""
    return iodef.read(json_text.parsed(raw))
