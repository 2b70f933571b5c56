"""What is due from whom, to whom, by when.

Every duty in use on a day is judged, and none is left out silently: one that applies is listed with its clock; one that
cannot be decided is listed as unknown with the facts that a person must supply; only one that certainly does not apply
is absent, and `judgements` says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pehra.kernel.sentences import Sentence
from pehra.law.rules.answers import RUNNING, UNKNOWN, WAITING, DutyDue, DutyJudgement
from pehra.law.rules.basis import Status, current
from pehra.law.rules.civil_time import Due, Period, WorkingDays, due
from pehra.law.rules.conditions import judge
from pehra.law.rules.consistency import ENTITY, LEAD, REGULATOR
from pehra.law.rules.facts import EntityFacts, IncidentFacts, Moments, public_name, stated
from pehra.law.rules.profile import Duty, Profile, Stage
from pehra.law.rules.responsibility import responsible
from pehra.law.rules.rule_records import STAGE_PREFIX
from pehra.law.rules.standing import because, select
from pehra.law.rules.truth import Truth, Verdict

# An incident that is in hand has these moments, known or not; the other start events may never come.
_ALWAYS_HAPPENED = frozenset({"occurrence", "discovery", "awareness"})

_UNSETTLED = {
    Status.DRAFT: Sentence("the rule is a draft, not law in force"),
    Status.DISPUTED: Sentence("the rule is disputed: sources contradict each other"),
    Status.UNKNOWN: Sentence("the standing of the rule is unknown"),
}


def _unsettled_start(stage: Stage) -> Sentence:
    note = {"note": stage.note, "note_local": stage.note_local}
    match stage.starts_status:
        case Status.DRAFT:
            return Sentence("what starts the clock is draft: %(note)s", **note)
        case Status.DISPUTED:
            return Sentence("what starts the clock is disputed: %(note)s", **note)
    return Sentence("what starts the clock is unknown: %(note)s", **note)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The facts of one question."""

    profile: Profile
    entity: EntityFacts
    incident: IncidentFacts
    moments: Moments
    on: date


@dataclass(frozen=True, kw_only=True)
class _Clock:
    """A stage's clock: from when, until when, and what is not known of it."""

    status: str
    starts: datetime | None = None
    due: datetime | None = None
    missing: tuple[str, ...] = ()
    notes: tuple[Sentence, ...] = ()


def duties(
    profile: Profile, entity: EntityFacts, incident: IncidentFacts, moments: Moments, on: date
) -> tuple[DutyDue, ...]:
    """Return every stage of every duty that applies, or may apply, in the profile's order."""
    case = _Case(profile=profile, entity=entity, incident=incident, moments=moments, on=on)
    found: list[DutyDue] = []
    for duty, verdict in _judged(case):
        if verdict.truth is not Truth.FALSE:
            found += [_stage_due(case, duty, stage, verdict) for stage in duty.stages]
    return tuple(found)


def judgements(profile: Profile, entity: EntityFacts, incident: IncidentFacts, on: date) -> tuple[DutyJudgement, ...]:
    """Say of every duty in use on a day whether it applies, and why."""
    case = _Case(profile=profile, entity=entity, incident=incident, moments=Moments(), on=on)
    return tuple(
        DutyJudgement(
            duty=duty.code,
            applies=verdict.truth.value,
            because=because(profile, duty.code, duty.basis, verdict.facts),
            missing=verdict.missing,
        )
        for duty, verdict in _judged(case)
    )


def _judged(case: _Case) -> list[tuple[Duty, Verdict]]:
    facts = stated(case.entity, case.incident)
    return [(duty, judge(duty.when, facts, case.profile.order)) for duty in current(case.profile.duties, case.on)]


def _stage_due(case: _Case, duty: Duty, stage: Stage, verdict: Verdict) -> DutyDue:
    applies = verdict.truth is Truth.TRUE
    clock = _clock(case, duty, stage) if applies else _Clock(status=UNKNOWN)
    owed_by, lacking_ower = _names(case, (stage.owed_by or duty.owed_by,))
    owed_to, lacking_to = _names(case, stage.to)
    copy_to, lacking_copy = _names(case, stage.copy_to)
    forward_to, lacking_forward = _names(case, stage.forward_to)
    missing = (*verdict.missing, *clock.missing, *lacking_ower, *lacking_to, *lacking_copy, *lacking_forward)
    notes = _standing_notes(duty, stage) + clock.notes
    if not owed_to and not lacking_to:
        notes += (Sentence("nobody who could receive it exists on that day"),)
    return DutyDue(
        duty=duty.code,
        stage=stage.code,
        owed_by=owed_by[0] if owed_by else UNKNOWN,
        owed_to=owed_to,
        copy_to=tuple(code for code in copy_to if code not in owed_to),
        forward_to=forward_to,
        start_event=stage.starts or UNKNOWN,
        starts=clock.starts,
        due=clock.due,
        status=clock.status,
        because=because(case.profile, duty.code, duty.basis, verdict.facts),
        provisional=bool(notes),
        notes=notes,
        missing=tuple(dict.fromkeys(missing)),
    )


def _standing_notes(duty: Duty, stage: Stage) -> tuple[Sentence, ...]:
    notes = [_UNSETTLED[duty.basis.status]] if duty.basis.status in _UNSETTLED else []
    if stage.starts_status in _UNSETTLED:
        notes.append(_unsettled_start(stage))
    return tuple(notes)


def _clock(case: _Case, duty: Duty, stage: Stage) -> _Clock:
    """Return the clock of a stage that applies."""
    name = f"{duty.code}/{stage.code}"
    starts, start_notes = _start(case, duty, stage, name)
    stated_due = case.moments.get(f"{name}:due")
    if stated_due is not None:
        return _Clock(
            status=RUNNING, starts=starts, due=stated_due, notes=(Sentence("the due date was set by a person"),)
        )
    if starts is None:
        return _not_started(duty, stage, name)
    if stage.count is None or stage.unit is None:
        note = Sentence("no deadline was found in the sources")
        return _Clock(status=UNKNOWN, starts=starts, missing=(f"moments.{name}:due",), notes=(note,))
    found = _due(case.profile, stage, stage.count, starts)
    return _Clock(status=RUNNING, starts=starts, due=found.moment, notes=start_notes + found.notes)


def _start(case: _Case, duty: Duty, stage: Stage, name: str) -> tuple[datetime | None, tuple[Sentence, ...]]:
    by_hand = case.moments.get(f"{name}:start")
    if by_hand is not None:
        return by_hand, (Sentence("the start was set by a person"),)
    if not stage.starts:
        return None, ()
    if stage.starts.startswith(STAGE_PREFIX):
        before = stage.starts.removeprefix(STAGE_PREFIX)
        return case.moments.get(f"{duty.code}/{before}", before), ()
    return case.moments.get(stage.starts.replace("-", "_"), stage.starts), ()


def _not_started(duty: Duty, stage: Stage, name: str) -> _Clock:
    if not stage.starts:
        note = Sentence("no source says what starts this clock")
        missing: tuple[str, ...] = (f"moments.{name}:start",)
        if stage.count is None:
            missing = (f"moments.{name}:due",)
            note = Sentence("neither what starts this clock nor its deadline was found")
        return _Clock(status=UNKNOWN, missing=missing, notes=(note,))
    if stage.starts in _ALWAYS_HAPPENED:
        return _Clock(status=UNKNOWN, missing=(f"moments.{stage.starts}",))
    event = stage.starts.replace("-", "_")
    if stage.starts.startswith(STAGE_PREFIX):
        event = f"{duty.code}/{stage.starts.removeprefix(STAGE_PREFIX)}"
    return _Clock(status=WAITING, missing=(f"moments.{event}",))


def _due(profile: Profile, stage: Stage, count: int, starts: datetime) -> Due:
    assert stage.unit is not None
    period = Period(count=count, unit=stage.unit, ends=stage.ends, on_holiday=stage.on_holiday)
    days = WorkingDays(calendar=profile.calendar, weekend=profile.identity.weekend)
    return due(starts, period, timezone=profile.identity.timezone, days=days)


def _names(case: _Case, selectors: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes that selectors name, and the facts that are missing to name the rest."""
    names: list[str] = []
    missing: list[str] = []
    authorities = {authority.code for authority in case.profile.authorities}
    for selector in selectors:
        if selector == ENTITY or selector in authorities:
            names.append(selector)
        elif selector == LEAD:
            lead = responsible(case.profile, case.entity, case.incident, case.on).lead
            names += [lead.team] if lead else []
        elif selector == REGULATOR:
            found, lacking = _regulator(case)
            names += found
            missing += lacking
        else:
            standing = select(case.profile, selector, case.entity, case.on)
            names += standing.teams
            missing += standing.missing
    return tuple(dict.fromkeys(names)), tuple(missing)


def _regulator(case: _Case) -> tuple[list[str], list[str]]:
    if case.entity.sector is None:
        return [], [public_name("sector")]
    sectors = {sector.code: sector for sector in current(case.profile.sectors, case.on)}
    lineage = case.profile.order.lineage(case.entity.sector)
    return [sectors[code].regulator for code in sorted(lineage) if code in sectors and sectors[code].regulator], []
