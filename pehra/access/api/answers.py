"""What a program was answered under its key, kept for a day: what is sent twice is done once.

The claim, the act and the answer are one transaction. An answer is its holder's alone, and is given again only for the
very same request with the very same rights.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.utils.translation import gettext as _

from pehra.access.gateways import kept_answers
from pehra.access.models import KeptAnswer
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid

ANSWERS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A key as it stands: without a status it is the caller's to do and to answer."""

    id: UUID
    status: int | None
    body: bytes


def claim_answer(*, key: str, request_sha256: str, by: Actor, at: datetime) -> Claim:
    """Claim a key for one request, in the transaction of its act; refuse one that was used for another.

    Who comes second waits here for the first to end, and finds its answer, or nothing where it failed.
    """
    fresh = KeptAnswer(
        id=new_id(at),
        holder_id=UUID(by.id),
        key_sha256=sha256(key.encode()).hexdigest(),
        request_sha256=request_sha256,
        at=at,
    )
    if kept_answers.claim(fresh):
        return Claim(id=fresh.id, status=None, body=b"")
    kept = KeptAnswer.objects.filter(holder_id=UUID(by.id), key_sha256=fresh.key_sha256)
    row = kept.get()
    if row.at <= at - ANSWERS_KEPT:
        # Older than a day, and not yet swept: the key is free again.
        kept.filter(id=row.id).delete()
        kept_answers.claim(fresh)
        row = kept.get()
    if row.request_sha256 != request_sha256:
        raise Invalid(_("this key was used for another request, or with other rights"), field="Idempotency-Key")
    return Claim(id=row.id, status=row.status, body=bytes(row.body))


def keep_answer(*, claim_id: UUID, status: int, body: bytes, by: Actor) -> None:
    """Keep what a claimed request was answered, in the same transaction."""
    KeptAnswer.objects.filter(id=claim_id, holder_id=UUID(by.id)).update(status=status, body=body)


def forget_answers(*, at: datetime) -> int:
    """Forget every answer that is older than a day: for the daily sweep; return how many."""
    return KeptAnswer.objects.filter(at__lte=at - ANSWERS_KEPT).delete()[0]
