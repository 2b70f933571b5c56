"""What a report is asked: questions and demands as data, read strictly, each asked once whoever demands it."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from pehra.law import api

ON = date(2026, 11, 24)
PK = Path(__file__).resolve().parents[2] / "profiles" / "pk"


@pytest.fixture(scope="module")
def pk() -> api.Profile:
    return api.load("pk")


def test_every_stage_of_the_shipped_profile_says_what_it_demands(pk: api.Profile):
    found = api.demands(pk, on=ON)
    assert {name for name, stage in found.items() if stage.is_known} == {
        "cert-rules-report/report",
        "pisf-cii-report/notification",
        "pta-ctdisr-2025/first-notice",
        "pta-ctdisr-2025/detailed-report",
        "sbp-breach-report/quarterly-report",
        "sbp-cyber-shield-report/report",
    }
    assert len(found) == 6
    for stage in found.values():
        assert stage.required, stage.name
        assert stage.demands is not None
        assert stage.demands.status == "unknown", "no source lists fields: what claims more must bring its source"


def test_a_duty_that_is_not_in_use_yet_demands_nothing(pk: api.Profile):
    assert "pta-ctdisr-2025/detailed-report" not in api.demands(pk, on=date(2020, 1, 1))


def test_a_question_of_several_stages_is_asked_once_with_who_needs_it(pk: api.Profile):
    found = api.demands(pk, on=ON)
    stages = [found["pta-ctdisr-2025/first-notice"], found["pta-ctdisr-2025/detailed-report"]]
    asked = {entry.question.code: entry for entry in api.asked_by(pk, stages, on=ON)}
    assert len(asked) == len(api.asked_by(pk, stages, on=ON))
    assert asked["what-happened"].required_by == ("pta-ctdisr-2025/first-notice", "pta-ctdisr-2025/detailed-report")
    assert asked["people"].required_by == ("pta-ctdisr-2025/detailed-report",)
    assert asked["people"].asked_by == ("pta-ctdisr-2025/first-notice",)
    assert "period" not in asked


def test_the_public_form_needs_one_answer_and_stands_in_its_own_order(pk: api.Profile):
    found = api.form(pk, on=ON)
    assert found is not None
    form, asked = found
    assert [entry.question.code for entry in asked] == list(form.questions)
    assert [entry.question.code for entry in asked if entry.required_by] == ["what-happened"]
    assert api.form(pk, code="no-such-form", on=ON) is None


def test_every_question_and_option_has_an_urdu_name(pk: api.Profile):
    words = [question.name_local for question in pk.questions]
    words += [question.hint_local for question in pk.questions if question.hint]
    words += [option.name_local for question in pk.questions for option in question.options]
    words += [form.name_local for form in pk.forms]
    assert words
    assert all(any("\u0600" <= letter <= "\u06ff" for letter in word) for word in words)


def test_every_question_is_asked_by_somebody(pk: api.Profile):
    asked = {code for form in pk.forms for code in form.questions}
    asked |= {code for stage in api.demands(pk, on=ON).values() for code in (*stage.required, *stage.asked)}
    assert {question.code for question in pk.questions} - asked == {"in-short"}


MISTAKES = [
    ("duties.toml", 'required = ["what-happened", "kind", "noticed", "contact"]', 'required = ["wat"]', "'wat' is no"),
    ("duties.toml", 'asked = ["still-going", "systems"', 'asked = ["kind", "systems"', "is required already"),
    ("duties.toml", 'sources = ["PK-9"]\n\n[[duty]]', 'sourses = ["PK-9"]\n\n[[duty]]', "unknown key 'sourses'"),
    (
        "duties.toml",
        'status = "unknown"\nsources = ["RG-1"]',
        'status = "in force"\nsources = []',
        "at least one source",
    ),
    ("questions.toml", 'answer = "text"', 'answer = "txt"', "'txt' is not one of"),
    ("questions.toml", 'tells = "moment:discovery"', 'tells = "moment:discovered"', "'discovered' is no moment"),
    ("questions.toml", 'tells = "moment:discovery"', 'tells = "moment"', "nothing that an answer can tell"),
    ("questions.toml", 'tells = "impact:users-affected"', 'tells = "impact:users"', "'users' is no measure"),
    ("questions.toml", 'tells = "attribute:ransomware"', 'tells = "attribute:ransom"', "'ransom' is no attribute"),
    ("questions.toml", 'answer = "moment"', 'answer = "line"', "is answered as: moment"),
    ("questions.toml", '"taxonomy:fraud"', '"taxonomy:frauds"', "'frauds' is no class"),
    ("questions.toml", '"taxonomy:fraud"', '"severity:high"', "nothing that an option sets"),
    ("questions.toml", 'options_from = "sectors"', 'options_from = "teams"', "'teams' is not one of"),
    ("questions.toml", 'options_from = "sectors"\n', "", "needs options of its own"),
    ("questions.toml", 'answer = "yes-no"', 'answer = "yes-no"\noptions_from = "sectors"', "has no options"),
    ("questions.toml", 'code = "malware"', 'code = "locked-files"', "stands twice in this question"),
    ("questions.toml", 'required = ["what-happened"]', 'required = ["cause"]', "not among the questions"),
    ("questions.toml", "hint_local = ", "# hint_local = ", "both languages or in none"),
    ("questions.toml", 'code = "in-short"', 'code = "what-happened"', "overlaps in time"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), MISTAKES)
def test_a_planted_mistake_is_named_with_its_place(tmp_path: Path, file: str, old: str, new: str, says: str):
    folder = tmp_path / "pk"
    shutil.copytree(PK, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = api.check(folder).problems
    found = [problem for problem in problems if says in problem.message]
    assert found, problems
    assert all(problem.file == file and abs(problem.line - line) <= 14 for problem in found)


def test_a_profile_may_have_no_questions_at_all(tmp_path: Path):
    folder = tmp_path / "pk"
    shutil.copytree(PK, folder)
    (folder / "questions.toml").unlink()
    lines = (folder / "duties.toml").read_text(encoding="utf-8").split("\n[duty.stage.demands]\n")
    kept = lines[0] + "".join(part[part.index("\n\n") :] if "\n\n" in part else "" for part in lines[1:])
    (folder / "duties.toml").write_text(kept, encoding="utf-8")
    profile = api.load(folder)
    assert api.form(profile, on=ON) is None
    assert not any(stage.is_known for stage in api.demands(profile, on=ON).values())
