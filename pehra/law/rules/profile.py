"""What a profile says, as records: a country's teams, sectors, rules and days.

Every record that states law carries its `Basis`. Two records of one code never overlap in time. Nothing here decides
anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from pehra.kernel.markings import Pap, Tlp
from pehra.law.rules.basis import Basis, Source, Status, current
from pehra.law.rules.conditions import Condition, Order
from pehra.law.rules.controls import Control, ControlSetRecord, ControlTheme
from pehra.law.rules.handling import ConsentRule, Phase
from pehra.law.rules.letters import LetterTemplate
from pehra.law.rules.questions import Demands, Form, Question


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which country, and how it writes and counts."""

    code: str
    version: str
    country: str
    name: str
    name_local: str
    timezone: str
    languages: tuple[str, ...]
    reference_prefix: str
    tlds: tuple[str, ...]
    weekend: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A level of the country's system: national, sectoral, organisational."""

    code: str
    rank: int
    name: str
    name_local: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class TeamType:
    """A kind of team that the law knows; one team may be of several."""

    code: str
    tier: str
    name: str
    name_local: str
    serves: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Edge:
    """How one team type stands to another: `works-under`, `reports-through` or `comprises`. A graph, not a tree."""

    code: str
    from_type: str
    relation: str
    to_type: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A body that is no team but gives or receives: a ministry, a regulator, the council."""

    code: str
    name: str
    name_local: str
    basis: Basis


class TeamState(StrEnum):
    """Whether a team works. All but `operating` act through their fallback."""

    OPERATING = "operating"
    BEING_SET_UP = "being set up"
    PLANNED = "planned"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Team:
    """A response team: its types, its place, its constituency."""

    code: str
    name: str
    name_local: str
    types: tuple[str, ...]
    parent: str
    sectors: tuple[str, ...]
    territories: tuple[str, ...]
    state: TeamState
    fallback: str
    host: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """An act by which law is made or a body is named. An absent number or day was not found."""

    code: str
    title: str
    kind: str
    issuer: str
    number: str
    issued: date | None
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Designation:
    """That a team or an organisation was named to something, by which instruments; several issuers are usual."""

    code: str
    subject: str
    subject_kind: str
    role: str
    instruments: tuple[str, ...]
    recommended_by: str
    review_months: int | None
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A seat in the council."""

    code: str
    kind: str
    holder: str
    position: str
    term_months: int | None
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Council:
    """The council: what it may do, and its numbers where known (None: not found)."""

    code: str
    name: str
    name_local: str
    powers: tuple[str, ...]
    size: int | None
    quorum: int | None
    meetings_a_year: int | None
    seats: tuple[Seat, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Sector:
    """A sector; `parent` when it is a subsector."""

    code: str
    name: str
    name_local: str
    parent: str
    regulator: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Territory:
    """A territory of the country."""

    code: str
    name: str
    name_local: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class EntityClass:
    """A class that law puts entities in; it may imply others."""

    code: str
    name: str
    name_local: str
    implies: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word that conditions and facts may use of an incident: an attribute, or a measure with its unit."""

    code: str
    name: str
    name_local: str
    unit: str
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class SeverityLevel:
    """One level of the severity scale, with its criteria as text."""

    code: str
    rank: int
    name: str
    name_local: str
    criteria: str
    criteria_local: str
    set_by: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class SeverityRule:
    """That a matter of this kind has this level; the first rule that holds decides."""

    code: str
    level: str
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ResponsibilityRule:
    """That a team has a role for such an entity. Among lead rules the lowest `order` decides.

    `about` is `organisation`, or `unowned` for the country's own space of no known organisation. `team` is a team's
    code or a selector: `@sector`, `@territory`, `@type:<team type>`.
    """

    code: str
    role: str
    about: str
    order: int
    team: str
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ObligationRule:
    """That a finding of this kind obliges a notice or opens an incident."""

    code: str
    kind: str
    severity: str
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class WidespreadRuleRecord:
    """From how many sides, within which window, one problem is widespread. Any one number reached is enough."""

    code: str
    organisations: int | None
    sectors: int | None
    territories: int | None
    window: timedelta
    taxonomies: tuple[str, ...]
    severity: str
    basis: Basis


class Unit(StrEnum):
    """In what a deadline is counted."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working-days"
    MONTHS = "months"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a duty. `count=None`: its deadline was not found. `starts=""`: nor what starts its clock.

    `owed_by` is set when another owes it than owes the duty, such as a receiver's answer. `starts_status` may be weaker
    than the duty's own standing: a deadline may be law while what starts it is only assumed.
    """

    code: str
    name: str
    name_local: str
    owed_by: str
    starts: str
    starts_status: Status | None
    count: int | None
    unit: Unit | None
    ends: str
    on_holiday: str
    to: tuple[str, ...]
    copy_to: tuple[str, ...]
    forward_to: tuple[str, ...]
    channel: str
    note: str
    note_local: str = ""
    demands: Demands | None = None


@dataclass(frozen=True, kw_only=True)
class Duty:
    """What the law makes due from somebody, in stages."""

    code: str
    name: str
    name_local: str
    owed_by: str
    when: Condition
    stages: tuple[Stage, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Holiday:
    """A day on which the country does not work; `gazetted` or `estimated`."""

    day: date
    name: str
    name_local: str
    certainty: str


@dataclass(frozen=True, kw_only=True)
class YearlyHoliday:
    """A holiday that falls on the same day each year."""

    month: int
    day: int
    name: str
    name_local: str


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The days that do not count. After `gazetted_to` none is certain; after `covered_to` movable days are missing."""

    holidays: tuple[Holiday, ...]
    yearly: tuple[YearlyHoliday, ...]
    covered_from: date
    gazetted_to: date
    covered_to: date
    basis: Basis

    @cached_property
    def by_day(self) -> Mapping[date, Holiday]:
        """The movable holidays by their day."""
        return {holiday.day: holiday for holiday in self.holidays}


@dataclass(frozen=True, kw_only=True)
class SharingRule:
    """The marking that information of this kind carries until its source says otherwise; the first that holds."""

    code: str
    tlp: Tlp
    pap: Pap
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class NoticeRule:
    """How often an organisation may be written to, and in which languages."""

    code: str
    rate: timedelta
    languages: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class AccessRule:
    """How access is kept. Roles are codes that `access` knows; `law` stands below it and checks only how they look."""

    code: str
    review_every: timedelta
    review_grace: timedelta
    four_eyes: tuple[str, ...]
    four_eyes_national: tuple[str, ...]
    break_glass_max: timedelta
    break_glass_roles: tuple[str, ...]
    token_max: timedelta
    session_max: timedelta
    basis: Basis


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """A country's law as data, checked as a whole. Compared by identity: two loadings are two profiles."""

    identity: Identity
    sources: tuple[Source, ...] = ()
    tiers: tuple[Tier, ...] = ()
    team_types: tuple[TeamType, ...] = ()
    edges: tuple[Edge, ...] = ()
    authorities: tuple[Authority, ...] = ()
    teams: tuple[Team, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    designations: tuple[Designation, ...] = ()
    council: Council | None = None
    sectors: tuple[Sector, ...] = ()
    territories: tuple[Territory, ...] = ()
    entity_classes: tuple[EntityClass, ...] = ()
    attributes: tuple[Word, ...] = ()
    measures: tuple[Word, ...] = ()
    severity_scale: tuple[SeverityLevel, ...] = ()
    severity_rules: tuple[SeverityRule, ...] = ()
    responsibility: tuple[ResponsibilityRule, ...] = ()
    obligation_rules: tuple[ObligationRule, ...] = ()
    widespread_rules: tuple[WidespreadRuleRecord, ...] = ()
    duties: tuple[Duty, ...] = ()
    calendar: Calendar | None = None
    sharing_rules: tuple[SharingRule, ...] = ()
    notice_rules: tuple[NoticeRule, ...] = ()
    access_rules: tuple[AccessRule, ...] = ()
    control_sets: tuple[ControlSetRecord, ...] = ()
    control_themes: tuple[ControlTheme, ...] = ()
    controls: tuple[Control, ...] = ()
    questions: tuple[Question, ...] = ()
    phases: tuple[Phase, ...] = ()
    consent_rules: tuple[ConsentRule, ...] = ()
    forms: tuple[Form, ...] = ()
    letters: tuple[LetterTemplate, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The profile's code, such as `pk`."""
        return self.identity.code

    @property
    def version(self) -> str:
        """The profile's version; stored with every reason."""
        return self.identity.version

    @cached_property
    def severity_levels(self) -> tuple[str, ...]:
        """The codes of the severity scale, lowest first."""
        return tuple(dict.fromkeys(level.code for level in self.severity_scale))

    @cached_property
    def order(self) -> Order:
        """What conditions need to compare facts."""
        implied = {item.code: frozenset(item.implies) for item in self.entity_classes}
        parents = {item.code: item.parent for item in self.sectors}
        return Order(parents=parents, implied=implied, severities=self.severity_levels)

    @cached_property
    def rules_count(self) -> int:
        """How many rules the profile holds: everything that answers a question."""
        ruled = (
            self.severity_rules,
            self.responsibility,
            self.obligation_rules,
            self.widespread_rules,
            self.sharing_rules,
            self.notice_rules,
            self.access_rules,
            self.consent_rules,
        )
        return sum(len(records) for records in ruled) + sum(len(duty.stages) for duty in self.duties)

    @cached_property
    def bases(self) -> tuple[Basis, ...]:
        """On what each record of the profile rests."""
        kinds = (value for value in vars(self).values() if isinstance(value, tuple))
        single = (self.identity, self.council, self.calendar, *(self.council.seats if self.council else ()))
        records = (record for records in (*kinds, single) for record in records)
        return tuple(record.basis for record in records if hasattr(record, "basis"))

    def team(self, code: str, on: date) -> Team | None:
        """Return the team of that code on that day."""
        return next((team for team in current(self.teams, on) if team.code == code), None)
