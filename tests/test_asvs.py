"""The table of ASVS requirements: every requirement once, and each test that it names is there to be run."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs/standards/asvs.md"
# The requirements of levels 1 and 2 in the chapters on authentication, sessions, authorization and OAuth of ASVS 5.0.0.
REQUIREMENTS = {
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5,
    "10.6": 2, "10.7": 3,
}  # fmt: skip
STATES = {"holds", "partly", "gap", "not applicable"}
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[tuple[str, str, str, str]]:
    """Each line of the table: requirement, what it asks, state, what shows it."""
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| \d+\.\d+\.\d+ ", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(number, asks, state, shown) for number, _level, asks, state, shown in cells]


@cache
def functions(path: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_stands_once() -> None:
    found = [number for number, *_rest in rows()]
    wanted = [f"{section}.{number}" for section, last in REQUIREMENTS.items() for number in range(1, last + 1)]
    assert found == wanted


def test_what_holds_names_a_test_that_is_there_and_what_does_not_says_why() -> None:
    for number, asks, state, shown in rows():
        assert asks, number
        assert state in STATES, number
        named = _NAMED.findall(shown)
        assert named or state != "holds", f"{number} holds and names no test"
        assert len(_NAMED.sub("", shown)) > 20 or state == "holds", f"{number} does not say why"
        for path, function in named:
            assert (ROOT / path).is_file(), f"{number}: {path}"
            assert not function or function in functions(path), f"{number}: {path} has no {function}"
