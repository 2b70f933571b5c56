"""What people do to an incident: open one by hand, move it, grade it, state a fact, say that a stage was sent or
does not arise.

Each is one transaction: the row locked, the permission, the change, its ledger entry. None of them can silence a
clock: an incident closes only when nothing is owed, and a clock ends only by being met or withdrawn with a reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting, deriving, drafts, duty_clocks, merging, owing, phases, tasks
from pehra.incidents.api.assessment import Assessor, Grading
from pehra.incidents.api.drafts import Draft, Side
from pehra.incidents.models import Clock, Incident
from pehra.incidents.queries.attributes import attributes_of
from pehra.incidents.queries.families import lock_matters
from pehra.incidents.rules import clocks as clock_rules
from pehra.incidents.rules import states
from pehra.incidents.rules.attributes import WIDESPREAD, told
from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.opening import TITLE_LENGTH_MAX
from pehra.incidents.rules.states import State
from pehra.kernel import rsit
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.registry import api as registry

SET_BY_HAND = "set-by-hand"
NOBODY_NAMED = "-"
DECIDED_BY_PERSON = "decided by a person"


@transaction.atomic
def open_incident(
    *,
    title: str,
    organisations: Sequence[str],
    facts: law.IncidentFacts,
    moments: Mapping[str, datetime],
    marking: law.Marking,
    summary: str = "",
    entity: law.EntityFacts | None = None,
    findings: Sequence[UUID] = (),
    rule: str = "",
    because: Sequence[Because] = (),
    exercise: bool = False,
    said_by: str = "",
    by: Actor,
    at: datetime,
) -> queries.IncidentView:
    """Open an incident by hand or from a report. What law follows is asked with the facts of its first organisation.

    `entity` states those facts where no registered organisation is concerned. An absent severity is asked of the law.
    `said_by` names the report that says the facts.
    """
    access.require(by, Permission.INCIDENTS_OPEN)
    words = title.strip()
    if not words or len(words) > TITLE_LENGTH_MAX:
        raise Invalid(f"an incident needs a title of at most {TITLE_LENGTH_MAX} characters", field="title")
    sides = _sides(organisations, by=by)
    assessor = Assessor.at(at)
    facts = _one_by_one(facts, assessor.profile)
    concerned = entity or (sides[0].entity if sides else law.EntityFacts())
    grading, facts = _graded(assessor, concerned, facts, by=by)
    draft = Draft(
        title=words,
        summary=summary.strip(),
        entity=concerned,
        facts=facts,
        grading=grading,
        severity_confirmed=grading.because.get("rule") == SET_BY_HAND,
        marking=marking,
        sides=sides,
        findings=findings,
        moments={name: duty_clocks.moment(value=value, by=by.id, at=at, note="") for name, value in moments.items()},
        because=because,
        rule=rule,
        exercise=exercise,
        said_by=said_by,
    )
    # The law may give the matter to another team than the one that opens it.
    with access.elevated(part="incidents.opening"):
        (opened,) = drafts.write([draft], assessor=assessor, by=by, at=at)
        return queries.views([opened])[0]


def _sides(organisations: Sequence[str], *, by: Actor) -> list[Side]:
    """Return the organisations as an incident keeps them; one that the actor may not see is as unknown as any."""
    entities = registry.named_facts(organisations, field="organisations", by=by)
    names = registry.names(list(organisations))
    return [
        Side(organisation=code, name=names.get(code, ""), entity=entities[code].without_name())
        for code in dict.fromkeys(organisations)
    ]


def _graded(
    assessor: Assessor, entity: law.EntityFacts, facts: law.IncidentFacts, *, by: Actor
) -> tuple[Grading, law.IncidentFacts]:
    if facts.severity is None:
        grading = assessor.grading_of(entity, facts)
        return grading, replace(facts, severity=grading.level or None)
    level = _level(facts.severity, assessor)
    return Grading(level=level, because=_by_hand(assessor, by=by, reason="", before="").as_json()), facts


def _level(text: str, assessor: Assessor) -> str:
    levels = assessor.profile.severity_levels
    level = text.strip().lower()
    if level not in levels:
        raise Invalid(f"{text!r} is not a level of the scale; one of: {', '.join(levels)}", field="severity")
    return level


def _by_hand(assessor: Assessor, *, by: Actor, reason: str, before: str) -> Because:
    return Because(
        rule=SET_BY_HAND,
        version=assessor.profile.version,
        citation="",
        status=DECIDED_BY_PERSON,
        facts={"by": by.id, "reason": reason, "before": before},
    )


@transaction.atomic
def move(*, ref: str, to: State | str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Move an incident to another state. Closing is refused while anything is owed; dismissing withdraws what is
    owed."""
    target = states.parse_state(to)
    ends = target in states.ENDED
    permission = Permission.INCIDENTS_CLOSE if ends else Permission.INCIDENTS_CHANGE
    if ends:
        # What is part of it ends too.
        lock_matters([queries.find(ref, by=by).id])
    incident = acting.locked(ref, by=by, permission=permission, live=False)
    states.require_move(State(incident.state), target)
    words = acting.reason(reason, needed=ends)
    clocks = deriving.locked_clocks(incident)
    if target is State.CLOSED:
        owing.require_nothing_owed(clocks, by=by)
    if target is not State.DISMISSED:
        phases.require_free(incident, target, at=at)
    if target is State.DISMISSED:
        for clock in clocks:
            if clock.state in clock_rules.OWED:
                _withdraw(clock, reason=words, by=by, at=at)
        tasks.skip_all(incident, reason=words, by=by, at=at)
    before = incident.state
    incident.state, incident.state_reason = target, words
    incident.ended_at = at if ends else None
    incident.save(update_fields=["state", "state_reason", "ended_at"])
    if ends:
        merging.end_with(incident, state=target, at=at)
    acting.record(incident, "incidents.moved", {"from": before, "to": target, "reason": words}, by=by, at=at)
    return queries.views([incident])[0]


@transaction.atomic
def set_severity(*, ref: str, severity: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Set the severity by a person's judgement, with a reason. The law is asked anew what a matter so grave makes
    due."""
    incident = acting.locked(ref, by=by)
    assessor = deriving.assessor_of(incident)
    level, words = _level(severity, assessor), acting.reason(reason)
    before = incident.severity
    incident.severity, incident.severity_confirmed = level, True
    incident.severity_because = _by_hand(assessor, by=by, reason=words, before=before).as_json()
    incident.save(update_fields=["severity", "severity_confirmed", "severity_because"])
    acting.record(incident, "incidents.severity.set", {"from": before, "to": level, "reason": words}, by=by, at=at)
    deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)
    return queries.views([incident])[0]


@transaction.atomic
def state_facts(
    *,
    ref: str,
    taxonomy: str = "",
    type: str = "",
    attributes: Iterable[str] | Mapping[str, bool | None] | None = None,
    impact: Mapping[str, Any] | None = None,
    reason: str,
    by: Actor,
    at: datetime,
) -> queries.IncidentView:
    """State what only a person can know of an incident: its kind, its attributes and its measured impact.

    `taxonomy` and `type` are RSIT's; a type says its class, and a class alone says that the type is not known.
    `attributes` is what is known of each that it names (None: not known after all), or a complete list, which may be
    empty: what a list does not name is denied. The law is asked anew what these facts make due. What is not given stays
    as it is.
    """
    incident = acting.locked(ref, by=by)
    if attributes is None and impact is None and not taxonomy and not type:
        raise Invalid("say what is known: its kind, its attributes, that it has none, or a measure", field="attributes")
    words = acting.reason(reason)
    profile = deriving.assessor_of(incident).profile
    before = _stated(incident)
    if taxonomy or type:
        incident.taxonomy, incident.type = _kind(taxonomy.strip(), type.strip())
    if attributes is not None:
        known = _told(incident, attributes, profile)
        for column, value in drafts.attribute_columns(known).items():
            setattr(incident, column, value)
    if impact is not None:
        _known_words(impact, {word.code for word in profile.measures}, field="impact")
        incident.impact = {**incident.impact, **impact}
    facts = {"before": before, **_stated(incident), "reason": words}
    incident.save(
        update_fields=["taxonomy", "type", "attributes", "attributes_absent", "attributes_complete", "impact"]
    )
    acting.record(incident, "incidents.facts.stated", facts, by=by, at=at)
    deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)
    return queries.views([incident])[0]


def _stated(incident: Incident) -> dict[str, Any]:
    """Return what the ledger says of an incident's facts."""
    return {
        "class": incident.taxonomy,
        "type": incident.type,
        "attributes": attributes_of(incident).as_json(),
        "impact": incident.impact,
    }


def _kind(taxonomy: str, type: str) -> tuple[str, str]:
    """Return the RSIT class and type that somebody says; refuse words that it does not know."""
    found = taxonomy or rsit.CLASS_OF.get(type, "")
    if not rsit.is_known(found):
        known = ", ".join(rsit.CLASSES if taxonomy else rsit.CLASS_OF)
        raise Invalid(
            f"RSIT does not know {taxonomy or type!r}; one of: {known}", field="taxonomy" if taxonomy else "type"
        )
    if not rsit.is_known(found, type):
        raise Invalid(
            f"RSIT's class {found} has no type {type!r}; it has: {', '.join(rsit.CLASSES[found])}", field="type"
        )
    return found, type


def _one_by_one(facts: law.IncidentFacts, profile: law.Profile) -> law.IncidentFacts:
    """Return the facts with attributes that are known one by one, also where nobody said anything of any."""
    known = facts.attributes or law.Attributes()
    _known_words(known.present | known.absent, {word.code for word in profile.attributes}, field="attributes")
    return replace(facts, attributes=known)


def _told(incident: Incident, said: Iterable[str] | Mapping[str, bool | None], profile: law.Profile) -> law.Attributes:
    """Return what is known of an incident's attributes after somebody spoke of them."""
    words = {word.code for word in profile.attributes}
    if not isinstance(said, Mapping):
        # That it is widespread was counted, and is not for this list to forget.
        counted = {WIDESPREAD} if incident.widespread else set()
        return law.Attributes.complete(_known_words(said, words, field="attributes") | counted)
    _known_words(said, words, field="attributes")
    if incident.widespread and said.get(WIDESPREAD, True) is not True:
        raise Invalid("that it is widespread was counted, and is not for anybody to deny", field="attributes")
    return told({code.strip(): holds for code, holds in said.items()}, known=attributes_of(incident), words=words)


def _known_words(words: Iterable[str], known: set[str], *, field: str) -> set[str]:
    """Return stripped words; refuse one that the profile does not use, since the law would take it for "no"."""
    said = {word.strip() for word in words if word.strip()}
    for word in sorted(said - known):
        raise Invalid(f"the profile does not know the word {word!r}; one of: {', '.join(sorted(known))}", field=field)
    return said


@transaction.atomic
def record_stage_sent(
    *,
    ref: str,
    duty: str,
    stage: str,
    by: Actor,
    at: datetime,
    moment: datetime | None = None,
    organisation: str = "",
) -> queries.IncidentView:
    """Record that a stage was sent at `moment` (by default now): the clock is met, or met late; what follows it
    starts.

    `organisation` says which one sent it, where several owe it.
    """
    incident = acting.locked(ref, by=by, live=False)
    sent_at = moment or at
    if sent_at > at:
        raise Invalid(f"{format_time(sent_at)} has not come yet", field="moment")
    clocks = deriving.locked_clocks(incident)
    clock = _clock(clocks, duty, stage, organisation, by=by)
    state = clock_rules.sent(state=ClockState(clock.state), due=clock.due_at, at=sent_at)
    _end(clock, state=state, moment=sent_at, reason="", by=by)
    facts = duty_clocks.told(clock) | {"sent": format_time(sent_at)}
    ledger.record_many([drafts.entry_of(clock, event="incidents.stage.sent", by=by, at=at, facts=facts)])
    deriving.rederive(incident, clocks, by=by, at=at)
    return queries.views([incident])[0]


@transaction.atomic
def withdraw_clock(
    *, ref: str, duty: str, stage: str, reason: str, by: Actor, at: datetime, organisation: str = ""
) -> queries.IncidentView:
    """Say, with a reason, that a stage does not arise. The only way but sending it to end a clock."""
    incident = acting.locked(ref, by=by, permission=Permission.INCIDENTS_CLOSE, live=False)
    clock = _clock(deriving.locked_clocks(incident), duty, stage, organisation, by=by)
    _withdraw(clock, reason=acting.reason(reason), by=by, at=at)
    return queries.views([incident])[0]


def _withdraw(clock: Clock, *, reason: str, by: Actor, at: datetime) -> None:
    clock_rules.require_withdrawable(ClockState(clock.state))
    before = clock.state
    _end(clock, state=ClockState.WITHDRAWN, moment=at, reason=reason, by=by)
    facts = duty_clocks.told(clock) | {"before": before, "reason": reason}
    ledger.record_many([drafts.entry_of(clock, event="incidents.clock.withdrawn", by=by, at=at, facts=facts)])


def _end(clock: Clock, *, state: ClockState, moment: datetime, reason: str, by: Actor) -> None:
    clock.state, clock.fires_at = state, None
    clock.ended_at, clock.ended_by, clock.ended_reason = moment, by.id, reason
    clock.save(update_fields=["state", "fires_at", "ended_at", "ended_by", "ended_reason"])


def _clock(clocks: Sequence[Clock], duty: str, stage: str, organisation: str, *, by: Actor) -> Clock:
    """Return the clock of a stage; of an organisation that the actor does not see there is none.

    What was owed while nobody was named may stand beside what a named organisation owes, and is said with a dash.
    """
    seen = set(
        Clock.objects.visible_to(queries.reader(by))
        .filter(id__in=[clock.id for clock in clocks])
        .values_list("id", flat=True)
    )
    clocks = [clock for clock in clocks if clock.id in seen]
    same = [clock for clock in clocks if (clock.duty, clock.stage) == (duty, stage)]
    wanted = "" if organisation == NOBODY_NAMED else organisation
    found = [clock for clock in same if clock.organisation == wanted] if organisation else same
    if not found:
        names = ", ".join(dict.fromkeys(f"{clock.duty}/{clock.stage}" for clock in clocks)) or "none"
        raise NotVisible(f"this incident has no stage {duty}/{stage}; it has: {names}")
    if len(found) > 1:
        raise Invalid(f"{len(found)} organisations owe this stage; say which", field="organisation")
    return found[0]
