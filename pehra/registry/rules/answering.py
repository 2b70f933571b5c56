"""Law's answer to "who is responsible?" in the forms that the registry keeps: codes for the wall, reasons as JSON."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answerable:
    """Who answers for something: the lead's code (empty: nobody yet), every team's code, each role with its reason."""

    lead_team: str
    teams: tuple[str, ...]
    roles: tuple[dict[str, Any], ...]

    @property
    def because(self) -> str:
        """The reasons of every role as one JSON text, each with its team and role: what an event row carries."""
        flat = [{"team": role["team"], "role": role["role"], **role["because"]} for role in self.roles]
        return json.dumps(flat, ensure_ascii=False, default=str)

    @property
    def roles_json(self) -> str:
        """The roles as JSON text, for a column of the database."""
        return json.dumps(self.roles, ensure_ascii=False, default=str, sort_keys=True)
