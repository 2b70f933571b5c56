"""Rules about who knows whom: the import graph, read from the syntax itself, and what keeps pure code pure."""

import ast
from collections.abc import Iterator

from tests.house.tree import Source

FREELY_IMPORTED = "kernel"
IMPURE_MODULES = (
    *("django", "psycopg", "procrastinate", "click", "os", "pathlib", "shutil", "subprocess", "tempfile", "threading"),
    *("time", "urllib.request", "http", "smtplib", "sqlite3", "requests"),
)
PURE_OF_SOCKET = frozenset({"", "inet_pton", "inet_ntop", "inet_aton", "inet_ntoa", "AF_INET", "AF_INET6"})
IMPURE_CALLS = frozenset({"open", "input", "print"})
TIME_READERS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "time.time", "time.time_ns"}
)
ENTRY_FLOORS = frozenset({"views", "commands", "jobs"})
ENTRY_PARTS = frozenset({"web", "cli", "node"})


def imports(source: Source) -> Iterator[tuple[str, str]]:
    """Every import of a file, as module and name: `import a.b` has no name, `from a import b` has both."""
    package = source.module if source.path.endswith("__init__.py") else source.module.rpartition(".")[0]
    for node in ast.walk(source.syntax):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                steps = package.split(".")[: len(package.split(".")) - node.level + 1]
                module = ".".join([*steps, module] if module else steps)
            yield from ((module, alias.name) for alias in node.names)


def closed_doors(source: Source) -> Iterator[str]:
    """Of another part only `pehra.<part>.api` is imported; what lies behind it, or beside it, is that part's own."""
    if not source.part:
        return
    for module, name in imports(source):
        steps = module.split(".")
        if module == "pehra" and name:
            steps = ["pehra", name]
        if steps[0] != "pehra" or len(steps) < 2 or steps[1] in (source.part, FREELY_IMPORTED):
            continue
        door = f"pehra.{steps[1]}.api"
        if module != door and (module, name) != (f"pehra.{steps[1]}", "api"):
            yield f"{source.path}: imports {'.'.join(filter(None, (module, name)))}, not {door}"


def impure_rules(source: Source) -> Iterator[str]:
    """`rules/` and the kernel know no framework, database, file, process or network.

    Of `socket` they may use what only turns text into numbers and back.
    """
    if source.part != "kernel" and source.floor != "rules":
        return
    for module, name in imports(source):
        for impure in IMPURE_MODULES:
            if f"{module}.{name}.".startswith(f"{impure}."):
                yield f"{source.path}: pure code imports {impure}"
        if module == "socket" and name not in PURE_OF_SOCKET:
            yield f"{source.path}: pure code imports socket.{name}"
    for node in ast.walk(source.syntax):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield f"{source.path}: pure code calls {node.func.id}()"
        elif (
            isinstance(node, ast.Attribute) and ast.unparse(node.value) == "socket" and node.attr not in PURE_OF_SOCKET
        ):
            yield f"{source.path}: pure code uses socket.{node.attr}"


def clock_readers(source: Source) -> Iterator[str]:
    """Time is an argument: `kernel/clock.py` alone asks the machine, and only entry points ask it."""
    if source.parts[0] != "pehra" or source.path == "pehra/kernel/clock.py":
        return
    for node in ast.walk(source.syntax):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if any(called == reader or called.endswith(f".{reader}") for reader in TIME_READERS):
            yield f"{source.path}: calls {called}()"
    if source.part not in ENTRY_PARTS and source.floor not in ENTRY_FLOORS:
        taken = {("pehra.kernel", "clock"), ("pehra.kernel.clock", ""), ("pehra.kernel.clock", "now")}
        if taken & set(imports(source)):
            yield f"{source.path}: takes the present moment and is no entry point"


def environment_readers(source: Source) -> Iterator[str]:
    """The environment is read by the node alone; other parts ask `django.conf.settings`."""
    if source.parts[0] != "pehra" or source.part in ("node", "cli"):
        return
    said = [ast.unparse(node) for node in ast.walk(source.syntax) if isinstance(node, ast.Attribute)]
    # Naming the settings module before Django starts is no reading.
    if "os.getenv" in said or said.count("os.environ") > said.count("os.environ.setdefault"):
        yield f"{source.path}: reads the environment"
