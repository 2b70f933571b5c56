"""Commands that need no database still need the parts whose words they speak: no settings are set up for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command", [("drill", "nation", "--seed", "1", "--organisations", "20", "--out", "nation"), ("telemetry", "schema")]
)
def test_it_runs_in_a_bare_environment(tmp_path: Path, command: tuple[str, ...]) -> None:
    kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "pehra", *command], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout
