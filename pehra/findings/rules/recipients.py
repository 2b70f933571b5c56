"""Whom a notice goes to: the best contact of the organisation, else its lead team, else nobody, and that is shown.

A role mailbox for security is read day and night; a person's mailbox is the last choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ROLE_PREFERENCE = ("security", "duty", "abuse", "technical", "noc", "administrative", "legal")
NAME_CHARACTERS_MAX = 200


class Road(StrEnum):
    """By which way a notice reaches the organisation."""

    CONTACT = "contact"
    LEAD_TEAM = "lead team"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Known:
    """A contact as the registry knows it."""

    name: str
    email: str
    language: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Who gets the notice, by which road, in which languages."""

    name: str
    email: str
    languages: tuple[str, ...]
    road: Road


def addressee(
    *, contacts: Sequence[Known], team_contacts: Sequence[Known], name: str, team: str, offered: Sequence[str]
) -> Addressee:
    """Return who gets a notice for an organisation.

    `name` and `team` are what they are called, `offered` the languages in which the law's profile has notices written.
    """
    best = _best(contacts)
    if best is not None:
        return Addressee(
            name=_line(best.name or name),
            email=best.email,
            languages=languages(best.language, offered),
            road=Road.CONTACT,
        )
    stand_in = _best(team_contacts)
    if stand_in is not None:
        return Addressee(
            name=_line(stand_in.name or team),
            email=stand_in.email,
            languages=languages(stand_in.language, offered),
            road=Road.LEAD_TEAM,
        )
    return Addressee(name=_line(name), email="", languages=tuple(offered), road=Road.NOBODY)


def languages(stated: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Return the languages to write in: the contact's own where it is offered, else all that are."""
    code = stated.strip().lower().replace("_", "-").partition("-")[0]
    return (code,) if code in offered else tuple(offered)


def _best(contacts: Sequence[Known]) -> Known | None:
    def rank(contact: Known) -> tuple[int, str]:
        role = contact.role.strip().lower()
        place = ROLE_PREFERENCE.index(role) if role in ROLE_PREFERENCE else len(ROLE_PREFERENCE)
        return place, contact.email

    return min((contact for contact in contacts if contact.email), key=rank, default=None)


def _line(text: str) -> str:
    """Return a name as one line of a length that a header takes."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:NAME_CHARACTERS_MAX]
