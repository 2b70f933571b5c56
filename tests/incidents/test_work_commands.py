"""Playbooks, tasks and the timeline on the command line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.incidents import api
from pehra.incidents.commands import commands
from pehra.kernel.actors import Actor
from tests.incidents import samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words), catch_exceptions=False)


def test_a_playbook_in_and_out_and_its_tasks(
    finding: Any, outcome: Any, machine: Actor, at: datetime, tmp_path: Path
) -> None:
    assert run("playbooks").stdout == "No playbooks.\n"
    came, left = tmp_path / "in.json", tmp_path / "out.json"
    came.write_bytes(samples.document(samples.playbook(signatures=[{}])))
    said = run("playbook-add", str(came), "--team", "pkcert", "--for-everybody").stdout
    assert "5 steps, 1 block" in said
    assert "unusual: it carries signatures" in said
    (kept,) = api.playbooks(by=machine)
    run("playbook-export", str(kept.id), "--output", str(left))
    assert left.read_bytes() == came.read_bytes()
    assert str(kept.id) in run("playbooks").stdout

    (view,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    api.start_playbook(ref=view.reference, playbook_id=kept.id, by=machine, at=at)
    shown = run("tasks", view.reference).stdout
    assert "phase: assess" in shown
    assert "blocks" in shown
    assert "after: Isolate the servers, Tell the other hospitals" in shown
    assert "done" in run("task", view.reference, "2", "done").stdout
    states = [task["state"] for task in json.loads(run("tasks", view.reference, "--json").stdout)]
    assert states == ["open", "done", "open", "open", "open"]


def test_the_timeline_is_written_and_shown(finding: Any, outcome: Any, machine: Actor, at: datetime) -> None:
    (view,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    assert "2026-11-01 09:00:00" in run("happened", view.reference, "2026-11-01 09:00Z seen first").stdout
    assert "seen first" in run("timeline", view.reference).stdout
    rows = json.loads(run("timeline", view.reference, "--by-entry", "--json").stdout)
    assert {"seen first", ""} <= {row["text"] for row in rows}
