"""What the shipped profile must hold, and what a change of law does."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pehra.law import api

ON = date(2026, 11, 24)


@pytest.fixture(scope="module")
def pk() -> api.Profile:
    return api.load("pk")


def test_the_codes_that_other_parts_name(pk: api.Profile):
    teams = {"pkcert", "ntcert", "defcert", "fincert", "fcert", "community-cert"}
    teams |= {f"{place}-cert" for place in ("punjab", "sindh", "kp", "balochistan", "ajk", "gb")}
    assert {team.code for team in pk.teams} == teams
    assert pk.severity_levels == ("low", "medium", "high", "critical")
    assert pk.identity.reference_prefix == "PK"
    assert pk.identity.timezone == "Asia/Karachi"
    assert {"punjab", "sindh", "kp", "balochistan", "islamabad", "ajk", "gb", "federal"} == {
        territory.code for territory in pk.territories
    }


def test_every_named_thing_has_an_urdu_name(pk: api.Profile):
    named = [
        *pk.teams,
        *pk.sectors,
        *pk.territories,
        *pk.entity_classes,
        *pk.severity_scale,
        *pk.duties,
        *pk.attributes,
    ]
    named += [stage for duty in pk.duties for stage in duty.stages]
    assert all(any("\u0600" <= letter <= "\u06ff" for letter in thing.name_local) for thing in named)


def test_an_operational_default_says_that_it_is_one(pk: api.Profile):
    """Where no law was found the citation says so, and the status is unknown: nobody may take it for law."""
    for basis in pk.bases:
        if "operational default" in basis.citation.lower() or "no text was found" in basis.citation.lower():
            assert basis.status == "unknown", basis.citation
        if not basis.sources:
            assert basis.status == "unknown", basis.citation


def test_what_rests_on_weak_sources_is_never_called_law_in_force(pk: api.Profile):
    trust = {source.key: source.trust for source in pk.sources}
    weak = [basis for basis in pk.bases if {trust[key] for key in basis.sources} == {"C"}]
    assert all(basis.status != "in force" for basis in weak)


def test_the_widespread_rule(pk: api.Profile):
    rule = api.widespread(pk, on=ON)
    assert rule is not None
    assert rule.window > timedelta(0)
    assert rule.because.status == "unknown"
    assert rule.concerns("malicious-code")
    assert not rule.concerns("vulnerable")
    assert rule.is_reached(organisations=rule.organisations or 0, sectors=1, territories=1)
    assert not rule.is_reached(organisations=(rule.organisations or 0) - 1, sectors=1, territories=1)


def test_the_notice_policy(pk: api.Profile):
    policy = api.notice_policy(pk, on=ON)
    assert policy.languages == ("en", "ur")
    assert policy.rate_per_organisation == timedelta(hours=24)


def test_a_planned_team_acts_through_its_fallback(pk: api.Profile):
    assert api.acting_team(pk, "fincert", on=ON) == "pkcert"
    assert api.acting_team(pk, "ntcert", on=ON) == "ntcert"
    assert api.acting_team(pk, "nobody", on=ON) == ""


def test_the_national_team_hands_over_a_role_by_one_edit(tmp_path: Path, pk: api.Profile):
    """A Government CERT of its own, from a day on: what came before keeps its answer."""
    folder = Path(shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk"))
    path = folder / "teams.toml"
    text = path.read_text(encoding="utf-8")
    first = text[text.index('[[team]]\ncode = "pkcert"') : text.index('[[team]]\ncode = "ntcert"')]
    ended = first.replace("used_from = 2023-09-26", "used_from = 2023-09-26\nvalid_to = 2027-06-30")
    begun = first.replace(', "government"', "").replace("used_from = 2023-09-26", "used_from = 2027-07-01")
    govcert = begun.replace('code = "pkcert"', 'code = "govcert"').replace('["national", "cii"]', '["government"]')
    path.write_text(text.replace(first, ended + begun + govcert), encoding="utf-8")
    changed = api.load(folder)
    entity = api.EntityFacts(sector="health", territory="punjab", classes=frozenset({"public-body"}))
    before = api.responsible(changed, entity=entity, on=date(2027, 6, 30))
    after = api.responsible(changed, entity=entity, on=date(2027, 7, 1))
    assert [role.team for role in before.roles] == ["punjab-cert", "pkcert"]
    assert [(role.team, role.role) for role in after.roles] == [
        ("punjab-cert", "lead"),
        ("govcert", "coordinate"),
        ("pkcert", "inform"),
    ]


def test_an_unloaded_change_is_not_seen_until_loaded_again(tmp_path: Path):
    folder = Path(shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk"))
    assert api.load(folder) is api.load(folder)
    assert api.check(folder).ok


def test_a_rule_over_incidents_keeps_silent_without_an_incident(pk: api.Profile):
    answer = api.responsible(pk, entity=api.EntityFacts(sector="telecom", classes=frozenset()), on=ON)
    assert answer.lead is not None
    assert "undecided" not in answer.lead.because.facts
    assert "incident.attributes" not in answer.missing


def test_the_organisation_changes_no_answer(pk: api.Profile):
    entity = api.EntityFacts(sector="power", classes=frozenset({"cii-private"}), organisation="org-0001")
    finding = api.FindingFacts(taxonomy="intrusions", type="system-compromise")
    assert api.obligations(pk, entity=entity, finding=finding, on=ON) == api.obligations(
        pk, entity=entity.without_name(), finding=finding, on=ON
    )


def test_unowned_space_obliges_nothing(pk: api.Profile):
    entity = api.EntityFacts(known=False)
    assert api.obligations(pk, entity=entity, finding=api.FindingFacts(taxonomy="intrusions"), on=ON) == ()
