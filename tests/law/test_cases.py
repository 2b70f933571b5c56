"""Lawyer's cases: facts, a day, and what the law says, as data that a lawyer can read and write.

One folder a profile: `pk` and the test profiles. A case that states what the runner does not know is itself a failure.
"""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pehra.kernel.clock import format_time
from pehra.law import api

HERE = Path(__file__).parent
FOREIGN = {path.name: path for path in sorted((HERE / "profiles").iterdir()) if path.is_dir()}
FOLDERS = {"pk": "pk", **FOREIGN}
CASES = [(name, path) for name in FOLDERS for path in sorted((HERE / name).glob("*.toml"))]
KNOWN = {"title", "on", "unowned", "facts", "expect"}
EXPECTED = {"roles", "asked", "duty", "no_duty", "obligations", "severity", "tlp"}
DUTY_KEYS = {
    "of",
    "status",
    "starts",
    "due",
    "owed_by",
    "owed_to",
    "copy_to",
    "forward_to",
    "missing",
    "law",
    "provisional",
    "note",
    "no_note",
}


def test_there_are_enough_cases():
    assert len([1 for name, _ in CASES if name == "pk"]) >= 25
    assert {name for name, _ in CASES} == set(FOLDERS)


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.stem}" for name, path in CASES])
def test_case(name: str, path: Path):
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(case) <= KNOWN, f"unknown keys in {path.name}"
    expect: dict[str, Any] = case["expect"]
    assert set(expect) <= EXPECTED, f"unknown expectations in {path.name}"
    profile = api.load(FOLDERS[name])
    stated = dict(case.get("facts", {}))
    finding = stated.pop("finding", None)
    facts = api.read_facts(json.dumps(stated), profile=profile)
    entity = api.EntityFacts(known=False) if case.get("unowned") else facts.entity
    _check_roles(api.responsible(profile, entity=entity, incident=facts.incident, on=case["on"]), expect)
    if finding is not None:
        _check_finding(profile, entity, api.FindingFacts(**finding), case["on"], expect)
    if "duty" in expect or "no_duty" in expect:
        due = api.duties(profile, entity=entity, incident=facts.incident, moments=facts.moments, on=case["on"])
        assert [f"{stage.duty}/{stage.stage}" for stage in due] == [wanted["of"] for wanted in expect.get("duty", [])]
        for stage, wanted in zip(due, expect.get("duty", []), strict=True):
            _check_stage(stage, wanted)


def _check_roles(answer: api.Responsibility, expect: dict[str, Any]) -> None:
    if "roles" in expect:
        assert [f"{role.role} {role.team} {role.because.rule}" for role in answer.roles] == expect["roles"]
    if "asked" in expect:
        assert list(answer.missing) == expect["asked"]


def _check_finding(
    profile: api.Profile, entity: api.EntityFacts, finding: api.FindingFacts, on: date, expect: dict[str, Any]
) -> None:
    found = api.obligations(profile, entity=entity, finding=finding, on=on)
    assert [f"{item.kind} {item.rule}" for item in found] == expect["obligations"]
    assert all(item.missing for item in found if item.kind == "question")
    assert api.severity(profile, entity=entity, finding=finding, on=on).level == expect["severity"]
    assert api.sharing(profile, entity=entity, finding=finding, on=on).tlp == expect["tlp"]


def _check_stage(stage: api.DutyDue, wanted: dict[str, Any]) -> None:
    assert set(wanted) <= DUTY_KEYS
    shown: dict[str, Any] = stage.as_json()
    shown |= {"law": stage.because.status}
    for key in set(wanted) - {"of", "note", "no_note"}:
        assert shown[key] == wanted[key], f"{wanted['of']}: {key}"
    notes = " / ".join(stage.notes)
    assert wanted.get("note", "") in notes
    assert "no_note" not in wanted or wanted["no_note"] not in notes
    # What every answer owes its reader.
    assert stage.because.rule
    assert stage.because.citation
    assert stage.because.status
    assert (stage.status == "running") == (stage.due is not None)
    assert stage.status == "running" or stage.missing
    assert stage.due is None or format_time(stage.due).endswith("Z")
