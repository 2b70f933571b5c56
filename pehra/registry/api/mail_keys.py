"""Keys of contacts: who sets one, and which are used for an address. The key itself is text beside its contact.

A key decides who can read what is sealed to an organisation, so it is set by who may change that organisation, is shown
with its fingerprint, and stands in the ledger with it. An import without a key leaves the one that is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel import mail_keys
from pehra.kernel.actors import Actor
from pehra.kernel.mail_keys import MailKey
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.registry.models import Contact, Organisation
from pehra.registry.queries import contacts as rows


@dataclass(frozen=True, kw_only=True)
class KeyView:
    """A key as a page shows it: by what it is known, whether it is used now, and if not, why."""

    kind: str
    fingerprint: str
    addresses: tuple[str, ...]
    expires: datetime | None
    problem: str
    names_address: bool


def keys_shown(*, key: str, email: str, at: datetime) -> tuple[KeyView, ...]:
    """Return the keys in a contact's text, each with whether it is used now."""
    return tuple(_shown(found, email=email, at=at) for found in mail_keys.readable([key]))


def _shown(key: MailKey, *, email: str, at: datetime) -> KeyView:
    return KeyView(
        kind=key.kind.value,
        fingerprint=key.fingerprint,
        addresses=key.addresses,
        expires=key.expires,
        problem=key.problem(at),
        names_address=key.is_of(email),
    )


@access.elevated(part="registry.keys")
def known_mail_keys(*, email: str) -> list[str]:
    """Return the keys that any contact with this address has: by them a signature of theirs is known."""
    return rows.keys_of(email=email)


@access.elevated(part="registry.keys")
def mail_keys_for(*, email: str, organisation: str) -> list[str]:
    """Return the keys to seal a message with: of this organisation's contact, or a parent's, or a team's; no other's.

    A stranger's contact row with the same address and another key must not decide who can read the message.
    """
    reached = rows.reaching([organisation]).get(organisation, []) if organisation else []
    found = [contact.key for contact in reached if contact.key and contact.email.lower() == email.lower()]
    return found or rows.keys_of(email=email, of_teams=True)


@transaction.atomic
def set_contact_key(*, holder: str, email: str, key: str, role: str = "", by: Actor, at: datetime) -> Sequence[KeyView]:
    """Set the key of the contacts of an organisation or a team that have an address; an empty text takes it away."""
    contacts = _for_change(holder, email=email, role=role, by=by)
    found = mail_keys.read(key)
    if key.strip() and not found:
        raise Invalid(_("A fingerprint alone encrypts nothing: give the key itself."), field="key")
    for one in found:
        problem = one.problem(at)
        if problem:
            said = {"fingerprint": one.fingerprint, "problem": problem}
            raise Invalid(_("The key %(fingerprint)s is of no use: %(problem)s.") % said, field="key")
    Contact.objects.filter(id__in=[contact.id for contact in contacts]).update(key=key.strip())
    ledger.record(
        "registry.contact.key.set",
        subject=f"registry:{holder}",
        by=by,
        at=at,
        teams=_teams_of(contacts[0]),
        facts={"fingerprints": [one.fingerprint for one in found], "contacts": len(contacts)},
    )
    return [_shown(one, email=email, at=at) for one in found]


def _for_change(holder: str, *, email: str, role: str, by: Actor) -> list[Contact]:
    """Return the contacts that are meant, locked; those of what one may not see are not there."""
    access.require(by, Permission.REGISTRY_IMPORT)
    seen = Organisation.objects.all().visible_to(by).filter(code=holder)
    contacts = Contact.objects.filter(email__iexact=email.strip()).order_by("id")
    contacts = contacts.filter(organisation__in=seen) if seen.exists() else contacts.filter(team=holder)
    if role:
        contacts = contacts.filter(role=role)
    found = list(contacts.select_for_update(of=("self",)).select_related("organisation", "team"))
    if not found:
        raise NotVisible(_("There is no such contact."))
    access.require(by, Permission.REGISTRY_IMPORT, teams=_teams_of(found[0]))
    return found


def _teams_of(contact: Contact) -> list[str]:
    if contact.organisation is not None:
        return list(contact.organisation.teams)
    return [contact.team.code] if contact.team is not None else []
