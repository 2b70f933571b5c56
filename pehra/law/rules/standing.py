"""Who stands for whom on a day, and the reasons that answers carry.

A selector (`@sector`, `@type:national`) is resolved here, and a team that does not work yet is replaced by its
fallback: visibly, because a lead that exists only on paper answers nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pehra.kernel.reasons import Because
from pehra.law.rules.basis import Basis, Dated, current
from pehra.law.rules.conditions import judge
from pehra.law.rules.consistency import FALLBACK_STEPS_MAX, TYPE_PREFIX
from pehra.law.rules.facts import EntityFacts, public_name
from pehra.law.rules.profile import Profile, Team, TeamState
from pehra.law.rules.truth import Truth, Verdict


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whom a selector names: teams (none: there is no such team), or a missing fact, and what was used to say so."""

    teams: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def because(profile: Profile, rule: str, basis: Basis, facts: Mapping[str, Any]) -> Because:
    """Return the reason that a rule gives."""
    extra: dict[str, Any] = {}
    if basis.valid_from is None:
        extra["valid_from"] = "unknown"
    return Because(
        rule=rule,
        version=profile.version,
        citation=basis.cited,
        status=basis.status.value,
        facts={**facts, **extra},
    )


def undecided(records: Iterable[tuple[Dated, Verdict]]) -> dict[str, Any]:
    """Return, as a fact of a reason, the rules that might have decided had their facts been known."""
    open_rules = {record.code: list(verdict.missing) for record, verdict in records}
    return {"undecided": open_rules} if open_rules else {}


def acting(profile: Profile, code: str, on: date) -> Standing:
    """Return the team that acts for a code on a day: itself, or the end of its chain of fallbacks."""
    facts: dict[str, Any] = {}
    for _ in range(FALLBACK_STEPS_MAX):
        team = profile.team(code, on)
        if team is not None and team.state is TeamState.OPERATING:
            return Standing(teams=(code,), facts=facts)
        fallback = team.fallback if team else _fallback_out_of_time(profile, code, on)
        if not fallback:
            break
        state = team.state.value if team else "not in being on that day"
        facts[f"stands_in.{code}"] = {"state": state, "acts": fallback}
        code = fallback
    return Standing(facts=facts)


def _fallback_out_of_time(profile: Profile, code: str, on: date) -> str:
    """Return who stands in for a team on a day before or after it: its own fallback, or else its parent."""
    versions = [team for team in profile.teams if team.code == code]
    nearest = min(versions, key=lambda team: abs((team.basis.first - on).days), default=None)
    return (nearest.fallback or nearest.parent) if nearest else ""


def select(profile: Profile, selector: str, entity: EntityFacts, on: date) -> Standing:
    """Return whom a team's code or a selector names for an entity on a day."""
    if selector == "@sector":
        if entity.sector is None:
            return Standing(missing=(public_name("sector"),))
        lineage = profile.order.lineage(entity.sector)
        found = _matching(profile, on, lambda team: bool(lineage & set(team.sectors)))
        return _standing(profile, found, on, {public_name("sector"): entity.sector})
    if selector == "@territory":
        if entity.territory is None:
            return Standing(missing=(public_name("territory"),))
        found = _matching(profile, on, lambda team: entity.territory in team.territories)
        return _standing(profile, found, on, {public_name("territory"): entity.territory})
    if selector.startswith(TYPE_PREFIX):
        found = _matching(profile, on, lambda team: selector.removeprefix(TYPE_PREFIX) in team.types)
        return _standing(profile, found, on, {})
    return acting(profile, selector, on)


def _matching(profile: Profile, on: date, wanted: Callable[[Team], bool]) -> list[Team]:
    """Return the teams of a day that match; where the day has none, those of other days, for their fallback acts."""
    today = [team for team in current(profile.teams, on) if wanted(team)]
    return today or [team for team in profile.teams if wanted(team)]


def _standing(profile: Profile, found: Iterable[Team], on: date, facts: Mapping[str, Any]) -> Standing:
    acted = [acting(profile, code, on) for code in dict.fromkeys(team.code for team in found)]
    teams = tuple(dict.fromkeys(team for standing in acted for team in standing.teams))
    used = {name: value for standing in acted for name, value in standing.facts.items()}
    return Standing(teams=teams, facts={**facts, **used})


def first_that_holds(
    profile: Profile, rules: Iterable[Any], facts: Mapping[str, Any], on: date
) -> tuple[Any, Verdict, dict[str, Any], tuple[str, ...]] | None:
    """Return the first rule in use that holds, why, the rules before it left undecided, and the facts they miss."""
    open_rules: list[tuple[Dated, Verdict]] = []
    for rule in current(rules, on):
        verdict = judge(rule.when, facts, profile.order)
        if verdict.truth is Truth.TRUE:
            missing = tuple(dict.fromkeys(name for _, before in open_rules for name in before.missing))
            return rule, verdict, undecided(open_rules), missing
        if verdict.truth is Truth.UNKNOWN:
            open_rules.append((rule, verdict))
    return None
