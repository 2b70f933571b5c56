"""Who may know whom: parts import each other's doors alone, pure code is pure, time and environment have one reader.

The layers, floors and cycles are import-linter's, whose contracts stand in pyproject.toml; both are shown to bite on a
planted violation.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import doors
from tests.house.tree import Source, planted, tracked

ROOT = Path(__file__).resolve().parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")
Rule = Callable[[Source], Iterator[str]]
RULES: list[Rule] = [doors.closed_doors, doors.impure_rules, doors.clock_readers, doors.environment_readers]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is tracked cannot be told from what lies about")
    return [source for source in tracked(ROOT) if source.is_python]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: Rule, sources: list[Source]) -> None:
    found = [complaint for source in sources for complaint in rule(source)]
    assert not found, "\n" + "\n".join(found)


PLANTED: dict[str, tuple[Rule, str, str]] = {
    "models of another part": (doors.closed_doors, "pehra/incidents/api.py", "from pehra.law.models import A"),
    "models by another spelling": (doors.closed_doors, "pehra/incidents/api.py", "from pehra.law import models"),
    "models by name alone": (doors.closed_doors, "pehra/incidents/api.py", "import pehra.law.models"),
    "a rule of another part": (doors.closed_doors, "pehra/incidents/rules/a.py", "from pehra.law.rules.b import c"),
    "behind a door": (doors.closed_doors, "pehra/incidents/api.py", "from pehra.findings.api.folding import fold"),
    "a whole part": (doors.closed_doors, "pehra/incidents/api.py", "import pehra.law"),
    "a neighbour by dots": (doors.closed_doors, "pehra/incidents/api.py", "from ..law import models"),
    "inside a function": (doors.closed_doors, "pehra/cli/main.py", "def f():\n    from pehra.node.engine import g"),
    "django in a rule": (doors.impure_rules, "pehra/law/rules/a.py", "from django.db import models"),
    "psycopg in the kernel": (doors.impure_rules, "pehra/kernel/a.py", "import psycopg.types"),
    "files in a rule": (doors.impure_rules, "pehra/law/rules/a.py", "from pathlib import Path"),
    "open in a rule": (doors.impure_rules, "pehra/law/rules/a.py", "def f(name):\n    return open(name).read()"),
    "the network in a rule": (doors.impure_rules, "pehra/law/rules/a.py", "import socket\na = socket.socket()"),
    "the network by name": (doors.impure_rules, "pehra/law/rules/a.py", "from socket import create_connection"),
    "time in a rule": (doors.impure_rules, "pehra/law/rules/a.py", "import time"),
    "a clock of its own": (doors.clock_readers, "pehra/law/api.py", "a = datetime.now(UTC)"),
    "a clock in full": (doors.clock_readers, "pehra/law/views.py", "a = datetime.datetime.now(UTC)"),
    "today": (doors.clock_readers, "pehra/law/commands.py", "a = date.today()"),
    "Django's clock": (doors.clock_readers, "pehra/law/api.py", "a = timezone.now()"),
    "our clock in a use case": (doors.clock_readers, "pehra/law/api.py", "from pehra.kernel import clock"),
    "our clock by name": (doors.clock_readers, "pehra/law/queries.py", "from pehra.kernel.clock import Clock, now"),
    "the environment": (doors.environment_readers, "pehra/law/api.py", "a = os.environ['A']"),
}
INNOCENT: dict[str, tuple[Rule, str, str]] = {
    "doors": (
        doors.closed_doors,
        "pehra/incidents/api.py",
        "from pehra.law import api\nfrom pehra.law.api import load\nimport pehra.law.api\n"
        "from pehra.kernel.clock import now\nfrom pehra.incidents.models import A\n"
        "from pehra.kernel import clock\nfrom .models import B",
    ),
    "our clock at an entry": (doors.clock_readers, "pehra/law/jobs.py", "from pehra.kernel import clock"),
    "a clock that is given": (
        doors.clock_readers,
        "pehra/law/api.py",
        "from pehra.kernel.clock import Clock\ndef f(clock: Clock):\n    return clock.now()",
    ),
    "a name for the settings": (doors.environment_readers, "pehra/web/fonts.py", "os.environ.setdefault('A', 'b')"),
    "text into numbers": (doors.impure_rules, "pehra/law/rules/a.py", "import socket\na = socket.inet_pton(1, 'a')"),
    "files behind a gateway": (doors.impure_rules, "pehra/law/gateways/a.py", "from pathlib import Path"),
    "the node's settings": (doors.environment_readers, "pehra/node/settings.py", "a = os.environ['A']"),
}


def found_in(case: tuple[Rule, str, str], root: Path) -> list[str]:
    rule, path, text = case
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return [complaint for source in planted(root) for complaint in rule(source)]


@pytest.mark.parametrize("name", PLANTED)
def test_each_rule_bites(name: str, tmp_path: Path) -> None:
    found = found_in(PLANTED[name], tmp_path)
    assert len(found) == 1
    assert found[0].startswith(PLANTED[name][1])


@pytest.mark.parametrize("name", INNOCENT)
def test_no_rule_bites_the_innocent(name: str, tmp_path: Path) -> None:
    assert found_in(INNOCENT[name], tmp_path) == []


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [LINTER, "--no-cache", "--no-logo", folder / "pyproject.toml"]
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)}
    )


def test_layers_floors_and_purity_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tree of every part with every floor, held to the contracts of this repository."""
    root = tmp_path_factory.mktemp("skeleton")
    text = (ROOT / "pyproject.toml").read_text()
    contracts = text[text.index("[tool.importlinter]") :].split("\n[tool.", 1)[0]
    (root / "pyproject.toml").write_text(contracts)
    floors = tomllib.loads(contracts)["tool"]["importlinter"]["contracts"]
    containers = next(contract["containers"] for contract in floors if contract["name"] == "Floors")
    parts = [path.name for path in (ROOT / "pehra").iterdir() if (path / "__init__.py").exists()]
    assert set(parts) >= {container.removeprefix("pehra.") for container in containers}
    for part in parts:
        for module in (
            "api",
            "models",
            "queries",
            "views",
            "commands",
            "jobs",
            "urls",
            "gateways.a",
            "rules.a",
            "rules.b",
        ):
            plant(root, f"pehra.{part}.{module}", "")
    plant(root, "pehra.__main__", "")
    return root


def plant(root: Path, module: str, text: str) -> None:
    path = root / (module.replace(".", "/") + ".py")
    for folder in [*path.relative_to(root).parents][-2::-1]:
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "__init__.py").touch()
    with path.open("a") as file:
        file.write(text + "\n")


def test_an_untouched_skeleton_keeps_every_contract(skeleton: Path) -> None:
    done = lint(skeleton)
    assert done.returncode == 0, done.stdout


BREAKS = {
    "Parts": [
        ("pehra.ledger.api", "from pehra.law import api", "pehra.ledger is not allowed to import pehra.law"),
        (
            "pehra.registry.api",
            "from pehra.incidents import api",
            "pehra.registry is not allowed to import pehra.incidents",
        ),
        ("pehra.kernel.api", "from pehra.access import api", "pehra.kernel is not allowed to import pehra.access"),
        ("pehra.extra.api", "", "pehra.extra"),
    ],
    "Floors": [
        (
            "pehra.incidents.models",
            "from pehra.incidents import api",
            "pehra.incidents.models is not allowed to import",
        ),
        ("pehra.law.rules.a", "from pehra.law.gateways import a", "pehra.law.rules is not allowed to import"),
        ("pehra.outbox.views", "from pehra.outbox import jobs", "pehra.outbox.views is not allowed to import"),
        ("pehra.findings.tricks", "", "pehra.findings.tricks"),
    ],
    "Pure": [
        ("pehra.telemetry.rules.a", "import django", "pehra.telemetry.rules is not allowed to import django"),
        ("pehra.kernel.api", "import psycopg", "pehra.kernel is not allowed to import psycopg"),
    ],
    "No cycles": [
        ("pehra.ledger.rules.a", "from pehra.ledger.rules import b", "pehra.ledger.rules"),
        ("pehra.ledger.rules.b", "from pehra.ledger.rules import a", "pehra.ledger.rules"),
    ],
}


@pytest.mark.parametrize("contract", BREAKS)
def test_each_contract_bites(contract: str, skeleton: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    subprocess.run(["cp", "-r", str(skeleton), str(tree)], check=True)
    for module, line, _ in BREAKS[contract]:
        plant(tree, module, line)
    done = lint(tree)
    assert done.returncode == 1, done.stdout
    assert re.search(rf"{contract} .*BROKEN", done.stdout)
    for module, line, complaint in BREAKS[contract]:
        assert complaint in done.stdout, (module, line)
