"""The bench in its shortest form: handlers at the queue while reports come; nothing lost, double or half."""

import json
import subprocess
import sys

import pytest

from tests.node.test_up import ROOT


@pytest.mark.enable_socket
def test_nothing_is_lost_double_or_half_while_people_decide() -> None:
    words = ["--seconds", "6", "--reports", "8", "--handlers", "4", "--old", "10", "--json"]
    done = subprocess.run(
        [sys.executable, "bench/intake.py", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["accepted"] == 48
    assert (said["lost"], said["double"], said["half"]) == ([], [], 0)
    assert not [answer for answer in said["answers"] if answer.endswith(" 500")]
    assert said["answers"]["list 200"] >= 4
