"""Coming in by the sign-in of another organisation: whom its word lets in, and who made the link.

Nobody is signed up. A person is found by a link that they made while they were signed in, or by an address that the
provider verified and that the operator believes it for. Every other answer is one refusal.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access.api.granting import teams_of_person
from pehra.access.api.second_wall import elevated
from pehra.access.gateways import providers as gateway
from pehra.access.models import Person
from pehra.access.rules import providers as rules
from pehra.access.rules.providers import Provider, Word
from pehra.access.sessions import proofs
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault, Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

LINKS_MAX = 5  # of one person


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A way to a provider that was begun: where to go, and what must come back. Kept in the browser's session."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, kw_only=True)
class ProviderView:
    """A provider as pages and commands show it; `linked` is whether the reader made a link to it."""

    id: str
    name: str
    issuer: str
    trusted_domains: tuple[str, ...]
    second_factor: tuple[str, ...]
    linked: bool = False


def providers(*, by: Actor | None = None) -> list[ProviderView]:
    """Return the providers in the order of the file, and which of them the actor made a link to."""
    own = set()
    if by is not None and not by.is_system:
        own = set(SocialAccount.objects.filter(user_id=by.id).values_list("provider", flat=True))
    return [
        ProviderView(
            id=row.id,
            name=row.name,
            issuer=row.issuer,
            trusted_domains=tuple(sorted(row.trusted_domains)),
            second_factor=tuple(sorted(row.second_factor_amr | row.second_factor_acr)),
            linked=row.id in own,
        )
        for row in gateway.configured()
    ]


def provider_flaws(provider_id: str) -> list[str]:
    """Return what is wrong with a provider as it stands now, as sentences; empty when it answers as it should."""
    row = _provider(provider_id)
    flaws = []
    for check in (gateway.secret_of, gateway.described):
        try:
            check(row)
        except Fault as fault:
            flaws.append(str(fault))
    if not flaws and "S256" not in gateway.described(row).get("code_challenge_methods_supported", ["S256"]):
        flaws.append(f"{row.name} does not know PKCE by S256")
    return flaws


def ask_provider(*, provider_id: str, redirect_uri: str) -> Asking:
    """Return where to go to sign in at a provider: code flow, PKCE by S256, with a state and a nonce of its own."""
    row = _provider(provider_id)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": row.client_id, "redirect_uri": redirect_uri, "scope": "openid email",
        "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    endpoint = gateway.described(row)["authorization_endpoint"]
    address = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
    return Asking(address=address, state=state, nonce=nonce, verifier=verifier)


def word_of_provider(
    *, provider_id: str, code: str, issuer: str, asking: Asking, redirect_uri: str, at: datetime
) -> Word:
    """Return what a provider says of who came back; refuse an answer that another provider gave (RFC 9207)."""
    row = _provider(provider_id)
    if issuer and issuer != row.issuer:
        raise Forbidden(_("The other organisation's answer was not for this sign-in."))
    claims = gateway.redeem(row, code=code, verifier=asking.verifier, redirect_uri=redirect_uri)
    return rules.word_of(claims, provider=row, nonce=asking.nonce, at=at)


@elevated(part="access.providers", only_people=True)
def person_of_word(*, provider_id: str, word: Word) -> Person:
    """Return the active person whom a provider's word lets in; one refusal for everybody else."""
    people = Person.objects.filter(active=True, service=False)
    linked = SocialAccount.objects.filter(provider=provider_id, uid=word.subject).first()
    if linked is not None:
        person = people.filter(id=linked.user_id).first()
    else:
        person = people.filter(email=word.email).first() if word.email else None
        if person is not None and SocialAccount.objects.filter(user=person, provider=provider_id).exists():
            person = None  # they linked another account of that provider: an address that moved on is not them
    if person is None:
        raise Forbidden(_("This sign-in lets nobody in here. Sign in in another way and make a link first."))
    return person


@transaction.atomic
@elevated(part="access.providers", only_people=True)
def link_provider(*, provider_id: str, word: Word, by: Actor, at: datetime) -> None:
    """Let the actor come in by this account of a provider from now on."""
    row = _provider(provider_id)
    person = Person.objects.select_for_update().get(id=by.id)
    held = SocialAccount.objects.filter(provider=row.id, uid=word.subject).first()
    if held is not None and held.user_id != person.id:
        raise Forbidden(_("This account of the other organisation belongs to somebody else here."))
    if held is not None:
        return
    if SocialAccount.objects.filter(user=person).count() >= LINKS_MAX:
        raise Invalid(_("there are too many such links; end one first"), field="provider")
    SocialAccount.objects.create(user=person, provider=row.id, uid=word.subject, extra_data={})
    _record(row.id, "create", person.id, by=by, at=at)


@transaction.atomic
def unlink_provider(*, provider_id: str, by: Actor, at: datetime) -> None:
    """End the actor's link to a provider; there being none is nothing. The last way in is not taken away."""
    if settings.PEHRA_MFA_REQUIRED and not proofs.has_strong(Person.objects.get(id=by.id)):
        raise Invalid(_("This is the last way in that you have. Add another first."), field="provider")
    ended, _each = SocialAccount.objects.filter(user_id=by.id, provider=provider_id).delete()
    if ended:
        _record(provider_id, "delete", UUID(by.id), by=by, at=at)


def _record(provider_id: str, change: str, person_id: UUID, *, by: Actor, at: datetime) -> None:
    facts = {"change": change, "kind": "provider", "provider": provider_id}
    teams = teams_of_person(person_id, at=at)
    ledger.record("access.credential.changed", subject=f"person:{person_id}", by=by, at=at, teams=teams, facts=facts)


def _provider(provider_id: str) -> Provider:
    found = next((row for row in gateway.configured() if row.id == provider_id), None)
    if found is None:
        raise NotVisible(_("There is no such provider."))
    return found
