"""Who leads, coordinates, supports and is informed, and by which rule.

Somebody always leads: a rule that cannot be decided for want of a fact is passed over, named in the reason, and the
answer says which fact could change it.
"""

from datetime import date

from pehra.law.rules.answers import Responsibility, TeamRole
from pehra.law.rules.basis import current
from pehra.law.rules.conditions import judge
from pehra.law.rules.facts import EntityFacts, IncidentFacts, stated
from pehra.law.rules.profile import Profile, ResponsibilityRule
from pehra.law.rules.rule_records import ROLES
from pehra.law.rules.standing import Standing, because, select, undecided
from pehra.law.rules.truth import Truth, Verdict

LEAD = ROLES[0]


def responsible(profile: Profile, entity: EntityFacts, incident: IncidentFacts | None, on: date) -> Responsibility:
    """Say who is responsible for an entity's matter on a day. Without an incident, rules over incidents keep silent."""
    roles: dict[str, TeamRole] = {}
    missing: list[str] = []
    for name in ROLES:
        found, lacking = _of_role(profile, name, entity, incident, on)
        missing += lacking
        for role in found:
            roles.setdefault(role.team, role)
    lead = next((role for role in roles.values() if role.role == LEAD), None)
    return Responsibility(lead=lead, roles=tuple(roles.values()), missing=tuple(dict.fromkeys(missing)))


def _of_role(
    profile: Profile, name: str, entity: EntityFacts, incident: IncidentFacts | None, on: date
) -> tuple[list[TeamRole], list[str]]:
    """Return who has one role: of the lead rules only the first that holds, of the others all."""
    found: list[TeamRole] = []
    open_rules: list[tuple[ResponsibilityRule, Verdict]] = []
    for rule in _rules(profile, name, entity, incident, on):
        verdict, standing = _judge(profile, rule, entity, incident, on)
        if verdict.truth is Truth.UNKNOWN:
            open_rules.append((rule, verdict))
        if verdict.truth is not Truth.TRUE:
            continue
        facts = {**verdict.facts, **standing.facts, **(undecided(open_rules) if name == LEAD else {})}
        reason = because(profile, rule.code, rule.basis, facts)
        found += [TeamRole(team=team, role=name, because=reason) for team in standing.teams]
        if name == LEAD:
            # One leads. Two teams of one territory would both be named by the rule: the profile's first does.
            found = found[:1]
            break
    return found, [fact for _, verdict in open_rules for fact in verdict.missing]


def _rules(
    profile: Profile, role: str, entity: EntityFacts, incident: IncidentFacts | None, on: date
) -> list[ResponsibilityRule]:
    about = "organisation" if entity.known else "unowned"
    rules = [
        rule
        for rule in current(profile.responsibility, on)
        if rule.role == role and rule.about == about and (incident is not None or not rule.when.asks_about_matter)
    ]
    return sorted(rules, key=lambda rule: rule.order)


def _judge(
    profile: Profile, rule: ResponsibilityRule, entity: EntityFacts, incident: IncidentFacts | None, on: date
) -> tuple[Verdict, Standing]:
    """Say whether a rule holds and whom it names; a rule that names nobody (no such team) does not hold."""
    verdict = judge(rule.when, stated(entity, incident), profile.order)
    if verdict.truth is Truth.FALSE:
        return verdict, Standing()
    standing = select(profile, rule.team, entity, on)
    if standing.missing:
        missing = tuple(dict.fromkeys((*verdict.missing, *standing.missing)))
        return Verdict(truth=Truth.UNKNOWN, facts=verdict.facts, missing=missing), standing
    if not standing.teams:
        return Verdict(truth=Truth.FALSE, facts={**verdict.facts, **standing.facts}), standing
    return verdict, standing
