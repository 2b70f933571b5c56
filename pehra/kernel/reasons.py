"""The reason of an automatic decision: which rule, of which version, by which authority, on which facts.

Stored beside the decision and shown to people. A decision without a reason is a bug.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Because:
    """Why an automatic decision came out as it did.

    `status` is the rule's standing: `in force`, `draft`, `disputed` or `unknown`; `facts` are those the rule used.
    """

    rule: str
    version: str
    citation: str
    status: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the reason as plain JSON values, keys as the contract names them."""
        return {
            "rule": self.rule,
            "version": self.version,
            "citation": self.citation,
            "status": self.status,
            "facts": dict(self.facts),
        }
