"""`pehra incidents`, a file a subject."""

from pehra.incidents.commands import evidence, exchange, history, incidents, joining, work
from pehra.incidents.commands.group import commands

NEEDS_DATABASE = True

__all__ = ["NEEDS_DATABASE", "commands", "evidence", "exchange", "history", "incidents", "joining", "work"]
