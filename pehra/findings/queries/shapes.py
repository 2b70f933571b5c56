"""What reading findings gives: frozen dataclasses, so that a template can start no query."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.findings.rules.states import State
from pehra.kernel.clock import format_time
from pehra.ledger import api as ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingView:
    """A finding as other parts, pages and commands see it; what a fold returns has no `evidence`."""

    id: UUID
    subject: str
    asset: str
    organisation: str
    sector: str
    territory: str
    lead_team: str
    teams: tuple[str, ...]
    kind: str
    taxonomy: str
    type: str
    identifier: str
    malware: str
    port: int
    state: State
    first_seen: datetime
    last_seen: datetime
    times: int
    because: list[Any]
    subject_type: str = ""
    protocol: str = ""
    feed_name: str = ""
    feed_code: str = ""
    evidence: str = ""
    reopened: int = 0
    opened_at: datetime | None = None
    reopened_at: datetime | None = None
    notified_at: datetime | None = None
    fixed_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the sample row of the newest sighting."""
        try:
            said = json.loads(self.evidence)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        said = asdict(self) | {"id": str(self.id), "state": self.state.value, "teams": list(self.teams)}
        said["evidence"] = dict(self.facts)
        return {name: format_time(value) if isinstance(value, datetime) else value for name, value in said.items()}


@dataclass(frozen=True, kw_only=True)
class NoticeView:
    """What an organisation was told at a moment."""

    reference: str
    organisation: str
    lead_team: str
    teams: tuple[str, ...]
    recipient: str
    road: str
    tlp: str
    findings: int
    message: UUID
    at: datetime
    because: list[Any]

    def as_json(self) -> dict[str, Any]:
        """Return the notice as JSON values."""
        said = asdict(self) | {"message": str(self.message), "teams": list(self.teams), "at": format_time(self.at)}
        return said


@dataclass(frozen=True, kw_only=True)
class FindingPage:
    """One finding with what was told of it and what was done about it."""

    finding: FindingView
    notices: tuple[NoticeView, ...]
    history: tuple[ledger.EntryView, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values, with its notices and history beside it."""
        entries = [entry.as_json() | {"at": format_time(entry.at)} for entry in self.history]
        return self.finding.as_json() | {
            "notices": [notice.as_json() for notice in self.notices],
            "history": entries,
        }


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which findings are wanted; an empty text does not filter, and `-` asks for those without one."""

    unfixed: bool = False
    state: State | None = None
    team: str = ""
    organisation: str = ""
    sector: str = ""
    territory: str = ""
    kind: str = ""
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """How many findings a sector or territory has."""

    code: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The situation in numbers. `open` counts what nobody says is fixed, `fixed` what nobody has checked yet.

    `counted_at` is when they were counted, where that was not just now.
    """

    open: int = 0
    untold: int = 0
    fixed: int = 0
    unowned: int = 0
    by_sector: tuple[Place, ...] = ()
    by_territory: tuple[Place, ...] = ()
    counted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KindSpread:
    """How far one kind of problem has spread since a moment, over what nobody says is fixed."""

    kind: str
    organisations: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    findings: Sequence[FindingView] = field(default_factory=tuple)
