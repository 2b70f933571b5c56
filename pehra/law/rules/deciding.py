"""What a finding obliges, how severe a matter is, how it may be shared, how often one writes, how access
is kept: the shorter answers."""

from datetime import date

from pehra.law.rules.answers import (
    AccessPolicy,
    Judgement,
    Marking,
    NoticePolicy,
    Obligation,
    WidespreadRule,
    WorksheetLine,
)
from pehra.law.rules.basis import current
from pehra.law.rules.conditions import judge
from pehra.law.rules.controls import ControlSet, controls_for
from pehra.law.rules.facts import EntityFacts, FindingFacts, IncidentFacts, Matter, stated
from pehra.law.rules.handling import ConsentAnswer, Phase
from pehra.law.rules.profile import Profile
from pehra.law.rules.standing import because, first_that_holds
from pehra.law.rules.truth import Truth

QUESTION = "question"


def obligations(profile: Profile, entity: EntityFacts, finding: FindingFacts, on: date) -> tuple[Obligation, ...]:
    """Return what a finding obliges. Space of no known organisation has nobody to notify: it obliges nothing."""
    if not entity.known:
        return ()
    found = []
    facts = stated(entity, finding)
    for rule in current(profile.obligation_rules, on):
        verdict = judge(rule.when, facts, profile.order)
        if verdict.truth is Truth.FALSE:
            continue
        certain = verdict.truth is Truth.TRUE
        would_be = {} if certain else {"would be": rule.kind}
        level = rule.severity or severity(profile, entity, finding, on).level
        found.append(
            Obligation(
                kind=rule.kind if certain else QUESTION,
                rule=rule.code,
                severity=level,
                because=because(profile, rule.code, rule.basis, {**verdict.facts, **would_be}),
                missing=verdict.missing,
            )
        )
    return tuple(found)


def severity(profile: Profile, entity: EntityFacts, matter: Matter, on: date) -> Judgement:
    """Return the level of a matter by the first rule that holds."""
    found = first_that_holds(profile, profile.severity_rules, stated(entity, matter), on)
    if found is None:
        raise LookupError(f"the profile {profile.name} has no severity rule in use on {on}")
    rule, verdict, left_open, missing = found
    reason = because(profile, rule.code, rule.basis, {**verdict.facts, **left_open})
    return Judgement(level=rule.level, because=reason, missing=missing)


def severity_worksheet(profile: Profile, entity: EntityFacts, matter: Matter, on: date) -> tuple[WorksheetLine, ...]:
    """Return every rule of the scale against the facts, in their order; the first that holds decides."""
    facts, decided, lines = stated(entity, matter), False, []
    for rule in current(profile.severity_rules, on):
        verdict = judge(rule.when, facts, profile.order)
        decides = verdict.truth is Truth.TRUE and not decided
        decided = decided or decides
        lines.append(
            WorksheetLine(
                rule=rule.code,
                level=rule.level,
                holds=verdict.truth.value,
                decides=decides,
                facts=verdict.facts,
                missing=verdict.missing,
            )
        )
    return tuple(lines)


def sharing(profile: Profile, entity: EntityFacts, matter: Matter, on: date) -> Marking:
    """Return the default marking of a matter: of the rule that holds and those undecided, the strictest.

    An unknown fact must not loosen a marking: what may be a critical operator's is kept as one's.
    """
    rules = current(profile.sharing_rules, on)
    facts = stated(entity, matter)
    chosen = None
    open_rules = []
    for rule in rules:
        verdict = judge(rule.when, facts, profile.order)
        if verdict.truth is Truth.UNKNOWN:
            open_rules.append((rule, verdict))
        if verdict.truth is Truth.TRUE:
            chosen = rule, verdict
            break
    if chosen is None:
        raise LookupError(f"the profile {profile.name} has no sharing rule in use on {on}")
    candidates = [*open_rules, chosen]
    rule, verdict = max(candidates, key=lambda pair: (pair[0].tlp.rank, pair[0].pap.rank, pair is chosen))
    pap = max((candidate.pap for candidate, _ in candidates), key=lambda label: label.rank)
    return Marking(tlp=rule.tlp, pap=pap, because=because(profile, rule.code, rule.basis, verdict.facts))


def widespread(profile: Profile, on: date) -> WidespreadRule | None:
    """Return the rule of the day over problems seen on many sides, or None."""
    rule = next(iter(current(profile.widespread_rules, on)), None)
    if rule is None:
        return None
    bounds = {"organisations": rule.organisations, "sectors": rule.sectors, "territories": rule.territories}
    facts = {f"at least {name}": bound for name, bound in bounds.items() if bound is not None}
    facts["within hours"] = int(rule.window.total_seconds() // 3600)
    return WidespreadRule(
        rule=rule.code,
        organisations=rule.organisations,
        sectors=rule.sectors,
        territories=rule.territories,
        window=rule.window,
        taxonomies=rule.taxonomies,
        severity=rule.severity or None,
        because=because(profile, rule.code, rule.basis, facts),
    )


def notice_policy(profile: Profile, on: date | None) -> NoticePolicy:
    """Return how often one writes to an organisation: the rule of a day, or the profile's last."""
    rules = current(profile.notice_rules, on) if on else profile.notice_rules
    if not rules:
        raise LookupError(f"the profile {profile.name} has no notice rule in use on {on}")
    rule = rules[-1]
    facts = {"hours between": int(rule.rate.total_seconds() // 3600)}
    return NoticePolicy(
        rate_per_organisation=rule.rate,
        languages=rule.languages,
        because=because(profile, rule.code, rule.basis, facts),
    )


def access_policy(profile: Profile, on: date | None) -> AccessPolicy:
    """Return how access is kept on a day, or by the profile's latest rule.

    On a day between or outside all rules the nearest in time holds: access without limits is not offered.
    """
    rules = sorted(profile.access_rules, key=lambda rule: rule.basis.first)
    if not rules:
        raise LookupError(f"the profile {profile.name} has no access rule")
    begun = [rule for rule in rules if on is None or rule.basis.first <= on]
    rule = begun[-1] if begun else rules[0]
    facts = {} if on is None or rule.basis.holds(on) else {"no rule of its own": on.isoformat()}
    return AccessPolicy(
        review_every=rule.review_every,
        review_grace=rule.review_grace,
        four_eyes=frozenset(rule.four_eyes),
        four_eyes_national=frozenset(rule.four_eyes_national),
        break_glass_max=rule.break_glass_max,
        break_glass_roles=frozenset(rule.break_glass_roles),
        token_max=rule.token_max,
        session_max=rule.session_max,
        because=because(profile, rule.code, rule.basis, facts),
    )


def control_set(profile: Profile, entity: EntityFacts | None, on: date) -> ControlSet | None:
    """Return the control set of a day with what it puts to an entity, or None when none is in use."""
    record = next(iter(current(profile.control_sets, on)), None)
    if record is None:
        return None
    themes, controls = controls_for(profile.control_themes, profile.controls, entity=entity, order=profile.order, on=on)
    facts = {"controls": len(controls), "assessed every days": record.assess_every.days}
    return ControlSet(
        code=record.code,
        version=record.version,
        name=record.name,
        name_local=record.name_local,
        assess_every=record.assess_every,
        review_within=record.review_within,
        themes=themes,
        controls=controls,
        because=because(profile, record.code, record.basis, facts),
    )


def phases(profile: Profile, on: date) -> tuple[Phase, ...]:
    """Return the phases of a day, in order; none where the profile knows none."""
    return current(profile.phases, on)


def consent_for(profile: Profile, entity: EntityFacts, on: date) -> ConsentAnswer | None:
    """Say whether an organisation must be asked before an act on its systems; None where no rule says so.

    An unknown class does not loosen it: who may be a private operator is asked as one.
    """
    facts = stated(entity, IncidentFacts())
    for rule in current(profile.consent_rules, on):
        verdict = judge(rule.when, facts, profile.order)
        if verdict.truth is not Truth.FALSE:
            reason = because(profile, rule.code, rule.basis, verdict.facts)
            return ConsentAnswer(needed=True, because=reason, missing=verdict.missing)
    return None
