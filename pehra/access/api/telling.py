"""Telling people by mail what was done to their access, in the act's own transaction.

Messages lie above this part, so the part that sends them says at its start how (`tell_through`). Where nobody said,
nothing is sent, and the ledger alone tells. Refuses to carry anything that opens a door: no link, no token, no code.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pehra.access import queries
from pehra.access.models import Grant, Person
from pehra.access.rules.roles import PERMISSIONS, Permission, Role
from pehra.kernel.actors import Actor

TOLD_MAX = 100  # people whom one act tells
LEADS = [role.value for role in Role if Permission.ACCESS_GRANT in PERMISSIONS[role]]


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One message about access: to whom, of what kind, about whom. `key` is the same for the same act and address."""

    kind: str  # `recovered`, `email-changed`
    email: str
    name: str
    language: str
    about: UUID
    about_name: str
    own: bool  # whether it goes to the person whom it concerns, or to those who lead them
    teams: tuple[str, ...]
    at: datetime
    key: str


Teller = Callable[[list[Telling], Actor, datetime], object]
_tellers: list[Teller] = []


def tell_through(teller: Teller) -> None:
    """Let this function queue what is told from now on; the same one a second time is nothing."""
    if teller not in _tellers:
        _tellers.append(teller)


def tell(*, kind: str, person: Person, addresses: Iterable[str], teams: Iterable[str], key: str, by: Actor,
         at: datetime) -> None:  # fmt: skip
    """Tell somebody at these addresses, and everybody who gives roles in these teams, what was done."""
    told = tuple(sorted(teams))

    def telling(*, email: str, name: str, language: str, own: bool) -> Telling:
        return Telling(
            kind=kind, email=email, name=name, language=language, about=person.id, about_name=person.name, own=own,
            teams=told, at=at, key=f"access/{kind}/{key}/{email}"[:200],
        )  # fmt: skip

    tellings = [
        telling(email=email, name=person.name, language=person.language, own=True) for email in dict.fromkeys(addresses)
    ]
    leads = Grant.objects.filter(queries.valid_at(at), role__in=LEADS, team__in=told, person__active=True)
    leaders = Person.objects.filter(id__in=leads.values("person_id"), service=False).exclude(id=person.id)
    tellings += [
        telling(email=row.email, name=row.name, language=row.language, own=False)
        for row in leaders.order_by("email")[:TOLD_MAX]
    ]
    for teller in _tellers:
        teller(tellings, by, at)
