"""The door of `law`: what a country's law says on a date, each answer with its reason.

Pure but for reading a profile's files. It refuses a profile with any mistake, and never guesses: an unknown fact makes
an unknown answer that names the fact.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid
from pehra.law.gateways import folders
from pehra.law.gateways.folders import only_profile, profiles_folder, use_profiles_folder
from pehra.law.rules import asking, assembling, deciding, facts_file
from pehra.law.rules import duties as duty_rules
from pehra.law.rules import responsibility as responsibility_rules
from pehra.law.rules.answers import (
    AccessPolicy,
    DutyDue,
    DutyJudgement,
    Judgement,
    Marking,
    NoticePolicy,
    Obligation,
    Responsibility,
    TeamRole,
    WidespreadRule,
    WorksheetLine,
)
from pehra.law.rules.asking import Asked, StageDemands
from pehra.law.rules.basis import current
from pehra.law.rules.controls import Control, ControlSet, ControlTheme
from pehra.law.rules.facts import Attributes, EntityFacts, FindingFacts, IncidentFacts, Moments
from pehra.law.rules.facts_file import StatedFacts
from pehra.law.rules.handling import ConsentAnswer, Phase
from pehra.law.rules.letters import GAP, GAPS, LetterTemplate
from pehra.law.rules.problems import Problem, ProfileInvalid
from pehra.law.rules.profile import Profile, Sector, SeverityLevel, Team, Territory
from pehra.law.rules.questions import PUBLIC_FORM, AnswerKind, Demands, Form, Option, Question
from pehra.law.rules.standing import acting

__all__ = [
    "PUBLIC_FORM",
    "AccessPolicy",
    "AnswerKind",
    "Asked",
    "Attributes",
    "CheckReport",
    "ConsentAnswer",
    "Control",
    "ControlSet",
    "ControlTheme",
    "Demands",
    "DutyDue",
    "DutyJudgement",
    "EntityFacts",
    "FindingFacts",
    "Form",
    "IncidentFacts",
    "Judgement",
    "LetterTemplate",
    "Marking",
    "Moments",
    "NoticePolicy",
    "Obligation",
    "Option",
    "Phase",
    "Problem",
    "Profile",
    "ProfileInvalid",
    "Question",
    "Responsibility",
    "Sector",
    "SeverityLevel",
    "SourceUse",
    "StageDemands",
    "StatedFacts",
    "Team",
    "TeamRole",
    "Territory",
    "WidespreadRule",
    "WorksheetLine",
    "access_policy",
    "acting_team",
    "asked_by",
    "check",
    "consent_for",
    "control_set",
    "day_of",
    "demands",
    "duties",
    "duties_considered",
    "form",
    "letter_gaps",
    "letters",
    "load",
    "notice_policy",
    "obligations",
    "only_profile",
    "phases",
    "profiles_folder",
    "read_facts",
    "require_known",
    "responsible",
    "responsible_for_unowned",
    "severity",
    "severity_worksheet",
    "sharing",
    "sources",
    "use_profiles_folder",
    "widespread",
]

# Answers for an entity repeat over millions of rows; a profile never changes once loaded.
ANSWERS_KEPT = 65_536
PROFILES_KEPT = 32


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What checking a profile found."""

    profile: str
    version: str
    rules: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the profile can be used."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys of the contract."""
        return {
            "profile": self.profile,
            "version": self.version,
            "rules": self.rules,
            "ok": self.ok,
            "problems": [problem.as_json() for problem in self.problems],
        }


@dataclass(frozen=True, kw_only=True)
class SourceUse:
    """A source of a profile, and how many of its records rest on it."""

    key: str
    trust: str
    urls: tuple[str, ...]
    note: str
    records: int

    def as_json(self) -> dict[str, Any]:
        """Return the source as plain JSON values."""
        return {
            "source": self.key,
            "trust": self.trust,
            "urls": list(self.urls),
            "note": self.note,
            "records": self.records,
        }


def load(source: str | Path) -> Profile:
    """Return a profile by its name or folder, whole and checked; raise `ProfileInvalid` with every problem in it."""
    return _load(folders.find(source))


@lru_cache(maxsize=PROFILES_KEPT)
def _load(folder: Path) -> Profile:
    profile, problems = assembling.assemble(folders.read(folder))
    if profile is None:
        raise ProfileInvalid(folder.name, problems)
    return profile


def check(source: str | Path) -> CheckReport:
    """Return every problem of a profile, read afresh from its folder."""
    folder = folders.find(source)
    profile, problems = assembling.assemble(folders.read(folder))
    if profile is None:
        return CheckReport(profile=folder.name, version="", rules=0, problems=problems)
    return CheckReport(profile=profile.name, version=profile.version, rules=profile.rules_count, problems=problems)


def day_of(profile: Profile, at: datetime) -> date:
    """Return the country's own day at a moment: the day whose law holds, and whose year a reference carries."""
    return at.astimezone(ZoneInfo(profile.identity.timezone)).date()


def require_known(profile: Profile, **words: str) -> None:
    """Refuse a `sector`, `territory` or `severity` that the profile does not name; an empty one names nothing.

    Asked by every list that filters by one: a misspelt word would else find nothing, which reads like an all-clear.
    """
    known = {
        "sector": [sector.code for sector in profile.sectors],
        "territory": [territory.code for territory in profile.territories],
        "severity": list(profile.severity_levels),
    }
    for field, word in words.items():
        if word and word not in known[field]:
            names = ", ".join(sorted(set(known[field])))
            raise Invalid(f"the profile knows no {field} {word!r}; one of: {names}", field=field)


def responsible(
    profile: Profile, *, entity: EntityFacts, incident: IncidentFacts | None = None, on: date
) -> Responsibility:
    """Say who leads, coordinates, supports and is informed for an entity's matter on a day."""
    if incident is None:
        return _responsible_for_entity(profile, entity.without_name(), on)
    return responsibility_rules.responsible(profile, entity, incident, on)


@lru_cache(maxsize=ANSWERS_KEPT)
def _responsible_for_entity(profile: Profile, entity: EntityFacts, on: date) -> Responsibility:
    return responsibility_rules.responsible(profile, entity, None, on)


def responsible_for_unowned(profile: Profile, *, on: date) -> Responsibility:
    """Say who is responsible for the country's own space of no known organisation."""
    return responsible(profile, entity=EntityFacts(known=False), on=on)


def acting_team(profile: Profile, code: str, *, on: date) -> str:
    """Return the team that acts for a team on a day: itself, or its fallback while it does not work; "" if nobody."""
    return next(iter(acting(profile, code, on).teams), "")


def duties(
    profile: Profile, *, entity: EntityFacts, incident: IncidentFacts, moments: Moments, on: date
) -> tuple[DutyDue, ...]:
    """Say what is due from whom, to whom, by when: every stage of every duty that applies or may apply."""
    return duty_rules.duties(profile, entity, incident, moments, on)


def duties_considered(
    profile: Profile, *, entity: EntityFacts, incident: IncidentFacts, on: date
) -> tuple[DutyJudgement, ...]:
    """Say of every duty in use on a day whether it applies, does not, or cannot be decided, and why."""
    return duty_rules.judgements(profile, entity, incident, on)


def demands(profile: Profile, *, on: date) -> Mapping[str, StageDemands]:
    """Say what every stage in use on a day demands of a report, by `duty/stage`; a stage may say nothing yet."""
    return asking.demands_of(profile.duties, on)


def asked_by(profile: Profile, stages: Sequence[StageDemands], *, on: date) -> tuple[Asked, ...]:
    """Return every question that some of the stages ask, each once, with who cannot do without it."""
    return asking.asked(current(profile.questions, on), stages)


def form(profile: Profile, *, code: str = PUBLIC_FORM, on: date) -> tuple[Form, tuple[Asked, ...]] | None:
    """Return a form that hangs on no duty, with its questions; None where the profile has none of that code."""
    return asking.form_of(profile, code, on)


def obligations(profile: Profile, *, entity: EntityFacts, finding: FindingFacts, on: date) -> tuple[Obligation, ...]:
    """Say what a finding obliges: a notice, an incident, a question for a person, or nothing."""
    return _obligations(profile, entity.without_name(), finding, on)


@lru_cache(maxsize=ANSWERS_KEPT)
def _obligations(profile: Profile, entity: EntityFacts, finding: FindingFacts, on: date) -> tuple[Obligation, ...]:
    return deciding.obligations(profile, entity, finding, on)


def widespread(profile: Profile, *, on: date) -> WidespreadRule | None:
    """Return the rule of the day over one problem seen on many sides, or None."""
    return deciding.widespread(profile, on)


def letters(profile: Profile) -> tuple[LetterTemplate, ...]:
    """Return the letters that a team writes from, in the profile's order; none where it has none."""
    return profile.letters


def letter_gaps(text: str) -> tuple[str, ...]:
    """Return the gaps of a letter that still stand in a text."""
    return tuple(dict.fromkeys(name for name in GAP.findall(text) if name in GAPS))


def phases(profile: Profile, *, on: date) -> tuple[Phase, ...]:
    """Return the phases of handling an incident, in order; none where the profile knows none."""
    return deciding.phases(profile, on)


def consent_for(profile: Profile, *, entity: EntityFacts, on: date) -> ConsentAnswer | None:
    """Say whether an organisation is asked before something is done on its systems; None where no rule says so."""
    return deciding.consent_for(profile, entity, on)


def severity(
    profile: Profile,
    *,
    entity: EntityFacts,
    on: date,
    incident: IncidentFacts | None = None,
    finding: FindingFacts | None = None,
) -> Judgement:
    """Say how severe an incident, or else a finding, is."""
    return deciding.severity(profile, entity, incident or finding or IncidentFacts(), on)


def severity_worksheet(
    profile: Profile, *, entity: EntityFacts, incident: IncidentFacts, on: date
) -> tuple[WorksheetLine, ...]:
    """Return how the scale comes to an incident's level, rule by rule, and which facts are missing."""
    return deciding.severity_worksheet(profile, entity, incident, on)


def sharing(
    profile: Profile,
    *,
    entity: EntityFacts,
    on: date,
    finding: FindingFacts | None = None,
    incident: IncidentFacts | None = None,
) -> Marking:
    """Return the marking that a matter's information carries until its source says otherwise."""
    return deciding.sharing(profile, entity, incident or finding or IncidentFacts(), on)


def notice_policy(profile: Profile, *, on: date | None = None) -> NoticePolicy:
    """Return how often an organisation is written to and in which languages, on a day or by the latest rule."""
    return deciding.notice_policy(profile, on)


def access_policy(profile: Profile, *, on: date | None = None) -> AccessPolicy:
    """Return how access is kept, on a day or by the latest rule: review, second persons, break-glass, lifetimes."""
    return deciding.access_policy(profile, on)


def control_set(profile: Profile, *, on: date, entity: EntityFacts | None = None) -> ControlSet | None:
    """Return the identity controls in use on a day that are put to an entity (all of them without one), or None."""
    return deciding.control_set(profile, entity.without_name() if entity else None, on)


def sources(profile: Profile) -> tuple[SourceUse, ...]:
    """Return the profile's sources, with how many records rest on each; one that nothing rests on has 0."""
    cited = Counter(key for basis in profile.bases for key in basis.sources)
    return tuple(
        SourceUse(key=source.key, trust=source.trust, urls=source.urls, note=source.note, records=cited[source.key])
        for source in profile.sources
    )


def read_facts(text: str | bytes, *, profile: Profile) -> StatedFacts:
    """Read a JSON document of facts strictly against a profile; what is absent is unknown."""
    return facts_file.read(json_text.read(text, field="facts"), profile)
