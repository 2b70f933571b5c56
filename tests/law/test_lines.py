"""Our reading of TOML with lines and the standard library's must agree on every profile."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pehra.law import api
from pehra.law.rules.lines import Table, parse

FILES = [
    path
    for folder in (api.profiles_folder(), Path(__file__).parent / "profiles")
    for path in sorted(folder.rglob("*.toml"))
]


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return {key: _plain(entry.value) for key, entry in value.entries.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.stem}" for path in FILES])
def test_the_two_readers_agree(path: Path):
    text = path.read_text(encoding="utf-8")
    table, problems = parse(text, file=path.name)
    assert problems == []
    assert _plain(table) == tomllib.loads(text)


TEXT = '''
# a comment = with an equals sign
[one] # comment
plain = "a # b ] ["
escaped = "quote \\" here" # then a comment
literal = 'C:\\'
many = """
[not.a.table]
x = 1
"""
list = [ # comment ] with a bracket
  "a", 'b', # "
  [1, 2],
]
inline = { a = 1, b = "}" }
[[one.two]]
day = 2026-11-24
[[one.two]]
[one.two.three]
yes = true
'''


def test_lines_and_values_of_a_difficult_text():
    table, problems = parse(TEXT, file="x.toml")
    assert problems == []
    assert _plain(table) == tomllib.loads(TEXT)
    one = table.entries["one"].value
    lines = {key: entry.line for key, entry in one.entries.items()}
    assert lines == {"plain": 4, "escaped": 5, "literal": 6, "many": 7, "list": 11, "inline": 15, "two": 16}
    assert [inner.line for inner in one.entries["two"].value] == [16, 18]
    assert one.entries["two"].value[1].entries["three"].value.entries["yes"].line == 20


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a = 1\na = 2\n", 2, "already given on line 1"),
        ("[a]\n[a]\n", 2, "already given on line 1"),
        ("[a]\n[[a]]\n", 2, "already given on line 1"),
        ("[[a]]\n[a]\n", 2, "already given on line 1"),
        ("a = 1\n[a]\n", 2, "already given on line 1"),
        ("x = 1\n[a.b]\n", 2, "outside"),
        ("[a]]\n", 1, "not written as"),
        ("a.b = 1\n", 1, "neither"),
        ("just words\n", 1, "neither"),
        ('a = "open\nb = 2\n', 1, "cannot be read"),
        ("ok = 1\na = [1,\n2\n", 2, "cannot be read"),
        ("a = {b = 1, b = 2}\n", 1, "cannot be read"),
        ("a = " + "[" * 5_000 + "]" * 5_000 + "\n", 1, "cannot be read"),
    ],
)
def test_mistakes_of_writing(text: str, line: int, says: str):
    _, problems = parse(text, file="x.toml")
    assert [(problem.line, says in problem.message) for problem in problems] == [(line, True)]
