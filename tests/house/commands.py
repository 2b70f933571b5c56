"""The commands of the root command, as people type them."""

from collections.abc import Iterator

import click


def typed(command: click.Command, words: str) -> Iterator[str]:
    """Every command that does something, under its full name."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=words)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from typed(inner, f"{words} {name}")
    else:
        yield words
