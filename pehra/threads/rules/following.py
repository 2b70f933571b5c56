"""Whom one turns to next when a letter came back or brought no answer, and for how long one waits. Pure.

The limits are ours and no law's: they stand here with their names. Silence is never taken for consent; it only means
that somebody else is asked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SILENCE = timedelta(days=3)  # how long one waits for an answer before the next contact is asked
STEPS_MAX = 4  # letters about one matter after the first
FOLLOWED_FOR = timedelta(days=30)  # a letter older than this is nobody's hurry any more
ROLE_PREFERENCE = ("security", "duty", "abuse", "technical", "noc", "administrative", "legal")


class Ended(StrEnum):
    """Why nothing is awaited from a letter any more."""

    ANSWERED = "answered"
    REPLIED = "replied"
    PASSED_ON = "passed on"
    NOBODY_LEFT = "nobody left"
    NOT_AWAITED = "not awaited"


class Cause(StrEnum):
    """Why the next contact is asked."""

    BOUNCE = "bounce"
    SILENCE = "silence"


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Somebody who can be written to. `is_team` is whether they are the lead team's and not the organisation's own."""

    name: str
    email: str
    language: str
    role: str
    is_team: bool = False


def next_contact(
    *, own: Sequence[Contact], team: Sequence[Contact], tried: Collection[str], steps: int
) -> Contact | None:
    """Return who is asked next: the organisation's own contacts in the order of their roles, then its lead team's.

    None when everybody was asked, or as many as the limit allows: then a person has to telephone.
    """
    if steps >= STEPS_MAX:
        return None
    known = {email.lower() for email in tried}
    waiting = [contact for contact in [*ranked(own), *ranked(team)] if contact.email.lower() not in known]
    return waiting[0] if waiting else None


def ranked(contacts: Sequence[Contact]) -> list[Contact]:
    """Return contacts in the order in which one writes to them."""

    def rank(contact: Contact) -> tuple[int, str]:
        role = contact.role.strip().lower()
        place = ROLE_PREFERENCE.index(role) if role in ROLE_PREFERENCE else len(ROLE_PREFERENCE)
        return place, contact.email

    return sorted((contact for contact in contacts if contact.email), key=rank)
