"""The repository keeps its own rules: shape, names, docstrings, documents, nothing of others copied in, licences.

The rules are in `tests/house`; each is shown to bite on a planted violation, so that none passes by looking away.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import commands, licences, shape, texts
from tests.house.tree import Source, planted, tracked

ROOT = Path(__file__).resolve().parents[1]
OWN_RULES = "tests/house/"
EXCEPTIONS = ROOT / "tests" / "house" / "exceptions.txt"
README_LINES_MIN = 8
Rule = Callable[[Source], Iterator[str]]

PYTHON_RULES: list[Rule] = [
    shape.long_functions,
    shape.long_modules,
    shape.vague_names,
    shape.missing_docstrings,
    shape.forbidden_django,
]
TEXT_RULES: list[Rule] = [
    shape.bare_todos,
    texts.foreign_files,
    texts.foreign_notices,
    texts.named_places,
    texts.code_in_templates,
]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is tracked cannot be told from what lies about")
    return tracked(ROOT)


def known() -> set[str]:
    lines = EXCEPTIONS.read_text().splitlines()
    return {line for line in lines if line.strip() and not line.startswith("#")}


def complaints(rule: Rule, sources: list[Source]) -> list[str]:
    concerned = [source for source in sources if rule in TEXT_RULES or source.is_python]
    return [complaint for source in concerned for complaint in rule(source)]


@pytest.mark.parametrize("rule", [*PYTHON_RULES, *TEXT_RULES], ids=lambda rule: rule.__name__)
def test_every_file_keeps(rule: Rule, sources: list[Source]) -> None:
    found = [
        complaint
        for complaint in complaints(rule, sources)
        if complaint not in known()
        and not (rule in TEXT_RULES and complaint.startswith((OWN_RULES, "tests/test_repo")))
    ]
    assert not found, "\n" + "\n".join(found)


def test_exceptions_only_shrink(sources: list[Source]) -> None:
    made = {complaint for rule in (*PYTHON_RULES, *TEXT_RULES) for complaint in complaints(rule, sources)}
    assert not known() - made, "no longer needed in tests/house/exceptions.txt"


def test_every_part_says_what_it_is_for(sources: list[Source]) -> None:
    parts = {source.part for source in sources if source.part and source.is_python}
    assert len(parts) >= 14
    readmes = {source.part: source for source in sources if source.floor == "README.md"}
    missing = sorted(part for part in parts if part not in readmes)
    assert not missing, f"no README.md in {missing}"
    thin = sorted(part for part in parts if readmes[part].text.count("\n") < README_LINES_MIN)
    assert not thin, f"a README.md that says nothing in {thin}"


def test_every_command_is_in_the_documents() -> None:
    from pehra.cli.main import root

    pages = "\n".join(page.read_text() for page in sorted((ROOT / "docs" / "use").glob("*.md")))
    typed = list(commands.typed(root, "pehra"))
    assert len(typed) >= 15
    missing = [words for words in typed if words not in pages]
    assert not missing, f"in no page of docs/use: {missing}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements.test.lock"])
def test_every_locked_package_has_a_licence_we_may_depend_on(lock: str) -> None:
    names = licences.locked(ROOT / lock)
    stated = licences.installed(names)
    assert len(stated) >= len(names) * 9 // 10, "most of the lock is not installed here"
    assert list(licences.refused(stated)) == []


PLANTED: dict[str, tuple[Rule, str, str]] = {
    "a long function": (shape.long_functions, "pehra/law/api.py", "def f():\n" + "    a = 1\n" * 60),
    "a long method": (
        shape.long_functions,
        "tests/a.py",
        "class A:\n    async def f(self):\n" + "        a = 1\n" * 60,
    ),
    "a long module": (shape.long_modules, "bench/a.py", "a = 1\n" * 501),
    "a vague module": (shape.vague_names, "pehra/law/utils.py", ""),
    "a vague word in a module": (shape.vague_names, "pehra/law/date_helper.py", ""),
    "a vague folder": (shape.vague_names, "pehra/common/api.py", ""),
    "a vague class": (shape.vague_names, "pehra/law/api.py", "class FindingsManager: ..."),
    "a vague function": (shape.vague_names, "pehra/law/api.py", "def process_rows(): ..."),
    "a vague method": (shape.vague_names, "pehra/law/api.py", "class A:\n    def _handle_it(self): ..."),
    "a vague name for a module": (shape.vague_names, "pehra/law/api.py", "DATA = 1"),
    "no module docstring": (shape.missing_docstrings, "tests/a.py", "a = 1"),
    "no function docstring": (shape.missing_docstrings, "pehra/law/api.py", '"""A."""\ndef a(): ...'),
    "no method docstring": (
        shape.missing_docstrings,
        "tools/a.py",
        '"""A."""\nclass A:\n  """A."""\n  def a(self): ...',
    ),
    "auto_now": (shape.forbidden_django, "pehra/law/models.py", "a = models.DateTimeField(auto_now_add=True)"),
    "a signal": (shape.forbidden_django, "pehra/law/models.py", "from django.db.models.signals import post_save"),
    "a receiver": (shape.forbidden_django, "pehra/law/models.py", "from django.dispatch import receiver"),
    "the admin": (shape.forbidden_django, "pehra/law/models.py", "from django.contrib.admin import site"),
    "a generic key": (shape.forbidden_django, "pehra/law/models.py", "a = GenericForeignKey()"),
    "a save of our own": (shape.forbidden_django, "pehra/law/models.py", "class A:\n    def save(self): ..."),
    "a bare to-do": (shape.bare_todos, "docs/a.md", "a\nTO" + "DO: later"),
    "a bare fix-me": (shape.bare_todos, "pehra/web/static/a.js", "// FIX" + "ME (4)"),
    "a vendored script": (texts.foreign_files, "pehra/web/static/web/htmx.min.js", ""),
    "a font": (texts.foreign_files, "pehra/web/static/web/font.woff2", ""),
    "a minified script": (texts.foreign_files, "pehra/web/static/web/a.js", "a;" * 300),
    "a binary": (texts.foreign_files, "pehra/web/static/web/a.png", "\x89PNG\x00"),
    "a foreign copyright": (texts.foreign_notices, "pehra/law/api.py", "# Copyright (c) 2020 Somebody Else"),
    "a foreign licence": (texts.foreign_notices, "pehra/law/api.py", "# SPDX-License-Identifier: MIT"),
    "licence terms": (texts.foreign_notices, "a.js", "Permission is hereby granted, free of charge, to any person"),
    "a registry": (texts.named_places, "run", "pip install --index-url x"),
    "a registry host": (texts.named_places, "requirements.lock", "https://" + "pypi.example/simple/a.whl"),
    "a registry in a lock of scripts": (
        texts.named_places,
        "package-lock.json",
        '"resolved": "https://a.example/b.tgz"',
    ),
    "a machine's path": (texts.named_places, "docs/a.md", "see /wo" + "rk/main/pehra"),
    "a person's folder": (texts.named_places, "docs/a.md", "see /home/" + "ayesha/pehra"),
    "an inline script": (texts.code_in_templates, "pehra/web/templates/a.html", "<script nonce='1'>a()</script>"),
    "an inline style": (texts.code_in_templates, "pehra/web/templates/a.html", '<p class="b" style="color: red">'),
    "an event handler": (texts.code_in_templates, "pehra/web/templates/a.html", '<a href="/" onclick="b()">'),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_rule_bites(name: str, tmp_path: Path) -> None:
    rule, path, text = PLANTED[name]
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text, encoding="latin-1" if path.endswith(".png") else "utf-8")
    found = complaints(rule, planted(tmp_path))
    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


INNOCENT: dict[str, tuple[Rule, str, str]] = {
    "a function of sixty lines": (shape.long_functions, "pehra/law/api.py", "def f():\n" + "    a = 1\n" * 59),
    "names near the vague ones": (
        shape.vague_names,
        "pehra/node/database.py",
        "class Kind:\n    SERVICE = 'service'\ndef database():\n    data = 1\ndata_folder = 1\nbasis = coreutils = 2",
    ),
    "what others do not use": (
        shape.missing_docstrings,
        "pehra/law/api.py",
        '"""A."""\ndef _a(): ...\nclass A:\n  """A."""\n  def __str__(self): ...\n  class Meta: ...',
    ),
    "an empty package": (shape.missing_docstrings, "pehra/law/__init__.py", ""),
    "a to-do with a number": (shape.bare_todos, "docs/a.md", "TO" + "DO (#12): later"),
    "our own notice": (texts.foreign_notices, "NOTICE", "Copyright (c) 2026 the Pehra authors"),
    "paths of no machine": (texts.named_places, "docs/a.md", "/var/lib/pehra ~/.local/share/pehra ./work/ a/root/b"),
    "a script from a file": (
        texts.code_in_templates,
        "pehra/web/templates/a.html",
        "<script src=\"{% static 'a.js' %}\" defer></script> <p data-style='x'>",
    ),
}


@pytest.mark.parametrize("name", INNOCENT)
def test_no_rule_bites_the_innocent(name: str, tmp_path: Path) -> None:
    rule, path, text = INNOCENT[name]
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert complaints(rule, planted(tmp_path)) == []


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("EUPL-1.2", False),
        ("MIT AND GPL-2.0-only", False),
        ("", False),
    ],
)
def test_the_licence_rule_bites(expression: str, allowed: bool) -> None:
    assert list(licences.refused({"a": expression})) == ([] if allowed else [f"a: {expression or 'states no licence'}"])
