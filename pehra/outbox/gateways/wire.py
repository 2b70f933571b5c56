"""The bytes of a message as they leave, made once: what a signature or a cipher made is kept before it is sent.

A plain message follows from its row. A sealed one does not, for each signing and each encryption comes out differently;
so its seal lies in the vault, under the hash that the row names with what it was made of. Where recipient, text or
files are others than those, as after a new address, it is made anew.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from pehra.kernel import mail_keys
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Fault, Invalid
from pehra.outbox.gateways import sealing
from pehra.outbox.gateways.transport import TemporaryFault
from pehra.outbox.models import Message
from pehra.outbox.rules import letters, sealed_letters
from pehra.outbox.rules.leaving import must_be_encrypted
from pehra.outbox.rules.letters import ATTACHMENTS_BYTES_MAX, Letter
from pehra.outbox.rules.sealed_letters import Sealed, Standard
from pehra.vault import api as vault

SEAL_BYTES_MAX = 4 * ATTACHMENTS_BYTES_MAX  # base64 inside, armour outside


def content_of(row: Message, letter: Letter, *, at: datetime) -> tuple[bytes, Mapping[str, str]]:
    """Return the bytes of a message that is about to be sent, and what its proof says of its seal."""
    made_of = _made_of(letter, team=row.lead_team)
    kept = row.seal or {}
    if kept.get("made_of") != made_of:
        kept = _made(row, letter, made_of=made_of, at=at)
    if not kept.get("sha256"):
        return letters.compose(letter), {}
    try:
        content = vault.read(kept["sha256"])
    except Fault as fault:
        raise TemporaryFault(f"the kept seal of this message cannot be read: {fault}") from fault
    sealed = Sealed(
        standard=Standard(kept["standard"]), encrypted=kept["encrypted"], content=content, digest=kept["digest"]
    )
    return sealed_letters.compose(letter, sealed, about=row.about if row.about.isascii() else ""), _told(kept)


def _made_of(letter: Letter, *, team: str) -> str:
    """Return a hash of all that a seal depends on but the keys."""
    said = sealed_letters.entity(letter, with_subject=True)
    return hashlib.sha256("\n".join((letter.to_email, team, "")).encode() + said).hexdigest()


def _made(row: Message, letter: Letter, *, made_of: str, at: datetime) -> dict[str, Any]:
    """Make the seal, keep it, and note it in the row, unless another sender has taken the message meanwhile."""
    ask: Callable[..., list[str]] = import_string(settings.PEHRA_OUTBOX_KEYS_FROM)
    keys = mail_keys.readable(ask(email=row.recipient_email, organisation=row.organisation))
    try:
        needed = must_be_encrypted(Tlp(row.tlp), least=settings.PEHRA_OUTBOX_ENCRYPT_FROM)
    except Invalid as refused:
        raise TemporaryFault(refused.message) from refused
    made = sealing.seal(letter, team=row.lead_team, keys=keys, at=at, needed=needed)
    if made is None:
        return {}
    try:
        kept = vault.keep(made.sealed.content, limit=SEAL_BYTES_MAX)
    except Fault as fault:
        raise TemporaryFault(str(fault)) from fault
    noted = {
        "sha256": kept.sha256,
        "made_of": made_of,
        "standard": made.sealed.standard.value,
        "encrypted": made.sealed.encrypted,
        "digest": made.sealed.digest,
        "signed_by": made.signed_by,
        "encrypted_for": made.encrypted_for,
    }
    if not Message.objects.filter(id=row.id, attempts=row.attempts).update(seal=noted):
        raise TemporaryFault("another sender has taken this message")
    return noted


def _told(kept: Mapping[str, Any]) -> dict[str, str]:
    how = "signed" if kept["signed_by"] else ""
    if kept["encrypted"]:
        how = "signed and encrypted" if how else "encrypted"
    told = {"sealed": f"{how} ({kept['standard']})"}
    return told | {name: kept[name] for name in ("signed_by", "encrypted_for") if kept[name]}
