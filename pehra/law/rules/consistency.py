"""Checks over a whole profile: names are defined, versions do not overlap, no question is left without an answer."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from pehra.law.rules import controls
from pehra.law.rules.controls import SET_KIND
from pehra.law.rules.profile import Identity, Profile, ResponsibilityRule, SeverityRule, SharingRule, Team, TeamState
from pehra.law.rules.reading import Definition, Notes, Place, Reader, Reference
from pehra.law.rules.records import ISSUER_KIND
from pehra.law.rules.rule_records import OWER_KIND, RECIPIENT_KIND, TEAM_KIND

SELECTORS = ("@sector", "@territory")
TYPE_PREFIX = "@type:"
LEAD, REGULATOR, ENTITY = "@lead", "@regulator", "entity"
FALLBACK_STEPS_MAX = 8


def check_identity(identity: Identity, reader: Reader) -> None:
    """Check what only a table of the world can: the time zone; and that the profile has the languages it needs."""
    try:
        ZoneInfo(identity.timezone)
    except (KeyError, ValueError, OSError):
        reader.problem("timezone", f"{identity.timezone!r} is no time zone such as Asia/Karachi")
    if len(set(identity.weekend)) >= 7:
        reader.problem("weekend", "a week needs at least one working day")
    if not identity.reference_prefix.isalpha() or identity.reference_prefix != identity.reference_prefix.upper():
        reader.problem("reference_prefix", "the prefix of references is written in capital letters, such as PK")


def check(profile: Profile, notes: Notes) -> None:
    """Note every problem that shows only when the whole profile is read."""
    _check_references(profile, notes)
    _check_overlaps(notes)
    _check_one_at_a_time(notes)
    _check_chains(profile, notes)
    _check_one_team_a_sector(profile, notes)
    _check_severity_ranks(profile, notes)
    _check_answers(profile, notes)
    _check_reached(profile, notes)
    controls.check(profile.control_sets, profile.controls, notes)


def _check_references(profile: Profile, notes: Notes) -> None:
    defined: dict[str, set[str]] = defaultdict(set)
    for definition in notes.definitions:
        defined[definition.kind].add(definition.code)
    selectors = {*SELECTORS, *(f"{TYPE_PREFIX}{code}" for code in defined["team type"])}
    defined[ISSUER_KIND] = defined["team"] | defined["authority"]
    defined[TEAM_KIND] = defined["team"] | selectors
    defined[OWER_KIND] = defined["team"] | selectors | {ENTITY, LEAD}
    defined[RECIPIENT_KIND] = defined["team"] | defined["authority"] | selectors | {ENTITY, LEAD, REGULATOR}
    for reference in notes.references:
        if reference.code not in defined[reference.kind]:
            notes.problem(reference.place, _undefined(reference))


def _undefined(reference: Reference) -> str:
    kinds = {
        ISSUER_KIND: "team or authority",
        TEAM_KIND: "team or selector (@sector, @territory, @type:…)",
        RECIPIENT_KIND: "team, authority or selector (@sector, @territory, @type:…, @lead, @regulator, entity)",
        OWER_KIND: "team or selector, nor `entity`",
    }
    return f"{reference.code!r} is no {kinds.get(reference.kind, reference.kind)} that this profile defines"


def _check_overlaps(notes: Notes) -> None:
    versions: dict[tuple[str, str], list[Definition]] = defaultdict(list)
    for definition in notes.definitions:
        for earlier in versions[definition.kind, definition.code]:
            if definition.meets(earlier):
                message = (
                    f"{definition.kind} {definition.code!r} overlaps in time with that of {earlier.place.file} line "
                    f"{earlier.place.line}; end the earlier with valid_to"
                )
                notes.problem(definition.place, message)
        versions[definition.kind, definition.code].append(definition)


def _check_one_at_a_time(notes: Notes) -> None:
    """Of some rules only one can answer: a second in use on the same day would be ignored."""
    for kind in ("widespread rule", "notice rule", "access rule", SET_KIND):
        found = [definition for definition in notes.definitions if definition.kind == kind]
        for index, definition in enumerate(found):
            for earlier in found[:index]:
                if earlier.code != definition.code and definition.meets(earlier):
                    message = f"only one {kind} can hold at a time; {earlier.code!r} holds on the same days"
                    notes.problem(definition.place, message)


def _places(notes: Notes, kind: str) -> dict[str, Place]:
    return {definition.code: definition.place for definition in notes.definitions if definition.kind == kind}


def _check_chains(profile: Profile, notes: Notes) -> None:
    """A chain of fallbacks, parents or implied classes must end, and a fallback in a team that works."""
    teams = {team.code: team for team in profile.teams}
    places = _places(notes, "team")
    for team in profile.teams:
        if team.state is not TeamState.OPERATING and team.fallback in teams and not _ends_in_operating(team, teams):
            message = f"the fallbacks of {team.code!r} do not end in a team that is operating"
            notes.problem(places[team.code], message)
    chains: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = (
        ("team", {team.code: (team.parent,) for team in profile.teams}),
        ("sector", {sector.code: (sector.parent,) for sector in profile.sectors}),
        ("class", {item.code: item.implies for item in profile.entity_classes}),
    )
    for kind, above in chains:
        for code in above:
            if code and _returns(code, above):
                place = _places(notes, kind)[code]
                notes.problem(place, f"the {kind} {code!r} stands above or within itself")


def _ends_in_operating(team: Team, teams: dict[str, Team]) -> bool:
    for _ in range(FALLBACK_STEPS_MAX):
        if team.state is TeamState.OPERATING:
            return True
        if team.fallback not in teams:
            return False
        team = teams[team.fallback]
    return False


def _returns(start: str, above: dict[str, tuple[str, ...]]) -> bool:
    waiting, seen = list(above[start]), set[str]()
    while waiting:
        code = waiting.pop()
        if code == start:
            return True
        if code and code not in seen:
            seen.add(code)
            waiting += above.get(code, ())
    return False


def _check_one_team_a_sector(profile: Profile, notes: Notes) -> None:
    places = _places(notes, "team")
    for index, team in enumerate(profile.teams):
        for earlier in profile.teams[:index]:
            shared = sorted(set(team.sectors) & set(earlier.sectors))
            together = team.basis.first <= earlier.basis.last and earlier.basis.first <= team.basis.last
            if shared and together and team.code != earlier.code:
                message = f"the sector {shared[0]!r} has two teams at one time: {earlier.code!r} and {team.code!r}"
                notes.problem(places[team.code], message)


def _check_severity_ranks(profile: Profile, notes: Notes) -> None:
    ranks = [level.rank for level in profile.severity_scale]
    places = _places(notes, "severity")
    for level, before in zip(profile.severity_scale[1:], ranks, strict=False):
        if level.rank <= before and level.code in places:
            notes.problem(places[level.code], f"levels stand lowest first: rank {level.rank} follows {before}")


def _check_answers(profile: Profile, notes: Notes) -> None:
    """For every entity there must be a lead, a level and a marking: the last rule of each list asks for nothing."""
    leads = [rule for rule in profile.responsibility if rule.role == "lead"]
    for about in ("organisation", "unowned"):
        certain = [rule for rule in leads if rule.when.is_empty and rule.team not in SELECTORS]
        if leads and not any(rule.about == about for rule in certain):
            message = f"no lead rule about {about!r} holds for everybody: somebody would have no lead"
            notes.problem(Place(file="responsibility.toml", line=1, field="rule.when"), message)
    for file, rules in (("severity.toml", profile.severity_rules), ("sharing.toml", profile.sharing_rules)):
        if rules and not any(rule.when.is_empty for rule in rules):
            message = "no rule is without a condition: some facts would have no answer"
            notes.problem(Place(file=file, line=1, field="rule.when"), message)
    _check_national(profile, notes)


def _check_reached(profile: Profile, notes: Notes) -> None:
    """A rule that stands behind one that always holds would never be asked."""
    leads = [rule for rule in profile.responsibility if rule.role == "lead"]
    lists: list[tuple[str, Sequence[ResponsibilityRule | SeverityRule | SharingRule]]] = [
        ("rule of severity", profile.severity_rules),
        ("rule of sharing", profile.sharing_rules),
    ]
    for about in ("organisation", "unowned"):
        asked = sorted((rule for rule in leads if rule.about == about), key=lambda rule: rule.order)
        lists.append(("rule of responsibility", asked))
        _check_orders(asked, notes)
    for kind, rules in lists:
        places = _places(notes, kind)
        for index, rule in enumerate(rules):
            for earlier in rules[:index]:
                covers = earlier.basis.first <= rule.basis.first and earlier.basis.last >= rule.basis.last
                if covers and earlier.when.is_empty and getattr(earlier, "team", "") not in SELECTORS:
                    message = f"this rule is never reached: {earlier.code!r} stands before it and always holds"
                    notes.problem(places[rule.code], message)


def _check_orders(rules: list[ResponsibilityRule], notes: Notes) -> None:
    places = _places(notes, "rule of responsibility")
    for earlier, rule in pairwise(rules):
        together = rule.basis.first <= earlier.basis.last and earlier.basis.first <= rule.basis.last
        if rule.order == earlier.order and together:
            message = f"the lead rules {earlier.code!r} and {rule.code!r} have the same order: which one decides?"
            notes.problem(places[rule.code], message)


def _check_national(profile: Profile, notes: Notes) -> None:
    """A selector of a team type must find a team, at least in the end."""
    held = {code for team in profile.teams for code in team.types}
    for reference in notes.references:
        if reference.kind in (TEAM_KIND, RECIPIENT_KIND, OWER_KIND) and reference.code.startswith(TYPE_PREFIX):
            wanted = reference.code.removeprefix(TYPE_PREFIX)
            if wanted in {item.code for item in profile.team_types} and wanted not in held:
                notes.problem(reference.place, f"no team of this profile is of the type {wanted!r}")
