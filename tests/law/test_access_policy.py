"""How access is kept, as a profile says: limits, second persons, break-glass. Each mistake is named where it stands."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pehra.access.rules.roles import Role
from pehra.law import api

ON = date(2026, 11, 24)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A copy of Pakistan's profile to change."""
    return Path(shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk"))


def _change(profile: Path, old: str, new: str) -> tuple[api.Problem, ...]:
    path = profile / "access.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text, "the profile changed: this mistake can no longer be planted"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return api.check(profile).problems


def test_the_shipped_policy():
    policy = api.access_policy(api.load("pk"), on=ON)
    assert policy.review_every == timedelta(days=90)
    assert policy.review_grace == timedelta(days=14)
    assert policy.four_eyes == {"team-lead", "platform-operator", "auditor", "council-secretary"}
    assert policy.four_eyes_national == {"registry-editor"}
    assert policy.break_glass_max == timedelta(hours=4)
    assert policy.break_glass_roles == {"duty-officer", "incident-handler"}
    assert (policy.token_max, policy.session_max) == (timedelta(days=365), timedelta(hours=12))
    assert policy.because.status == "unknown"
    assert "operational default" in policy.because.citation


def test_it_names_only_roles_that_access_knows():
    policy = api.access_policy(api.load("pk"), on=ON)
    known = {role.value for role in Role}
    assert policy.four_eyes | policy.four_eyes_national | policy.break_glass_roles <= known


def test_a_changed_number_holds_from_its_day(profile: Path):
    path = profile / "access.toml"
    text = path.read_text(encoding="utf-8")
    ended = text.replace("used_from = 2016-01-01", "used_from = 2016-01-01\nvalid_to = 2026-12-31")
    begun = text.replace("used_from = 2016-01-01", "used_from = 2027-01-01").replace("hours = 12", "hours = 8")
    path.write_text(ended + begun, encoding="utf-8")
    changed = api.load(profile)
    assert api.access_policy(changed, on=ON).session_max == timedelta(hours=12)
    assert api.access_policy(changed, on=date(2027, 1, 1)).session_max == timedelta(hours=8)
    assert api.access_policy(changed).session_max == timedelta(hours=8)


def test_a_day_without_a_rule_is_not_a_day_without_limits(profile: Path):
    assert not _change(profile, "used_from = 2016-01-01", "used_from = 2016-01-01\nvalid_to = 2026-01-31")
    expired = api.load(profile)
    for day in (ON, date(2001, 1, 1)):
        policy = api.access_policy(expired, on=day)
        assert policy.session_max == timedelta(hours=12)
        assert policy.because.facts["no rule of its own"] == day.isoformat()


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("session_hours = 12", "sesion_hours = 12", "access.session_hours", "missing"),
        ("session_hours = 12", "session_hours = 0", "access.session_hours", "at least 1"),
        ("session_hours = 12", "session_hours = 12000", "access.session_hours", "at most"),
        ("session_hours = 12", 'session_hours = "unknown"', "access.session_hours", "known number"),
        ("token_days = 365", "token_days = 3650000000000", "access.token_days", "at most"),
        ("review_every_days = 90", "review_every_days = true", "access.review_every_days", "whole number"),
        ('["team-lead"', '["Team Lead"', "access.four_eyes", "no code"),
        ('["team-lead"', '["auditor"', "access.four_eyes", "twice"),
        ('["registry-editor"]', '["auditor"]', "access.four_eyes_national", "already"),
        ('"unknown"\nsources', '"in force"\nsources', "access.sources", "at least one source"),
        ("break_glass_roles = [", "break_glass_roles = 4 #", "access.break_glass_roles", "a list"),
    ],
)
def test_mistake_is_named(profile: Path, old: str, new: str, field: str, says: str):
    line = (profile / "access.toml").read_text(encoding="utf-8").partition(old)[0].count("\n") + 1
    problems = [problem for problem in _change(profile, old, new) if says in problem.message]
    assert ("access.toml", field) in {(problem.file, problem.field) for problem in problems}, problems
    # What is missing is named where its table begins; what stands there wrongly, on its own line or the next.
    assert all(problem.line in (line, line + 1) or "missing" in problem.message for problem in problems)


def test_a_profile_without_the_file_says_so(profile: Path):
    (profile / "access.toml").unlink()
    assert [(problem.file, problem.message) for problem in api.check(profile).problems] == [
        ("access.toml", "this file is missing from the profile")
    ]


def test_two_policies_at_one_time_are_refused(profile: Path):
    path = profile / "access.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.replace('code = "access-policy"', 'code = "another"'), encoding="utf-8")
    assert any("only one access rule" in problem.message for problem in api.check(profile).problems)
