"""The root command: fast help, one clear line for a refusal, the contract's exit codes."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from pehra.cli.main import PARTS, root

ROOT = Path(__file__).resolve().parents[2]


def pehra(*words: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, with a data folder of its own and the embedded database."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PEHRA_DATA")}
    return subprocess.run(
        [sys.executable, "-m", "pehra", *words],
        cwd=ROOT,
        env={**kept, "PEHRA_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _callbacks(group: click.Group, words: str = "") -> dict[str, Callable[..., Any] | None]:
    """Every command under a group, with the function behind it."""
    found: dict[str, Callable[..., Any] | None] = {}
    for name, command in group.commands.items():
        inner = isinstance(command, click.Group)
        found |= _callbacks(command, f"{words} {name}") if inner else {f"{words} {name}": command.callback}
    return found


def test_help_loads_no_part_and_nothing_heavy():
    script = (
        "import sys; from pehra.cli.main import run; code = run(['--help'])\n"
        "heavy = {'django', 'polars', 'duckdb', 'numpy', 'psycopg', 'rich', 'structlog'} & set(sys.modules)\n"
        "parts = [name for name in sys.modules if name.endswith('.commands')]\n"
        "print(code, sorted(heavy), parts)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 [] []"
    for word in ("init", "up", "doctor", "law", "registry", "telemetry", "ledger", "who"):
        assert f"  {word} " in done.stdout


def test_a_command_does_not_build_the_schemas_of_directories(data_folder):
    script = (
        "import sys; from pehra.node.api import set_up_django; set_up_django(); print('scim2_models' in sys.modules)\n"
        "from pehra.access import api; api.add_user, api.add_group; print('scim2_models' in sys.modules)"
    )
    env = {**os.environ, "PEHRA_DATA": str(data_folder)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("words", [("nonsense",), ("init", "--nonsense"), ("telemetry", "ingest")])
def test_wrong_usage_is_2(data_folder, words):
    done = pehra(*words, data=data_folder)
    assert done.returncode == 2
    assert done.stdout == ""


def test_a_node_that_was_not_laid_out_is_refused_in_one_line(data_folder):
    done = pehra("incidents", "list", "--json", data=data_folder / "node")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("pehra: This node has not been set up yet: run `pehra init` first")
    assert not (data_folder / "node").exists()


def test_an_unknown_profile_is_refused(data_folder):
    done = pehra("init", "--profile", "atlantis", data=data_folder / "node")
    assert done.returncode == 2
    assert "atlantis" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_does_not_answer_is_named(data_folder):
    done = pehra("incidents", "list", data=data_folder, DATABASE_URL="postgresql://x@/y?host=/nonexistent")
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_what_to_do_before_there_is_a_node(data_folder):
    done = pehra("doctor", data=data_folder / "none")
    assert done.returncode == 1
    assert "Run `pehra init`" in done.stdout
    assert not (data_folder / "none").exists()


def test_a_terminal_is_given_no_orders_and_a_pipe_every_character():
    script = (
        "import io, sys\n"
        "class Screen(io.StringIO):\n"
        "    def isatty(self): return True\n"
        "pipe = sys.stdout\n"
        "sys.stdout = screen = Screen()\n"
        "import click\n"
        "from pehra.cli.terminal import text_only\n"
        "text_only()\n"
        "click.echo('a\\x1b]0;x\\x07\\x9b31m\\u202eb\\tc')\n"
        "pipe.write(ascii(screen.getvalue()))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ascii("a\ufffd]0;x\ufffd\ufffd31m\ufffdb\tc\n")


def test_loading_commands_changes_no_part():
    """The root works on copies: a part's own commands, run by who has the database already, open and close none."""
    parts = [name for name in PARTS if (ROOT / "pehra" / name / "commands.py").exists()]
    parts += [name for name in PARTS if (ROOT / "pehra" / name / "commands").is_dir()]
    groups = {name: importlib.import_module(f"pehra.{name}.commands").commands for name in parts}
    ours = {name: (group.name, group.short_help, _callbacks(group)) for name, group in groups.items()}
    context = click.Context(root)
    given = {
        name: _callbacks(found) for name in parts if isinstance(found := root.get_command(context, name), click.Group)
    }
    assert {name: (group.name, group.short_help, _callbacks(group)) for name, group in groups.items()} == ours
    assert given.keys() == groups.keys()
    assert all(given["signals"][words] is not own for words, own in ours["signals"][2].items())
