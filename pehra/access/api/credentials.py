"""What somebody signs in with, as kinds and never as secrets: whether there is any, and the end of all of it."""

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from pehra.access.api.provider import end_service_uses
from pehra.access.api.sessions import end_all_of
from pehra.access.models import ApiToken, OneTimeLink, Person
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger

KINDS = {"webauthn": "passkey", "totp": "totp", "recovery_codes": "recovery-codes"}


def kinds_of(person: Person) -> list[str]:
    """Return what kinds of credential a person has, in order; none means that only a link lets them in."""
    held = Authenticator.objects.filter(user=person).values_list("type", flat=True).distinct()
    kinds = {KINDS.get(kind, kind) for kind in held}
    if person.password and person.has_usable_password():
        kinds.add("password")
    if SocialAccount.objects.filter(user=person).exists():
        kinds.add("provider")
    return sorted(kinds)


def end_all(person: Person, *, teams: list[str], why: str, by: Actor, at: datetime) -> None:
    """End everything by which somebody could act as this person: credentials, sessions, tokens, links not yet used.

    A password that cannot be used also changes the hash that every session carries: one that nobody keeps a list of
    ends at its next request all the same.
    """
    kinds = kinds_of(person)
    Authenticator.objects.filter(user=person).delete()
    SocialAccount.objects.filter(user=person).delete()
    person.set_unusable_password()
    person.save(update_fields=["password"])
    OneTimeLink.objects.filter(person=person, used_at__isnull=True).delete()  # that they were given stays written
    for kind in kinds:
        _record("access.credential.changed", person.id, {"change": "delete", "kind": kind, "why": why}, teams, by, at)
    end_all_of(person.id, why=why, by=by, at=at)
    end_service_uses(person_id=person.id, at=at)  # what other services hold of them, whatever session it came from
    for token in ApiToken.objects.select_for_update().filter(holder=person, revoked_at__isnull=True, expires_at__gt=at):
        ApiToken.objects.filter(id=token.id).update(revoked_at=at)
        _record("access.token.revoked", person.id, {"token": str(token.id), "name": token.name, "reason": why}, teams,
                by, at)  # fmt: skip


def _record(event: str, person_id: UUID, facts: dict[str, object], teams: list[str], by: Actor, at: datetime) -> None:
    ledger.record(event, subject=f"person:{person_id}", by=by, at=at, teams=teams, facts=facts)
