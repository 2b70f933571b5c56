"""What an import did: counts, and each line that was set aside with its field and why."""

from dataclasses import dataclass
from typing import Any

from pehra.registry.rules.lines import Reject


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """The outcome of one import; `read` counts every line but the header and empty ones."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: tuple[Reject, ...]
    sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the summary with the keys of the contract."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [
                {"line": reject.line, "field": reject.field, "message": reject.message} for reject in self.rejected
            ],
        }
