"""The identity controls of a profile: what is asked on a day and of whom, and each mistake named where it stands."""

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from pehra.law import api
from pehra.law.commands import commands

ON = date(2026, 11, 24)
THEMES = {
    "mfa",
    "privileged-accounts",
    "joiner-mover-leaver",
    "service-accounts",
    "remote-access",
    "email",
    "logging",
}
URDU = re.compile(r"[\u0600-\u06ff]")
STANDARDS = ("CIS Controls v8.1, ", "NIST SP 800-53 Rev. 5, ", "NIST SP 800-63B, ", "ISO/IEC 27001:2022, A.", "RFC ")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A copy of Pakistan's profile to change."""
    return Path(shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk"))


def _set(**entity) -> api.ControlSet:
    facts = api.EntityFacts(**entity) if entity else None
    found = api.control_set(api.load("pk"), on=ON, entity=facts)
    assert found is not None
    return found


def test_the_shipped_set():
    found = _set()
    assert 20 <= len(found.controls) <= 25
    assert {theme.code for theme in found.themes} == THEMES
    assert found.because.status == "unknown"
    assert "operational default" in found.because.citation
    assert 4 <= sum(control.critical for control in found.controls) <= 8
    # Those of one theme stand together, in the order of the themes.
    order = [theme.code for theme in found.themes]
    assert [control.theme for control in found.controls] == sorted(
        (control.theme for control in found.controls), key=order.index
    )


@pytest.mark.parametrize("control", _set().controls, ids=lambda control: control.code)
def test_each_control_is_whole_in_both_languages(control: api.Control):
    for name in ("title", "question", "guidance", "evidence"):
        assert not URDU.search(getattr(control, name)), name
        assert URDU.search(getattr(control, f"{name}_local")), name
    assert control.question.endswith("?")
    assert control.question_local.endswith("؟")
    assert control.maps
    assert all(place.startswith(STANDARDS) for place in control.maps)
    # Nothing is said to be law that was not found to be.
    assert control.basis.status.value == "unknown"


def test_what_is_not_known_of_an_organisation_leaves_a_control_in():
    everybody, private = _set(), _set(sector="health", classes=frozenset({"private"}))
    asked_of_all = {control.code for control in everybody.controls if control.when.is_empty}
    assert {control.code for control in private.controls} == asked_of_all
    assert len(asked_of_all) < len(everybody.controls)
    unclassed = _set(sector="health")
    assert unclassed.controls == everybody.controls
    # A class implies others.
    assert _set(classes=frozenset({"cii-private"})).controls == everybody.controls


def test_a_set_ends_and_another_begins(profile: Path):
    path = profile / "controls.toml"
    text = path.read_text(encoding="utf-8")
    head = text.index("[[control_set]]")
    body = text.index("[[theme]]")
    first, second = text[head:body], text[head:body]
    first = first.replace("review_within_days", "valid_to = 2026-12-31\nreview_within_days")
    second = second.replace('"2026-1"', '"2027-1"').replace(
        "review_within_days", "used_from = 2027-01-01\nreview_within_days"
    )
    path.write_text(text[:head] + first + second + text[body:], encoding="utf-8")
    changed = api.load(profile)
    assert api.control_set(changed, on=ON).version == "2026-1"
    assert api.control_set(changed, on=date(2027, 1, 1)).version == "2027-1"
    assert api.control_set(changed, on=date(2015, 12, 31)) is None


def test_a_profile_without_controls_has_none(profile: Path):
    (profile / "controls.toml").unlink()
    assert api.check(profile).problems == ()
    assert api.control_set(api.load(profile), on=ON) is None


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("weight = 5", "wieght = 5", "control.weight", "missing"),
        ("weight = 5", "weight = 0", "control.weight", "at least 1"),
        ("weight = 5", "weight = 11", "control.weight", "at most 10"),
        ("critical = true", 'critical = "yes"', "control.critical", "true or false"),
        ("critical = true", "critical = 1", "control.critical", "true, false"),
        ('theme = "mfa"', 'theme = "mfaa"', "control.theme", "control theme"),
        ('code = "mfa-internet"', 'code = "MFA internet"', "control.code", "no code"),
        ('code = "mfa-staff"', 'code = "mfa-internet"', "control.code", "overlaps in time"),
        ("assess_every_days = 365", 'assess_every_days = "unknown"', "control_set.assess_every_days", "known number"),
        ("assess_every_days = 365", "assess_every_days = 365000", "control_set.assess_every_days", "at most"),
        ('classes_any = ["cii"', 'classes_any = ["ciii"', "control.when.classes_any", "'ciii' is no class"),
        ("classes_any = [", 'taxonomies = ["fraud"]\nclasses_any = [', "control.when", "sector, territory and classes"),
        ('title = "A second factor for all staff"', 'title = ""', "control.title", "empty"),
        ("maps = [", "maps = 4 #", "control.maps", "a list"),
        ('"A second factor for all staff"', '"Nobody can write in our name"', "control.code", "same title"),
        ('status = "unknown"', 'status = "in force"', "control_set.sources", "at least one source"),
    ],
)
def test_mistake_is_named(profile: Path, old: str, new: str, field: str, says: str):
    path = profile / "controls.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text, "the profile changed: this mistake can no longer be planted"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = [problem for problem in api.check(profile).problems if says in problem.message]
    assert {(problem.file, problem.field) for problem in problems} >= {("controls.toml", field)}, problems
    assert all(problem.line > 1 for problem in problems)


def test_two_sets_at_one_time_are_refused(profile: Path):
    path = profile / "controls.toml"
    text = path.read_text(encoding="utf-8")
    head, body = text.index("[[control_set]]"), text.index("[[theme]]")
    again = text[head:body].replace('"identity-baseline"', '"another"')
    path.write_text(text[:body] + again + text[body:], encoding="utf-8")
    assert any("only one control set" in problem.message for problem in api.check(profile).problems)


def test_controls_outside_any_set_are_named(profile: Path):
    path = profile / "controls.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("assess_every_days", "valid_to = 2016-06-30\nassess_every_days", 1), encoding="utf-8")
    assert not api.check(profile).problems, "a set that ended was in use once"
    path.write_text(text.replace("weight = 4\n", "weight = 4\nused_from = 2001-01-01\nvalid_to = 2002-01-01\n", 1))
    assert any("never be asked" in problem.message for problem in api.check(profile).problems)


def test_the_command_says_the_same():
    shown = CliRunner().invoke(commands, ["controls", "--profile", "pk", "--on", "2026-11-24"])
    assert shown.exit_code == 0
    assert "leaver-same-day" in shown.output
    said = CliRunner().invoke(commands, ["controls", "--profile", "pk", "--on", "2026-11-24", "--json"])
    document = json.loads(said.output)
    assert document["control_set"] == "identity-baseline"
    assert len(document["controls"]) == len(_set().controls)
    none = CliRunner().invoke(commands, ["controls", "--profile", "pk", "--on", "2001-01-01"])
    assert "no control set" in none.output
