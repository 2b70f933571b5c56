"""A password that others know: found out by comparing, and made useless at once.

Whoever may compare guesses with passwords has a way to guess them, so only Pehra itself may: nobody is told the answer,
and what follows from it stands in the ledger. Other credentials stay: a password alone let nobody in where two factors
are asked for, and a passkey is how the person comes in to choose a new one.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.granting import teams_of
from pehra.access.api.second_wall import elevated
from pehra.access.models import Person
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

ADDRESSES_MAX = 1_000_000
REASON_CHARACTERS_MAX = 500


@elevated(part="access.compromise", only_people=True)
def people_at(*, addresses: Iterable[str], by: Actor) -> dict[str, UUID]:
    """Return who of these addresses signs in here, open account or closed; a service account has no password."""
    _require_pehra(by)
    wanted = {address.lower() for address in addresses}
    if len(wanted) > ADDRESSES_MAX:
        raise Invalid(f"more than {ADDRESSES_MAX} addresses at once", field="addresses")
    rows = Person.objects.filter(service=False, email__in=wanted)
    return {row.email: row.id for row in rows.only("id", "email")}


@elevated(part="access.compromise", only_people=True)
def is_password_of(*, person_id: UUID, candidate: str, by: Actor) -> bool:
    """Whether this is a person's password now. Nothing is written, neither the candidate nor that it was asked."""
    _require_pehra(by)
    person = Person.objects.filter(id=person_id, service=False).only("password").first()
    if person is None or not person.has_usable_password():
        return False
    return check_password(candidate, person.password)


@transaction.atomic
@elevated(part="access.compromise", only_people=True)
def force_new_credential(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> bool:
    """Make a person's password useless and end their sessions; return whether there was a password to end.

    The hash that every session carries changes with it: one that nobody keeps a list of ends at its next request.
    """
    _require_pehra(by)
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise Invalid(f"say why, in at most {REASON_CHARACTERS_MAX} characters", field="reason")
    person = Person.objects.select_for_update().filter(id=person_id, service=False).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    if not person.has_usable_password():
        return False
    person.set_unusable_password()
    Person.objects.filter(id=person.id).update(password=person.password)
    for session in UserSession.objects.filter(user=person):
        session.end()
    subject = f"person:{person.id}"
    teams = sorted({team for granted in queries.granted_to(person.id, at=at) for team in teams_of(granted.scope)})
    for event, facts in (
        ("access.credential.changed", {"change": "revoke", "kind": "password", "why": reason}),
        ("access.session.ended", {"which": "all", "why": reason}),
    ):
        ledger.record(event, subject=subject, by=by, at=at, teams=teams, facts=facts)
    return True


def _require_pehra(by: Actor) -> None:
    if not by.is_system:
        raise Forbidden(_("Only Pehra itself compares passwords: nobody is told whether one is right."))
