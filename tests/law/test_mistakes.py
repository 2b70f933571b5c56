"""Planted mistakes: each is named with its file, line and field, and all of them in one run."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pehra.kernel.refusals import Invalid
from pehra.law import api


@dataclass(frozen=True)
class Mistake:
    """A text of the profile, what it is replaced with, and what must be said of it."""

    slug: str
    file: str
    old: str
    new: str
    field: str
    says: str
    # The line on which the mistake stands, counted from the first line of the replaced text.
    down: int = 0


MISTAKES = [
    Mistake(
        "unknown-key", "duties.toml", "count = 72\n", "count = 72\ncuont = 72\n", "duty.stage.cuont", "unknown key", 1
    ),
    Mistake("doubled-key", "duties.toml", "count = 72\n", "count = 72\ncount = 24\n", "duty.stage.count", "already", 1),
    Mistake("missing-citation", "sharing.toml", "citation = ", "# citation = ", "rule.citation", "missing", 6),
    Mistake("missing-status", "notices.toml", 'status = "unknown"\n', "", "notice.status", "missing", -5),
    Mistake(
        "unknown-status", "notices.toml", 'status = "unknown"', 'status = "in effect"', "notice.status", "in effect"
    ),
    Mistake(
        "empty-citation", "council.toml", 'citation = "CERT', 'citation = ""  # "CERT', "council.citation", "empty"
    ),
    Mistake("wrong-type", "duties.toml", "count = 72", 'count = "seventy-two"', "duty.stage.count", "whole number"),
    Mistake("list-for-text", "sectors.toml", 'name = "Power"', 'name = ["Power"]', "sector.name", "a text"),
    Mistake("text-for-list", "teams.toml", 'sectors = ["telecom"]', 'sectors = "telecom"', "team.sectors", "a list"),
    Mistake("no-such-team", "teams.toml", 'parent = "pkcert"', 'parent = "pkcrt"', "team.parent", "'pkcrt' is no team"),
    Mistake(
        "no-such-sector", "duties.toml", '["telecom"]', '["telecoms"]', "duty.when.sectors", "'telecoms' is no sector"
    ),
    Mistake(
        "no-such-duty-stage",
        "duties.toml",
        'starts = "awareness"',
        'starts = "stage:first"',
        "duty.stage.starts",
        "first",
    ),
    Mistake("no-such-class", "triggers.toml", '["cii"]', '["ci"]', "obligation.when.classes_any", "'ci' is no class"),
    Mistake(
        "no-such-gap", "letters.toml", '"{title}: please act', '"{titel}: please act', "letter.subject", "'titel' is"
    ),
    Mistake("no-such-held-state", "handling.toml", '["closed"]', '["clsoed"]', "phase.holds", "'clsoed' is not one of"),
    Mistake("no-such-level", "duties.toml", '"high"', '"hihg"', "duty.when.severity_at_least", "'hihg' is no severity"),
    Mistake("no-such-source", "tiers.toml", '["PK-1"]', '["PK-111"]', "tier.sources", "'PK-111' is no source"),
    Mistake(
        "no-such-instrument",
        "instruments.toml",
        '"cabinet-fbr-2025"]',
        '"cabinet-fbr"]',
        "designation.instruments",
        "cabinet-fbr",
    ),
    Mistake(
        "no-such-recipient",
        "duties.toml",
        'to = ["sbp"]',
        'to = ["sbpp"]',
        "duty.stage.to",
        "'sbpp' is no team, authority",
    ),
    Mistake(
        "no-such-attribute", "severity.toml", '["widespread"]', '["wide"]', "rule.when.attributes_any", "no attribute"
    ),
    Mistake(
        "bad-date",
        "duties.toml",
        "valid_from = 2016-04-01",
        "valid_from = 2016-04-31",
        "duty.valid_from",
        "cannot be read",
    ),
    Mistake(
        "date-in-quotes",
        "duties.toml",
        "valid_from = 2016-04-01",
        'valid_from = "2016-04-01"',
        "duty.valid_from",
        "without quotes",
    ),
    Mistake(
        "ends-before-it-begins",
        "duties.toml",
        "valid_from = 2016-04-01",
        "valid_from = 2016-04-01\nvalid_to = 2015-01-01",
        "duty.valid_to",
        "before",
        1,
    ),
    Mistake("unknown-start-unused", "duties.toml", "used_from = 2025-12-04\n", "", "duty.valid_from", "used_from", -1),
    Mistake(
        "no-such-start", "duties.toml", 'starts = "awareness"', 'starts = "awarness"', "duty.stage.starts", "awarness"
    ),
    Mistake(
        "working-days-without-end", "duties.toml", 'ends = "end-of-day"\n', "", "duty.stage.ends", "whole days", -8
    ),
    Mistake("number-without-unit", "duties.toml", 'unit = "hours"\n', "", "duty.stage.unit", "unit", -7),
    Mistake("bad-timezone", "identity.toml", "Asia/Karachi", "Asia/Karachee", "profile.timezone", "no time zone"),
    Mistake("bad-marking", "sharing.toml", '"TLP:AMBER+STRICT"', '"TLP:ORANGE"', "rule.tlp", "TLP:ORANGE"),
    Mistake(
        "planned-without-fallback",
        "teams.toml",
        'state = "operating"\nhost',
        'state = "planned"\nhost',
        "team.fallback",
        "fallback",
        -5,
    ),
    Mistake("doubled-holiday", "holidays.toml", "day = 2026-03-21", "day = 2026-03-20", "holiday.day", "already"),
    Mistake(
        "gazetted-too-soon",
        "holidays.toml",
        "gazetted_to = 2026-12-31",
        "gazetted_to = 2026-06-30",
        "holiday.day",
        "cannot be gazetted",
        999,
    ),
    Mistake("unclosed-text", "territories.toml", 'name = "Sindh"', 'name = "Sindh', "territory.name", "cannot be read"),
    Mistake("header-in-the-wrong-place", "duties.toml", "[[duty]]\n", "[[dutty.stage]]\n", "dutty.stage", "outside"),
    Mistake(
        "unknown-table",
        "sectors.toml",
        '[[sector]]\ncode = "power"',
        '[[sektor]]\ncode = "power"',
        "sektor",
        "unknown key",
    ),
    Mistake(
        "empty-condition",
        "responsibility.toml",
        'attributes_any = ["widespread"]',
        "",
        "rule.when",
        "names nothing",
        -1,
    ),
]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A copy of Pakistan's profile to spoil."""
    return Path(shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk"))


def _plant(profile: Path, mistake: Mistake) -> int:
    """Spoil the file and return the line that must be named."""
    path = profile / mistake.file
    text = path.read_text(encoding="utf-8")
    assert mistake.old in text, "the profile changed: this mistake can no longer be planted"
    before, _, after = text.partition(mistake.old)
    path.write_text(before + mistake.new + after, encoding="utf-8")
    return before.count("\n") + 1 + mistake.down


def test_the_unspoilt_profile_is_good(profile: Path):
    assert api.check(profile).ok


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.slug for mistake in MISTAKES])
def test_mistake_is_named(profile: Path, mistake: Mistake):
    line = _plant(profile, mistake)
    report = api.check(profile)
    assert not report.ok
    named = [problem for problem in report.problems if mistake.says in problem.message]
    places = [(problem.file, problem.field, problem.line) for problem in named]
    if mistake.down == 999:  # the mistake shows elsewhere than where it was made
        assert (mistake.file, mistake.field) in {place[:2] for place in places}
    else:
        assert (mistake.file, mistake.field, line) in places, report.problems
    with pytest.raises(api.ProfileInvalid) as refused:
        api.load(profile)
    assert set(refused.value.problems) == set(report.problems)


def test_all_mistakes_in_one_run(profile: Path):
    chosen = {"unknown-key", "missing-citation", "unknown-status", "no-such-class", "bad-timezone", "list-for-text"}
    planted = [mistake for mistake in MISTAKES if mistake.slug in chosen]
    for mistake in planted:
        _plant(profile, mistake)
    messages = [problem.message for problem in api.check(profile).problems]
    for mistake in planted:
        assert any(mistake.says in message for message in messages), mistake.slug


def test_two_doubled_keys_in_one_file_are_both_named(profile: Path):
    path = profile / "notices.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("hours_between = 24", "hours_between = 24\nhours_between = 1\nhours_between = 2"), "utf-8"
    )
    lines = [problem.line for problem in api.check(profile).problems if problem.field == "notice.hours_between"]
    assert len(lines) == 2
    assert lines[1] == lines[0] + 1


def test_versions_that_overlap(profile: Path):
    path = profile / "notices.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.replace("used_from = 2016-01-01", "used_from = 2027-01-01"), encoding="utf-8")
    overlap = [problem for problem in api.check(profile).problems if "overlaps" in problem.message]
    assert [(problem.file, problem.field) for problem in overlap] == [("notices.toml", "notice.code")]
    ended = text.replace("used_from = 2016-01-01", "used_from = 2016-01-01\nvalid_to = 2026-12-31")
    path.write_text(ended + text.replace("used_from = 2016-01-01", "used_from = 2027-01-01"), encoding="utf-8")
    assert api.check(profile).ok


def test_a_missing_and_a_foreign_file(profile: Path):
    (profile / "sharing.toml").rename(profile / "shareing.toml")
    problems = {(problem.file, problem.line): problem.message for problem in api.check(profile).problems}
    assert "missing" in problems["sharing.toml", 1]
    assert "no such file" in problems["shareing.toml", 1]


def _added(profile: Path, file: str, text: str) -> list[api.Problem]:
    path = profile / file
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return list(api.check(profile).problems)


def test_rules_that_could_never_answer(profile: Path):
    """What a lawyer writes is never silently ignored."""
    lines = (profile / "severity.toml").read_text(encoding="utf-8").count("\n")
    found = _added(profile, "severity.toml", '[[rule]]\ncode = "late"\nlevel = "high"\n')
    assert [(problem.line, "never reached" in problem.message) for problem in found] == [(lines + 2, True)]


def test_two_rules_where_one_can_answer(profile: Path):
    text = (profile / "notices.toml").read_text(encoding="utf-8")
    found = _added(profile, "notices.toml", text[text.index("[[notice]]") :].replace("notice-daily", "notice-weekly"))
    assert ["only one notice rule" in problem.message for problem in found] == [True]


def test_two_lead_rules_of_one_order(profile: Path):
    path = profile / "responsibility.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("order = 30", "order = 20"), encoding="utf-8")
    assert ["same order" in problem.message for problem in api.check(profile).problems] == [True]


def test_a_doubled_source(profile: Path):
    found = _added(
        profile, "sources.toml", '\n[[source]]\nkey = "PK-1"\nurls = ["https://law.example/"]\ntrust = "A"\n'
    )
    assert [(problem.field, "'PK-1' overlaps" in problem.message) for problem in found] == [("source.key", True)]


def test_a_deadline_without_measure(profile: Path):
    path = profile / "duties.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("count = 72", "count = 72000"), encoding="utf-8")
    assert [problem.field for problem in api.check(profile).problems] == ["duty.stage.count"]


def test_a_sector_with_two_teams(profile: Path):
    path = profile / "teams.toml"
    path.write_text(path.read_text("utf-8").replace('sectors = ["defence"]', 'sectors = ["telecom"]'), encoding="utf-8")
    assert any("two teams at one time" in problem.message for problem in api.check(profile).problems)


def test_fallbacks_in_a_circle(profile: Path):
    path = profile / "teams.toml"
    text = path.read_text("utf-8")
    text = text.replace('state = "operating"\nhost', 'state = "planned"\nfallback = "fincert"\nhost', 1)
    path.write_text(text, encoding="utf-8")
    circle = [problem for problem in api.check(profile).problems if "do not end in a team" in problem.message]
    assert {problem.file for problem in circle} == {"teams.toml"}


def test_a_profile_that_leaves_somebody_without_a_lead(profile: Path):
    path = profile / "responsibility.toml"
    text = path.read_text("utf-8")
    ours = text.index('code = "lead-otherwise-national"')
    path.write_text(text[:ours] + text[ours:].replace('role = "lead"', 'role = "inform"', 1), encoding="utf-8")
    assert any("would have no lead" in problem.message for problem in api.check(profile).problems)


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "\x00", "[[", "=", "[a]\n[a]\n", "x = [1,\n", '"""', "é = 1", "[[a]]\nb = {c = 1, c = 2}"]
)
def test_garbage_never_crashes(profile: Path, text: str):
    (profile / "duties.toml").write_text(text, encoding="utf-8")
    report = api.check(profile)
    assert report.ok == (text == "")


def test_not_utf8_is_refused(profile: Path):
    (profile / "duties.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="not written in UTF-8"):
        api.check(profile)
