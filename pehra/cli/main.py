"""The root command: finds a part's commands when they are asked for, and turns refusals into one clear line.

A part's commands live in `pehra/<part>/commands` (a file or a folder) as one group named `commands`; nothing is
imported before it is needed, so that `pehra --help` stays fast. Around a command that needs the database the embedded
server is started and stopped. Exit codes: 0 done, 1 the answer is "no", 2 wrong usage or unusable input, 70 a fault of
our own.
"""

import copy
import functools
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pehra.cli.terminal import text_only
from pehra.kernel.refusals import Fault, Refusal

PARTS = {
    "law": "What a country's law says on a date.",
    "registry": "Teams, organisations and what they own.",
    "telemetry": "Feeds in; SQL over the lake.",
    "intel": "Indicators of compromise.",
    "findings": "What is wrong with whose asset.",
    "signals": "Who is told of accounts; leaks.",
    "incidents": "Incidents, their clocks and duties.",
    "threads": "What was said with whom.",
    "intake": "Reports that come in.",
    "outbox": "Messages, sent and waiting.",
    "ledger": "What happened, provable to anyone.",
    "access": "People and what they may do.",
    "drill": "A synthetic nation and its feeds.",
    "web": "The REST interface, described.",
}
NODE = {
    "init": "Make the data folder and the database.",
    "up": "Run database, web and worker together.",
    "serve": "Run the web alone.",
    "work": "Run the worker alone.",
    "doctor": "Say what is healthy and what is not.",
    "sweep": "Find kept files that nothing names.",
}
ALIASES = {"who": ("registry", "who")}
FROM_NODE = {"telemetry": ("ingest",)}  # stages of the machine road belong to telemetry, the road itself to the node
_OURS = 70  # EX_SOFTWARE: never 1, which means that the answer is "no"
_CANCELLED = 130
_Given = TypeVar("_Given", bound=click.Command)


class Root(click.Group):
    """The root group; its help is a table, its commands are loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, without loading any."""
        return [*NODE, *(part for part in PARTS if _has_commands(part)), *ALIASES]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load one command or group."""
        if name in NODE:
            return _node_command(name)
        if name in ALIASES:
            part, command = ALIASES[name]
            group = _part_group(part)
            return group.commands.get(command) if group else None
        return _part_group(name) if name in PARTS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands from the words above, so that help imports nothing."""
        with formatter.section("The node"):
            formatter.write_dl(list(NODE.items()))
        with formatter.section("Parts"):
            formatter.write_dl([(part, text) for part, text in PARTS.items() if _has_commands(part)])
        with formatter.section("Short for"):
            formatter.write_dl([(name, f"pehra {part} {command}") for name, (part, command) in ALIASES.items()])


def _has_commands(part: str) -> bool:
    folder = os.path.join(os.path.dirname(__file__), "..", part)
    return any(os.path.exists(os.path.join(folder, name)) for name in ("commands.py", "commands/__init__.py"))


@functools.cache
def _part_group(part: str) -> click.Group | None:
    if not _has_commands(part):
        return None
    module = importlib.import_module(f"pehra.{part}.commands")
    group: click.Group = _given_node(module.commands, needs=getattr(module, "NEEDS_DATABASE", False))
    group.name = part
    group.short_help = PARTS[part]
    for name in FROM_NODE.get(part, ()):
        group.add_command(_node_command(name), name)
    return group


@functools.cache
def _node_command(name: str) -> click.Command:
    group: click.Group = importlib.import_module("pehra.node.commands").commands
    return _given_node(group.commands[name], needs=False)


def _given_node(command: _Given, *, needs: bool) -> _Given:
    """Return it with the database around the command, or around each command of a group, that needs it.

    A copy: the part's own commands stay what they are, for whoever has the database already.
    """
    given = copy.copy(command)
    if isinstance(given, click.Group):
        given.commands = {name: _given_node(inner, needs=needs) for name, inner in given.commands.items()}
    elif command.callback is not None and getattr(command, "needs_database", needs):
        given.callback = _in_session(command.callback)
    elif command.callback is not None and needs:
        # Of a part that lives in the database, but not this command: its words still stand in Django's modules.
        given.callback = _with_parts(command.callback)
    return given


def _in_session(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def with_node(*arguments: Any, **options: Any) -> Any:
        from pehra.node.api import node_session

        with node_session():
            return callback(*arguments, **options)

    return with_node


def _with_parts(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def with_parts(*arguments: Any, **options: Any) -> Any:
        from pehra.node.api import set_up_django

        set_up_django()
        return callback(*arguments, **options)

    return with_parts


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="pehra", prog_name="pehra")
def root() -> None:
    """Pehra: every cyber incident in the country has an owner, a clock and a proof."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave with the exit code that the contract promises."""
    # SIGTERM unwinds like Ctrl-C: what was started, the database above all, is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    text_only()
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        answer = root.main(args=arguments, prog_name="pehra", standalone_mode=False)
        sys.stdout.flush()
        return answer if isinstance(answer, int) and not isinstance(answer, bool) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _CANCELLED
    except (Refusal, Fault) as refusal:
        click.echo(f"pehra: {_words(refusal)}", err=True)
        return 2
    except BrokenPipeError:
        # Whoever reads stdout has had enough; say nothing more, not even when the interpreter closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # the last boundary: shown whole, and never taken for the answer "no"
        sys.excepthook(*sys.exc_info())
        click.echo("pehra: this is a fault in Pehra itself; what was committed is safe.", err=True)
        return _OURS


def _words(refusal: Exception) -> str:
    field = getattr(refusal, "field", "")
    return f"{field}: {refusal}" if field else str(refusal)
