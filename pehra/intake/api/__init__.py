"""The door of `intake`: the only module that other parts import.

A report is kept as it came before it is understood, and gets a receipt. Triage decides what becomes of it; whatever a
person decided can be taken back, but that an incident was opened.
"""

from pehra.intake.api.receiving import add, receive, require_something
from pehra.intake.api.telling import tell_teams
from pehra.intake.rules.channels import WITHOUT_ACCOUNT, Channel
from pehra.intake.rules.saying import Handed, Receipt, Reporter, Said, Stated
from pehra.intake.rules.states import MoveRefused, State

__all__ = [
    "WITHOUT_ACCOUNT",
    "Channel",
    "Handed",
    "MoveRefused",
    "Receipt",
    "Reporter",
    "Said",
    "State",
    "Stated",
    "add",
    "receive",
    "require_something",
    "tell_teams",
]
