"""Every door that somebody can knock at, and the use cases it leads to, read from the code itself.

A door is an address, a REST operation, a command, or a function of a part's `api`. Where it leads is read from the
syntax: the calls `api.name(…)` of the door's function and of the functions of its own module that it calls.
"""

import ast
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

import click
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string

PARTS = (
    *("ledger", "law", "access", "registry", "outbox", "intel", "telemetry", "findings", "signals", "incidents"),
    *("vault", "desk", "threads", "intake", "drill", "node"),
)


def functions() -> dict[str, Callable[..., object]]:
    """Every function of every part's door, by `part.name`."""
    found = {}
    for part in PARTS:
        if part == "signals" and importlib.util.find_spec("pehra.signals.api") is None:
            continue
        module = importlib.import_module(f"pehra.{part}.api")
        for name in getattr(module, "__all__", dir(module)):
            if inspect.isfunction(getattr(module, name)) and not name.startswith("_"):
                found[f"{part}.{name}"] = getattr(module, name)
    return found


def takes_actor(function: Callable[..., object]) -> bool:
    """Whether a use case is told who acts."""
    return "by" in inspect.signature(function).parameters


def addresses(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, Callable[..., object]]]:
    """Every address, by name, with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, ":".join(filter(None, (space, entry.namespace or ""))))
        elif isinstance(entry, URLPattern):
            yield ":".join(filter(None, (space, entry.name or str(entry.pattern)))), entry.callback


def operations() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every REST operation, by its operation id, with its function."""
    from pehra.web.rest.interface import ROUTERS

    routers = (import_string(named) if isinstance(named, str) else named for named in ROUTERS.values())
    for router in routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                yield str(operation.operation_id), operation.view_func


def commands() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every command of the root, by its words, with its function."""
    from pehra.cli.main import root

    def walk(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, Callable[..., object]]]:
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            if isinstance(found, click.Group):
                yield from walk(found, (*words, name))
            elif found is not None and found.callback is not None:
                yield " ".join((*words, name)), found.callback

    yield from walk(root, ())


def leads_to(function: Callable[..., object]) -> list[str]:
    """The use cases that a door's function calls, itself or through functions of its own module."""
    plain = inspect.unwrap(function)
    module = inspect.getmodule(plain)
    if module is None or not module.__name__.startswith("pehra."):
        return []
    return sorted(_reached(module.__name__, plain.__name__))


@cache
def _reached(module_name: str, start: str) -> frozenset[str]:
    module = importlib.import_module(module_name)
    defined = _definitions(module)
    doors = _doors_in(module)
    waiting, seen, found = [start], set(), set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in defined:
            continue
        seen.add(name)
        within = {**doors, **_imported_doors(defined[name])}
        for node in ast.walk(defined[name]):
            if isinstance(node, ast.Name):
                waiting.append(node.id)
                if node.id in within and "." in within[node.id]:
                    found.add(within[node.id])
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in within:
                found.add(f"{within[node.value.id]}.{node.attr}")
    known = functions()
    return frozenset(name for name in found if name in known)


def _definitions(module: ModuleType) -> dict[str, ast.AST]:
    """The module's own functions and classes, by name."""
    tree = ast.parse(inspect.getsource(module))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, kinds)}


def _doors_in(module: ModuleType) -> dict[str, str]:
    """What a module calls the doors that it imports: name -> part, or name -> part.function."""
    return _imported_doors(ast.parse(inspect.getsource(module)), top=True)


def _imported_doors(tree: ast.AST, *, top: bool = False) -> dict[str, str]:
    found = {}
    nodes = ast.iter_child_nodes(tree) if top else ast.walk(tree)
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        steps = node.module.split(".")
        for alias in node.names:
            if steps[0] == "pehra" and len(steps) == 2 and alias.name == "api":
                found[alias.asname or alias.name] = steps[1]
            elif steps[0] == "pehra" and len(steps) >= 3 and steps[2] == "api":
                found[alias.asname or alias.name] = f"{steps[1]}.{alias.name}"
    return found
