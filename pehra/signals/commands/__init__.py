"""`pehra signals`, from the machine's own command line: a file a subject."""

from pehra.signals.commands import leaks, streams
from pehra.signals.commands.group import commands

NEEDS_DATABASE = True

__all__ = ["NEEDS_DATABASE", "commands", "leaks", "streams"]
