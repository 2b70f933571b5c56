"""`pehra access`, from the machine's own command line: a file a subject."""

from pehra.access.commands import delegating, keys, people, providers, recovering, services, tokens
from pehra.access.commands.group import commands

NEEDS_DATABASE = True

__all__ = [
    "NEEDS_DATABASE",
    "commands",
    "delegating",
    "keys",
    "people",
    "providers",
    "recovering",
    "services",
    "tokens",
]
