"""Coming back in without one's credentials, and another e-mail address: the two roads by which an account is stolen.

Somebody who lost everything asks their lead, who hands them a link; using it ends every old credential, session and
token, and tells the person's old address and everybody who leads their teams. Where the person holds a role that the
profile names, a second person agrees first, and the link is then made once, by the one who asked. Nobody does either
for themselves. The machine's own command does both alone, and the ledger says so.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api import asking, credentials
from pehra.access.api.deciding import actor_for, may, require
from pehra.access.api.granting import NeedsSecondPerson, needs_second_person, require_within, teams_of_person
from pehra.access.api.second_wall import elevated
from pehra.access.api.telling import tell
from pehra.access.models import OneTimeLink, PendingAct, Person
from pehra.access.rules import links
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

RECOVERY_VALID_DEFAULT = timedelta(hours=24)
RECOVERY_VALID_MAX = timedelta(days=3)
SHOWN_FOR, SHOWN_MAX = timedelta(days=7), 50
RECOVERY, EMAIL_CHANGE = "recovery", "email-change"


@dataclass(frozen=True, kw_only=True)
class RecoveryView:
    """How a person could come back in: with which kinds of credential now, by how many people, and what was agreed."""

    credentials: tuple[str, ...]
    second_person: bool
    agreed: bool


@elevated(part="access.recovery", only_people=True)
def recovery_of(*, person_id: UUID, by: Actor, at: datetime) -> RecoveryView:
    """Return how a person in the actor's hands could be recovered."""
    person = _person(person_id, by=by, at=at, lock=False)
    return RecoveryView(
        credentials=tuple(credentials.kinds_of(person)),
        second_person=is_privileged(person.id, at=at) and not by.is_system,
        agreed=_agreed(person.id, by=by, at=at) is not None,
    )


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """Somebody who came back by a recovery link: whom, who made the link, and when it was used."""

    person: UUID
    person_name: str
    issued_by: str
    at: datetime


@elevated(part="access.recovery", only_people=True)
def recovered_lately(*, by: Actor, at: datetime) -> list[Recovered]:
    """Return who came back within a week, of the people whose access lies in the actor's hands, newest first."""
    if not may(by, Permission.ACCESS_GRANT):
        return []
    used = OneTimeLink.objects.filter(recovery=True, used_at__gt=at - SHOWN_FOR, used_at__lte=at)
    rows = used.filter(person__in=queries.people_visible_to(by)).select_related("person").order_by("-used_at")
    found = list(rows[:SHOWN_MAX])
    names = queries.names_of({row.issued_by for row in found})
    return [
        Recovered(
            person=row.person_id,
            person_name=row.person.name,
            issued_by=names.get(row.issued_by, row.issued_by),
            at=row.used_at,
        )
        for row in found
        if row.used_at is not None
    ]


def is_privileged(person_id: UUID, *, at: datetime) -> bool:
    """Whether a person holds a role that the profile wants two people for."""
    held = queries.granted_to(person_id, at=at)
    return any(needs_second_person(role=granted.role, scope=granted.scope, at=at) for granted in held)


@transaction.atomic
@elevated(part="access.recovery", only_people=True)
def recover(*, person_id: UUID, reason: str, by: Actor, at: datetime,
            valid: timedelta = RECOVERY_VALID_DEFAULT) -> str:  # fmt: skip
    """Return the token of a new recovery link, which ends all old credentials when it is used. It is told once.

    For whom the profile wants two people, a second must have agreed (`ask_for_recovery`); the one who asked makes it.
    """
    if not timedelta() < valid <= RECOVERY_VALID_MAX:
        raise Invalid(_("a link is valid for at most %(days)s days") % {"days": RECOVERY_VALID_MAX.days}, field="valid")
    person = _person(person_id, by=by, at=at)
    facts: dict[str, object] = {}
    if not by.is_system and is_privileged(person.id, at=at):
        question = _agreed(person.id, by=by, at=at)
        if question is None:
            raise NeedsSecondPerson(_("This person holds a role of two people: a second must agree to the recovery."))
        PendingAct.objects.filter(id=question.id).update(facts=question.facts | {"done": True})
        facts = {"question": str(question.id), "decided_by": question.decided_by}
        reason = reason.strip() or question.reason
    _require_reason(reason)
    token = secrets.token_urlsafe(links.TOKEN_BYTES)
    OneTimeLink.objects.create(
        token_sha256=links.digest(token),
        person=person,
        recovery=True,
        issued_by=by.id,
        issued_at=at,
        expires_at=at + valid,
    )
    _record(
        "access.link.issued", person.id, facts | {"recovery": True, "expires": at + valid, "reason": reason.strip()},
        by=by, at=at,
    )  # fmt: skip
    return token


@transaction.atomic
@elevated(part="access.recovery", only_people=True)
def ask_for_recovery(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> UUID:
    """Ask that a second person agree to somebody's recovery; the link is made afterwards, by who asked."""
    person = _person(person_id, by=by, at=at)
    _require_reason(reason)
    return asking.ask(act=RECOVERY, person_id=person.id, facts={}, reason=reason, by=by, at=at)


@transaction.atomic
@elevated(part="access.recovery", only_people=True)
def change_email(*, person_id: UUID, email: str, reason: str, by: Actor, at: datetime) -> None:
    """Give a person another e-mail address; their old one is told. For a role of two people it must be asked for."""
    person = _person(person_id, by=by, at=at)
    _require_reason(reason)
    address = _free_address(email, person=person)
    if not by.is_system and is_privileged(person.id, at=at):
        raise NeedsSecondPerson(_("This person holds a role of two people: a second must agree to the new address."))
    _change_email(person, address, {"reason": reason.strip()}, by=by, at=at)


@transaction.atomic
@elevated(part="access.recovery", only_people=True)
def ask_for_email_change(*, person_id: UUID, email: str, reason: str, by: Actor, at: datetime) -> UUID:
    """Ask that a person be given another e-mail address, which a second person decides."""
    person = _person(person_id, by=by, at=at)
    _require_reason(reason)
    facts = {"email": _free_address(email, person=person)}
    return asking.ask(act=EMAIL_CHANGE, person_id=person.id, facts=facts, reason=reason, by=by, at=at)


def come_back(person: Person, *, issued_by: str, at: datetime) -> None:
    """Do what the use of a recovery link means: every old credential ends, and everybody concerned is told."""
    by = actor_for(person_id=person.id, at=at)
    teams = teams_of_person(person.id, at=at)
    credentials.end_all(person, teams=teams, why="recovery", by=by, at=at)
    _record("access.recovered", person.id, {"issued_by": issued_by}, by=by, at=at)
    tell(kind="recovered", person=person, addresses=[person.email], teams=teams, key=f"{person.id}/{at.isoformat()}",
         by=by, at=at)  # fmt: skip


def _person(person_id: UUID, *, by: Actor, at: datetime, lock: bool = True) -> Person:
    """Return an active person who lies in the actor's hands and is not the actor; locked, to be changed."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    rows = Person.objects.select_for_update() if lock else Person.objects.all()
    person = rows.filter(id=person_id, active=True).first()
    if person is None:
        raise NotVisible(_("There is no such person."))
    if person.service:
        raise Invalid(_("A service account never signs in. Give it a token."), field="person")
    if by.id == str(person.id):
        raise Forbidden(_("Nobody does this for themselves. Ask somebody who may give you your roles."))
    require_within(person.id, by=by, at=at)
    return person


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("say why"), field="reason")


def _free_address(email: str, *, person: Person) -> str:
    """Return an address as it is kept; refuse what is none, the same again, and one that somebody has."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("%(email)s is not an e-mail address") % {"email": email}, field="email") from error
    if address == person.email:
        raise Invalid(_("this is their address already"), field="email")
    if Person.objects.filter(email=address).exists():
        raise Invalid(_("this address belongs to another account"), field="email")
    return address


def _change_email(person: Person, address: str, facts: dict[str, object], *, by: Actor, at: datetime) -> None:
    """Write the new address down, end the links that were sent to the old one, and tell both."""
    old = person.email
    person.email = address
    person.save(update_fields=["email"])
    EmailAddress.objects.filter(user=person).update(email=address)
    OneTimeLink.objects.filter(person=person, used_at__isnull=True).delete()
    _record("access.email.changed", person.id, facts, by=by, at=at)
    tell(
        kind="email-changed", person=person, addresses=[old, address], teams=teams_of_person(person.id, at=at),
        key=f"{person.id}/{at.isoformat()}", by=by, at=at,
    )  # fmt: skip


def _agreed(person_id: UUID, *, by: Actor, at: datetime) -> PendingAct | None:
    """Return the recovery that this actor asked for, that another agreed to, and that has not been made yet."""
    rows = PendingAct.objects.filter(act=RECOVERY, person_id=person_id, asked_by=by.id, agreed=True, expires_at__gt=at)
    return rows.filter(facts={}).first()  # `recover` marks the one that it used


def _record(event: str, person_id: UUID, facts: dict[str, object], *, by: Actor, at: datetime) -> None:
    alone = {"alone": "the machine's own command"} if by.is_system else {}
    teams = teams_of_person(person_id, at=at)
    ledger.record(event, subject=f"person:{person_id}", by=by, at=at, teams=teams, facts=facts | alone)


def _may_decide(row: PendingAct, by: Actor, at: datetime) -> bool:
    try:
        _person(row.person_id, by=by, at=at, lock=False)
    except (Forbidden, NotVisible, Invalid):
        return False
    return True


def _agree(row: PendingAct, by: Actor, at: datetime) -> None:
    """Refuse to agree where the one who asked may no longer do it; a new address is written at once."""
    try:
        asker = actor_for(person_id=UUID(row.asked_by), at=at)
        person = _person(row.person_id, by=asker, at=at)
    except (NotVisible, Forbidden, ValueError) as error:
        raise Forbidden(_("Who asked may no longer do this.")) from error
    if row.act == EMAIL_CHANGE:
        facts: dict[str, object] = {"reason": row.reason, "asked_by": row.asked_by, "question": str(row.id)}
        _change_email(person, _free_address(row.facts["email"], person=person), facts, by=by, at=at)


for _act in (RECOVERY, EMAIL_CHANGE):
    asking.ACTS[_act] = asking.Act(
        may_decide=_may_decide, do=_agree, teams=lambda row: teams_of_person(row.person_id, at=row.asked_at)
    )
