"""STIX 2.1 bundles in JSON."""

import json
from typing import Any

from pehra.incidents.rules import stix, stix_reading
from pehra.incidents.rules.documents import IncidentDocument


def written(document: IncidentDocument) -> bytes:
    """Return a document as a bundle."""
    return json.dumps(stix.written(document), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def is_it(said: dict[str, Any]) -> bool:
    """Whether a file is a bundle or an incident of STIX 2.1, by its content."""
    return said.get("type") in ("bundle", "incident")


def read(said: dict[str, Any]) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a file."""
    return stix_reading.read(said)
