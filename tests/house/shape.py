"""Rules about the shape of Python files: length, names, docstrings, and what a style rule forbids outright."""

import ast
import re
from collections.abc import Iterator

from tests.house.tree import Source

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 500
VAGUE = frozenset({"util", "helper", "common", "core", "base", "manager", "handler", "service", "process", "data"})
VAGUE_OPENINGS = ("process_", "handle_", "manage_")
# Names that others call: Django's middleware hooks, aiosmtpd's `handle_RCPT` and its kin, html.parser's three.
HOOKS = re.compile(r"process_(?:view|exception|template_response)|handle_(?:[A-Z]+|starttag|endtag|data)")
# What the field itself calls so: a relying service trusts a sign-in (OpenID's relying party) and is told of its end.
FIELD_TERMS = frozenset({"RelyingService", "NewService", "UsedService"})
FIELD_FILES = frozenset({"pehra/access/api/services.py", "pehra/access/commands/services.py"})  # of relying services
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def long_functions(source: Source) -> Iterator[str]:
    """A function has at most 60 lines."""
    for node in ast.walk(source.syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{source.path}:{node.name}: a function of {lines} lines"


def long_modules(source: Source) -> Iterator[str]:
    """A module has at most 500 lines."""
    lines = source.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{source.path}: a module of {lines} lines"


def vague_names(source: Source) -> Iterator[str]:
    """No file, class, function or module's name hides behind a word that fits everything (style, rule 9).

    Local variables are let be, and so is *service* where it is the asset that the law and the registry call so.
    """
    for step in (step.removesuffix(".py") for step in source.parts if source.path not in FIELD_FILES):
        if vague := VAGUE & {_singular(word) for word in step.lower().split("_")}:
            yield f"{source.path}: a file or folder named {', '.join(sorted(vague))}"
    for node in ast.walk(source.syntax):
        if (
            isinstance(node, ast.ClassDef)
            and node.name not in FIELD_TERMS
            and _singular(_words(node.name)[-1]) in VAGUE
        ):
            yield f"{source.path}:{node.name}: a vague class name"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_vague(node.name):
            yield f"{source.path}:{node.name}: a vague function name"
    for node in source.syntax.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and _is_vague(target.id.lower()):
                    yield f"{source.path}:{target.id}: a vague name for a whole module"


def _is_vague(name: str) -> bool:
    bare = name.strip("_")
    opening = bare.startswith(VAGUE_OPENINGS) and not HOOKS.fullmatch(bare)
    return opening or _singular(bare) in VAGUE - {"service"}


def missing_docstrings(source: Source) -> Iterator[str]:
    """A module says why it exists; what others may use says what it does. In tests, the module alone."""
    if source.text.strip() and not ast.get_docstring(source.syntax):
        yield f"{source.path}: no module docstring"
    if source.parts[0] == "tests":
        return
    for node in _public(source.syntax):
        if not ast.get_docstring(node):
            yield f"{source.path}:{node.name}: no docstring"


def _public(module: ast.Module) -> Iterator[Definition]:
    """Definitions that another module may use: not nested in functions, no underscore, no Django Meta."""
    waiting: list[ast.stmt] = list(module.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Definition) or node.name.startswith("_") or node.name == "Meta":
            continue
        if any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            waiting.extend(node.body)


def forbidden_django(source: Source) -> Iterator[str]:
    """No auto_now, no signals, no GenericForeignKey, no save() of our own, no Django admin."""
    if source.parts[0] != "pehra":
        return
    for node in ast.walk(source.syntax):
        match node:
            case ast.keyword(arg="auto_now" | "auto_now_add" as name):
                yield f"{source.path}:{name}: the time is an argument"
            case ast.ImportFrom(module=str(name)) if name.startswith(("django.contrib.admin", "django.dispatch")):
                yield f"{source.path}:{name}: calls are direct, and the admin is no tool of work"
            case ast.ImportFrom(module="django.db.models.signals" | "django.core.signals" as name):
                yield f"{source.path}:{name}: calls are direct"
            case ast.Name(id="GenericForeignKey"):
                yield f"{source.path}:GenericForeignKey: a reference says what it points at"
            case ast.ClassDef(body=body):
                for item in body:
                    if isinstance(item, ast.FunctionDef) and item.name == "save":
                        yield f"{source.path}:{node.name}.save: a use case writes, not a model"


def bare_todos(source: Source) -> Iterator[str]:
    """What is left to do has an issue's number."""
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"))
    for number, line in enumerate(source.text.split("\n"), 1):
        if re.search(rf"\b({marks})\b(?!.*#\d)", line):
            yield f"{source.path}: line {number} leaves something to do without an issue's number"


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)] or [name]


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and word != "bases" else word
