"""`pehra intake`, from the machine's own command line: a file a subject."""

from pehra.intake.commands import mail, reports, triage
from pehra.intake.commands.group import commands

NEEDS_DATABASE = True

__all__ = ["NEEDS_DATABASE", "commands", "mail", "reports", "triage"]
