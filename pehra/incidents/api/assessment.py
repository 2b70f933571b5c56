"""What the law says of findings and incidents on a day, asked once for each distinct set of facts.

A feed of fifty thousand new findings holds a few hundred distinct combinations of sector, territory, classes and
problem; the law is asked for those, not for the findings. One assessor lives as long as one use case: a changed
profile is seen by the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings

from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.opening import FindingLike, highest
from pehra.kernel.markings import Pap, strictest
from pehra.law import api as law

OWED_BY_ENTITY = "entity"
"""How the profile says that the organisation itself owes a stage."""


@dataclass(frozen=True, kw_only=True)
class Grading:
    """How grave something is, and why; an empty level is unknown."""

    level: str
    because: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """One organisation that may owe something because of an incident, and the moments that its clocks count from.

    `own` are those of this one alone: what it owes itself counts from them first, and what a team owes does not.
    """

    organisation: str
    entity: law.EntityFacts
    moments: Mapping[str, datetime]
    own: Mapping[str, datetime] = field(default_factory=dict)

    def settles(self, duty: law.DutyDue) -> bool:
        """Whether a stage that it owes counts from a moment of its own."""
        stage = f"{duty.duty}/{duty.stage}"
        names = {duty.start_event.replace("-", "_"), f"{stage}:start", f"{stage}:due"}
        counts = duty.starts is not None or duty.due is not None
        return counts and duty.owed_by == OWED_BY_ENTITY and not names.isdisjoint(self.own)


@dataclass(frozen=True, kw_only=True)
class Debt:
    """One stage that is owed: by this organisation, or by a team on behalf of all (then it is the incident's own).

    `by_own_moment` says that it counts from a moment of this organisation alone.
    """

    organisation: str
    duty: law.DutyDue
    order: int
    by_own_moment: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one clock."""
        return (self.duty.duty, self.duty.stage, self.organisation)


@dataclass
class Assessor:
    """The law of the node's country on a day, with its answers remembered."""

    on: date
    profile: law.Profile = field(default_factory=lambda: law.load(settings.PEHRA_PROFILE))
    _obligations: dict[Any, tuple[law.Obligation, ...]] = field(default_factory=dict)
    _gradings: dict[Any, Grading] = field(default_factory=dict)
    _markings: dict[Any, law.Marking] = field(default_factory=dict)
    _responsible: dict[Any, law.Responsibility] = field(default_factory=dict)
    _due: dict[Any, tuple[law.DutyDue, ...]] = field(default_factory=dict)

    @classmethod
    def at(cls, moment: datetime) -> "Assessor":
        """Return the law of the country's day at a moment."""
        return cls(on=law.day_of(law.load(settings.PEHRA_PROFILE), moment))

    def obligations(self, entity: law.EntityFacts, finding: law.FindingFacts) -> tuple[law.Obligation, ...]:
        """Return what a finding obliges its entity or its team to."""
        key = (entity, finding)
        if key not in self._obligations:
            self._obligations[key] = law.obligations(self.profile, entity=entity, finding=finding, on=self.on)
        return self._obligations[key]

    def grading(self, entity: law.EntityFacts, finding: law.FindingFacts) -> Grading:
        """Return how grave a finding is, by the profile's scale."""
        key = (entity, finding)
        if key not in self._gradings:
            judged = law.severity(self.profile, entity=entity, finding=finding, on=self.on)
            self._gradings[key] = Grading(level=judged.level or "", because=judged.because.as_json())
        return self._gradings[key]

    def grading_of(self, entity: law.EntityFacts, incident: law.IncidentFacts) -> Grading:
        """Return how grave an incident is, by the profile's scale."""
        judged = law.severity(self.profile, entity=entity, incident=incident, on=self.on)
        return Grading(level=judged.level or "", because=judged.because.as_json())

    def marking(self, entity: law.EntityFacts, finding: law.FindingFacts) -> law.Marking:
        """Return how a finding may be shared and used."""
        key = (entity, finding)
        if key not in self._markings:
            self._markings[key] = law.sharing(self.profile, entity=entity, finding=finding, on=self.on)
        return self._markings[key]

    def responsibility(self, entity: law.EntityFacts, incident: law.IncidentFacts) -> law.Responsibility:
        """Return who leads, coordinates, supports and is informed."""
        key = (entity, _frozen(incident))
        if key not in self._responsible:
            self._responsible[key] = self._ask_responsibility(entity, incident)
        return self._responsible[key]

    def _ask_responsibility(self, entity: law.EntityFacts, incident: law.IncidentFacts) -> law.Responsibility:
        if entity.known:
            return law.responsible(self.profile, entity=entity, incident=incident, on=self.on)
        return law.responsible_for_unowned(self.profile, on=self.on)

    def debts(self, debtors: Sequence[Debtor], incident: law.IncidentFacts, *, alone: str) -> list[Debt]:
        """Return what the law makes due because of an incident, by whom and when.

        What an organisation owes, each of them owes with a clock of its own. What a team owes is one clock, the one
        that runs and is due first, and belongs to the organisation that the incident concerns `alone`.
        """
        due: dict[tuple[str, str, str], law.DutyDue] = {}
        own: set[tuple[str, str, str]] = set()
        order: dict[tuple[str, str], int] = {}
        for debtor in debtors:
            for duty in self._duties(debtor, incident):
                organisation = debtor.organisation if duty.owed_by == OWED_BY_ENTITY else ""
                key = (duty.duty, duty.stage, organisation or alone)
                due[key] = min(due.get(key, duty), duty, key=_pressing)
                own |= {key} if debtor.settles(duty) else set()
                order.setdefault((duty.duty, duty.stage), len(order))
        return [
            Debt(organisation=key[2], duty=duty, order=order[duty.duty, duty.stage], by_own_moment=key in own)
            for key, duty in due.items()
        ]

    def _duties(self, debtor: Debtor, incident: law.IncidentFacts) -> Sequence[law.DutyDue]:
        """Return what follows for one organisation: what it owes by its own moments, what a team owes by the shared."""
        shared = self._asked(debtor.entity, incident, debtor.moments)
        if not debtor.own:
            return shared
        own = self._asked(debtor.entity, incident, {**debtor.moments, **debtor.own})
        of_teams = {(duty.duty, duty.stage): duty for duty in shared if duty.owed_by != OWED_BY_ENTITY}
        return [of_teams.get((duty.duty, duty.stage), duty) for duty in own]

    def _asked(
        self, entity: law.EntityFacts, incident: law.IncidentFacts, moments: Mapping[str, datetime]
    ) -> tuple[law.DutyDue, ...]:
        key = (entity, _frozen(incident), tuple(sorted(moments.items())))
        if key not in self._due:
            self._due[key] = law.duties(
                self.profile, entity=entity, incident=incident, moments=law.Moments(at=dict(moments)), on=self.on
            )
        return self._due[key]

    def gravest(self, gradings: Iterable[Grading]) -> Grading:
        """Return the gravest of some gradings; unknown when none is known."""
        known = list(gradings)
        level = highest((grading.level for grading in known), order=tuple(self.profile.severity_levels))
        return next((grading for grading in known if grading.level == level), Grading(level="", because={}))


def strictest_marking(markings: Iterable[law.Marking]) -> law.Marking:
    """Return the marking that a whole made of such parts carries: the strictest TLP and the strictest PAP of them."""
    known = list(markings)
    tlp = strictest(*(marking.tlp for marking in known))
    pap: Pap = max((marking.pap for marking in known), key=lambda pap: pap.rank)
    strict = next(marking for marking in known if marking.tlp is tlp)
    return replace(strict, pap=pap)


def finding_facts(finding: FindingLike) -> law.FindingFacts:
    """Return a finding as the law reads it."""
    return law.FindingFacts(
        taxonomy=finding.taxonomy, type=finding.type, identifier=finding.identifier, malware=finding.malware
    )


def _pressing(duty: law.DutyDue) -> tuple[bool, float, bool]:
    """Return the sort key of a duty: with a due time before without, early before late, waiting before unknown."""
    return (duty.due is None, duty.due.timestamp() if duty.due else 0.0, duty.status != ClockState.WAITING)


def _frozen(incident: law.IncidentFacts) -> tuple[Any, ...]:
    impact = tuple(sorted((name, repr(value)) for name, value in incident.impact.items()))
    return (incident.taxonomy, incident.type, incident.severity, incident.attributes, impact)
