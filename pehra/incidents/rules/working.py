"""Which teams work on an incident: an informed team reads it, and changes nothing of it."""

from collections.abc import Iterable, Mapping
from typing import Any

WORKING_ROLES = frozenset({"lead", "coordinate", "support"})


def working_teams(roles: Iterable[Mapping[str, Any]], *, otherwise: Iterable[str]) -> list[str]:
    """Return the teams that lead, coordinate or support; while there is none, those that may see it."""
    return [role["team"] for role in roles if role["role"] in WORKING_ROLES] or list(otherwise)
