"""What `law` answers. Each answer carries its reason, and says what it does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pehra.kernel.clock import format_time
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.sentences import Sentence

RUNNING, WAITING, UNKNOWN = "running", "waiting", "unknown"


@dataclass(frozen=True, kw_only=True)
class TeamRole:
    """A team and what it has to do: `lead`, `coordinate`, `support` or `inform`."""

    team: str
    role: str
    because: Because

    def as_json(self) -> dict[str, Any]:
        """Return the role with the keys of the contract."""
        return {"team": self.team, "role": self.role, "because": self.because.as_json()}


@dataclass(frozen=True, kw_only=True)
class Responsibility:
    """Who is responsible, the lead first. `missing` names facts that could change the answer."""

    lead: TeamRole | None
    roles: tuple[TeamRole, ...]
    missing: tuple[str, ...] = ()

    @property
    def teams(self) -> tuple[str, ...]:
        """The codes of all teams with a role, the lead first."""
        return tuple(dict.fromkeys(role.team for role in self.roles))

    def as_json(self) -> dict[str, Any]:
        """Return the answer as plain JSON values."""
        return {
            "lead": self.lead.team if self.lead else None,
            "teams": [role.as_json() for role in self.roles],
            "missing": list(self.missing),
        }


@dataclass(frozen=True, kw_only=True)
class DutyDue:
    """One stage of a duty for stated facts.

    `status`: `running` (the clock runs, `due` is set), `waiting` (its start has not happened), `unknown` (a person must
    supply what `missing` names before anything can be said). `provisional`: the date may still move, or rests on a rule
    that is not settled law; `notes` say why.
    """

    duty: str
    stage: str
    owed_by: str
    owed_to: tuple[str, ...]
    copy_to: tuple[str, ...]
    start_event: str
    starts: datetime | None
    due: datetime | None
    status: str
    because: Because
    forward_to: tuple[str, ...] = ()
    provisional: bool = False
    notes: tuple[Sentence, ...] = ()
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the stage with the keys of the contract, then what only a careful reader needs."""
        return {
            "duty": self.duty,
            "stage": self.stage,
            "owed_by": self.owed_by,
            "owed_to": list(self.owed_to),
            "copy_to": list(self.copy_to),
            "starts": format_time(self.starts) if self.starts else None,
            "due": format_time(self.due) if self.due else None,
            "status": self.status,
            "because": self.because.as_json(),
            "start_event": self.start_event,
            "forward_to": list(self.forward_to),
            "provisional": self.provisional,
            "notes": list(self.notes),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, kw_only=True)
class DutyJudgement:
    """Whether a duty in force applies to stated facts: `yes`, `no` or `unknown`; none is ever left out."""

    duty: str
    applies: str
    because: Because
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """What a finding obliges: a `notice` to its owner, an `incident`, or a `question` for a person.

    A question stands where a fact is missing: `missing` names it, `because.facts["would be"]` what may be due.
    """

    kind: str
    rule: str
    severity: str | None
    because: Because
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WidespreadRule:
    """From how many sides within which window one problem is widespread: any one number reached is enough.

    `taxonomies` are the RSIT classes that count; empty for all.
    """

    rule: str
    organisations: int | None
    sectors: int | None
    territories: int | None
    window: timedelta
    because: Because
    taxonomies: tuple[str, ...] = ()
    severity: str | None = None

    def concerns(self, taxonomy: str) -> bool:
        """Whether problems of this RSIT class are counted."""
        return not self.taxonomies or taxonomy in self.taxonomies

    def is_reached(self, *, organisations: int, sectors: int, territories: int) -> bool:
        """Whether a problem seen on so many sides within the window is widespread."""
        counted = ((self.organisations, organisations), (self.sectors, sectors), (self.territories, territories))
        return any(bound is not None and count >= bound for bound, count in counted)


@dataclass(frozen=True, kw_only=True)
class WorksheetLine:
    """One rule of the severity scale, held against the facts: whether it holds, by which facts, and what is missing."""

    rule: str
    level: str
    holds: str
    decides: bool
    facts: Mapping[str, Any]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The severity of a matter; `missing` names facts that could change it."""

    level: str
    because: Because
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Marking:
    """The marking that information carries until its source says otherwise."""

    tlp: Tlp
    pap: Pap
    because: Because


@dataclass(frozen=True, kw_only=True)
class NoticePolicy:
    """How often an organisation is written to, and in which languages."""

    rate_per_organisation: timedelta
    languages: tuple[str, ...]
    because: Because


@dataclass(frozen=True, kw_only=True)
class AccessPolicy:
    """How access is kept on a day: how often grants are reviewed, what needs a second person, how long things last.

    Roles are codes of `access`. `four_eyes_national` are roles that need a second person only over the whole country.
    """

    review_every: timedelta
    review_grace: timedelta
    four_eyes: frozenset[str]
    break_glass_max: timedelta
    break_glass_roles: frozenset[str]
    token_max: timedelta
    session_max: timedelta
    because: Because
    four_eyes_national: frozenset[str] = frozenset()
