"""Asking the time-stamping authority, a stamp at a time: taken in one short transaction, marked in another.

The call to the authority is outside both. A worker that dies in between leaves a lease that runs out; the stamp is then
asked for again, which is harmless: an authority stamps as often as it is asked.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from pehra.access import api as access
from pehra.incidents.api.evidence import write_down
from pehra.incidents.gateways import time_stamps
from pehra.incidents.gateways.time_stamps import Stamp
from pehra.incidents.models import Evidence, EvidenceStamp
from pehra.incidents.rules import evidence as rules
from pehra.incidents.rules.custody import Act
from pehra.kernel.actors import Actor, system
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Fault, Refusal

LEASE = timedelta(minutes=2)
STAMPS_A_ROUND_MAX = 20


def stamp_due(*, at: datetime, limit: int = STAMPS_A_ROUND_MAX) -> int:
    """Ask for the stamps that are due; return how many were tried. Refuses to start inside a transaction."""
    for tried in range(min(limit, STAMPS_A_ROUND_MAX)):
        row = _claim(at=at)
        if row is None:
            return tried
        try:
            answer, stamp = _asked(row)
        except (Fault, Refusal) as problem:
            _mark_failed(row, str(problem), at=at)
        else:
            _mark_stamped(row, answer, stamp, by=system("incidents"), at=at)
    return limit


def _claim(*, at: datetime) -> EvidenceStamp | None:
    with transaction.atomic(durable=True):
        due = EvidenceStamp.objects.filter(next_attempt_at__lte=at).order_by("next_attempt_at")
        row = due.select_for_update(skip_locked=True, of=("self",)).select_related("evidence").first()
        if row is not None:
            row.attempts += 1
            EvidenceStamp.objects.filter(id=row.id).update(attempts=row.attempts, next_attempt_at=at + LEASE)
        return row


def _asked(row: EvidenceStamp) -> tuple[bytes, Stamp]:
    """Return the authority's answer and what it says, when it holds."""
    roots = time_stamps.trusted(settings.PEHRA_TSA_CERTIFICATES)
    question = time_stamps.question(row.evidence.sha256)
    headers = {"Content-Type": time_stamps.REQUEST_TYPE, "Accept": time_stamps.ANSWER_TYPE}
    answer = access.post_outside(row.authority, body=question.body, headers=headers, reads=True)
    if answer.status != 200:
        raise Fault(f"the authority answered {answer.status}")
    stamp = time_stamps.judged(answer.body, sha256=row.evidence.sha256, nonce=question.nonce, roots=roots)
    return answer.body, stamp


def _mark_stamped(row: EvidenceStamp, answer: bytes, stamp: Stamp, *, by: Actor, at: datetime) -> None:
    with transaction.atomic(durable=True):
        evidence = Evidence.objects.select_for_update(of=("self",)).select_related("incident").get(id=row.evidence_id)
        mine = EvidenceStamp.objects.filter(id=row.id, attempts=row.attempts, stamped_at=None)
        changed = mine.update(
            answer=answer,
            stamped_at=stamp.stamped_at,
            serial=stamp.serial,
            signer=stamp.signer[:500],
            next_attempt_at=None,
            problem="",
        )
        if changed:
            facts = {"authority": row.authority, "stamped_at": format_time(stamp.stamped_at), "serial": stamp.serial}
            write_down(evidence, Act.STAMPED, by=by, at=at, facts=facts)


def _mark_failed(row: EvidenceStamp, problem: str, *, at: datetime) -> None:
    wait = rules.stamp_again_after(row.attempts)
    with transaction.atomic(durable=True):
        mine = EvidenceStamp.objects.filter(id=row.id, attempts=row.attempts, stamped_at=None)
        mine.update(problem=problem[:2_000], next_attempt_at=at + wait if wait else None)
