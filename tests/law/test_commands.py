"""The commands, as a person or a script calls them: output, keys and exit codes of the contract."""

import json
import shutil
from pathlib import Path

import pytest

from pehra.cli.main import run
from pehra.law import api
from pehra.law.gateways import folders

FACTS = {
    "entity": {"sector": "telecom", "classes": ["cii", "licensee"]},
    "incident": {"severity": "high", "attributes": []},
    "moments": {"awareness": "2026-11-20T14:00:00+05:00"},
}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(FACTS), encoding="utf-8")
    return path


def _asked(path: Path, *more: str) -> list[str]:
    return ["--profile", "pk", "--on", "2026-11-24", "--facts", str(path), *more]


def test_check_as_json(capsys: pytest.CaptureFixture[str]):
    assert run(["law", "check", "pk", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["profile", "version", "rules", "ok", "problems"]
    assert (report["profile"], report["ok"], report["problems"]) == ("pk", True, [])
    assert report["rules"] > 30


def test_check_without_a_name_takes_the_only_profile(capsys: pytest.CaptureFixture[str]):
    assert run(["law", "check"]) == 0
    assert capsys.readouterr().out.startswith("pk: good")


def test_check_of_a_bad_profile_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = shutil.copytree(api.profiles_folder() / "pk", tmp_path / "pk")
    (folder / "notices.toml").write_text("[[notice]]\n", encoding="utf-8")
    assert run(["law", "check", str(folder), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert list(problems[0]) == ["file", "line", "field", "message"]
    assert {problem["file"] for problem in problems} == {"notices.toml"}
    assert run(["law", "check", str(folder)]) == 1
    assert "notices.toml:1: notice.code: 'code' is missing" in capsys.readouterr().out


@pytest.mark.parametrize("source", ["no-such-profile", "/no/such/folder"])
def test_check_of_nothing_exits_2(source: str, capsys: pytest.CaptureFixture[str]):
    assert run(["law", "check", source]) == 2
    assert "there is no profile" in capsys.readouterr().err


def test_duties_as_json(facts: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["law", "duties", *_asked(facts, "--json")]) == 0
    stages = json.loads(capsys.readouterr().out)
    wanted = ["duty", "stage", "owed_by", "owed_to", "copy_to", "starts", "due", "status", "because"]
    assert all(list(stage)[: len(wanted)] == wanted for stage in stages)
    assert all({"rule", "version", "citation", "status"} <= set(stage["because"]) for stage in stages)
    by_name = {(stage["duty"], stage["stage"]): stage for stage in stages}
    assert by_name["pisf-cii-report", "notification"]["due"] == "2026-11-23T09:00:00Z"
    assert by_name["cert-rules-report", "report"]["due"] is None


def test_duties_for_people(facts: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["law", "duties", *_asked(facts, "--considered")]) == 0
    told = capsys.readouterr().out
    assert "pta-ctdisr-2025/detailed-report  due 2026-11-27 23:59:59 Asia/Karachi  [running]" in told
    assert "a person must supply: moments.cert-rules-report/report:due" in told
    assert "does not apply: sbp-breach-report, because entity.sector: telecom" in told


def test_responsible(facts: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["law", "responsible", *_asked(facts, "--json")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["lead"] == "ntcert"
    assert [(team["team"], team["role"]) for team in answer["teams"]] == [("ntcert", "lead"), ("pkcert", "coordinate")]
    assert run(["law", "responsible", *_asked(facts)]) == 0
    assert "rule 8(3)" in capsys.readouterr().out


def test_sources(capsys: pytest.CaptureFixture[str]):
    assert run(["law", "sources", "--profile", "pk", "--json"]) == 0
    listed = {source["source"]: source for source in json.loads(capsys.readouterr().out)}
    assert listed["PK-1"]["records"] > 0
    assert listed["PK-35"]["records"] == 0, "the untrustworthy page must stay unused"
    assert all(source["urls"] for source in listed.values())


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('{"entity": {"sector": "telecomm"}}', "entity.sector: 'telecomm' is not one of"),
        ('{"entity": {"classes": ["cii", "cci"]}}', "entity.classes: 'cci' is not one of"),
        ('{"entity": {"classes": "cii"}}', "entity.classes: this must be a list"),
        ('{"entity": {"colour": "red"}}', "unknown key 'colour'"),
        ('{"incident": {"attributes": ["ransomeware"]}}', "'ransomeware' is not one of"),
        ('{"incident": {"class": "malware"}}', "incident.class: 'malware' is not one of"),
        ('{"incident": {"impact": {"users": 5}}}', "unknown key 'users'"),
        ('{"moments": {"awareness": "2026-11-20T09:00:00"}}', "moments.awareness: '2026-11-20T09:00:00' has no offset"),
        ('{"incident": {"impact": {"downtime-hours": -6}}}', "incident.impact.downtime-hours: this must be a number"),
        ('{"incident": {"impact": {"downtime-hours": NaN}}}', "NaN is no number of JSON, in incident.impact["),
        ('{"moments": {"awareness": "9999-12-31T23:59:59Z"}}', "moments.awareness: '9999-12-31T23:59:59Z' is outside"),
        ('{"moments": {"awareness": 5}}', "moments.awareness: a moment is a text"),
        ('{"moments": {"knowledge": "2026-11-20T09:00:00Z"}}', "unknown key 'knowledge'"),
        ('{"entity": {}, "entity": {}}', "'entity' stands twice"),
        ("[]", "facts: this must be a JSON object"),
        ("{", "facts: this is not JSON"),
        ("[" * 100_000, "facts: this is nested deeper than"),
        ("\xff", "facts: "),
    ],
)
def test_unusable_facts_exit_2(document: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "facts.json"
    path.write_bytes(document.encode("latin-1"))
    assert run(["law", "duties", *_asked(path, "--json")]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


def test_a_bad_day_exits_2(facts: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["law", "duties", "--profile", "pk", "--on", "tomorrow", "--facts", str(facts)]) == 2
    assert "'tomorrow' is no day" in capsys.readouterr().err


def test_an_empty_document_leaves_all_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "facts.json"
    path.write_text('{"entity": {"sector": null}, "incident": null}', encoding="utf-8")
    assert run(["law", "duties", *_asked(path, "--json")]) == 0
    stages = json.loads(capsys.readouterr().out)
    assert {stage["status"] for stage in stages} == {"unknown"}
    assert all(stage["missing"] for stage in stages)


def test_another_folder_of_profiles(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(folders, "_chosen", [])
    elsewhere = str(Path(__file__).parent / "profiles")
    assert run(["law", "--profiles", elsewhere, "check", "nis2"]) == 0
    assert run(["law", "--profiles", elsewhere, "check", "pk"]) == 2, "a name is looked for in one place only"
    assert run(["law", "--profiles", elsewhere, "check"]) == 2
    assert "name one of these profiles" in capsys.readouterr().err
