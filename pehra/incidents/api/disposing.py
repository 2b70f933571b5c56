"""The end of evidence: held, asked to be destroyed by one person, confirmed by another, and its bytes taken away.

The row, its hash, its stamps and its log stay; only the bytes go, and only when nothing else keeps the same bytes. The
tables say first that a piece is destroyed, and the file goes after that is sure: whoever dies in between leaves a file
that nobody is given, and the worker takes it away. What is destroyed does not come back.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.api.evidence import require_there, write_down
from pehra.incidents.models import Evidence, EvidenceDisposal, EvidenceHold
from pehra.incidents.queries import evidence as reading
from pehra.incidents.queries.evidence import EvidenceView
from pehra.incidents.rules import disposal as rules
from pehra.incidents.rules import evidence as evidence_rules
from pehra.incidents.rules.custody import Act
from pehra.incidents.rules.disposal import Bar, Outcome, Standing
from pehra.incidents.rules.states import LIVE, State
from pehra.kernel.actors import Actor, ActorKind, system
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.vault import api as vault

PEHRA = system("incidents")


@transaction.atomic
def hold_evidence(*, ref: str, number: int, reason: str, by: Actor, at: datetime) -> EvidenceView:
    """Hold a piece, as under a court's order: until the hold is lifted nothing destroys it."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CLOSE, by=by)
    require_there(row)
    why = _words(reason, field="reason", message=_("Say on whose order, and until when if that is known."))
    last = EvidenceHold.objects.filter(evidence=row).order_by("-number").values_list("number", flat=True).first() or 0
    EvidenceHold.objects.create(
        id=new_id(at),
        evidence=row,
        number=last + 1,
        reason=why,
        placed_at=at,
        placed_by=by.id,
        placed_by_name=by.name,
    )
    write_down(row, Act.HELD, by=by, at=at, reason=why, facts={"hold": last + 1})
    return reading.one_evidence(ref, number, by=by)


@transaction.atomic
def lift_hold(*, ref: str, number: int, hold: int, reason: str, by: Actor, at: datetime) -> EvidenceView:
    """Lift one hold of a piece; those of others stand."""
    row = _locked(ref, number, by=by)
    why = _words(reason, field="reason", message=_("Say by which rule or order."))
    found = EvidenceHold.objects.filter(evidence=row, number=hold, lifted_at=None)
    if not found.update(lifted_at=at, lifted_by=by.id, lifted_because=why):
        raise Invalid(_("No such hold stands."), field="hold")
    write_down(row, Act.HOLD_LIFTED, by=by, at=at, reason=why, facts={"hold": hold})
    return reading.one_evidence(ref, number, by=by)


@transaction.atomic
def ask_for_disposal(*, ref: str, number: int, reason: str, order: str = "", by: Actor, at: datetime) -> EvidenceView:
    """Ask that a piece be destroyed, which another person of the lead team confirms.

    `order` names on whose order it is destroyed although its time is not over, or none was set.
    """
    row = _locked(ref, number, by=by)
    _require_person(by)
    why = _words(reason, field="reason", message=_("Say why it is destroyed."))
    named = evidence_rules.words(order, field="order", needed=False, message="")
    if EvidenceDisposal.objects.filter(evidence=row, outcome=Outcome.ASKED, ends_at__gt=at).exists():
        raise Invalid(_("This was asked already, and waits for another person."), field="reason")
    _require_may_end(row, order=named, at=at)
    _run_out(row, at=at)
    asked = EvidenceDisposal.objects.create(
        id=new_id(at),
        evidence=row,
        reason=why,
        order=named,
        asked_at=at,
        asked_by=by.id,
        asked_by_name=by.name,
        ends_at=at + rules.ASKED_VALID,
        outcome=Outcome.ASKED,
    )
    facts = {"order": named, "ends_at": format_time(asked.ends_at)}
    write_down(row, Act.DISPOSAL_ASKED, by=by, at=at, reason=why, facts=facts)
    return reading.one_evidence(ref, number, by=by)


def run_out_disposals(*, at: datetime) -> int:
    """Close the questions that nobody answered in time, each with its line in the log; return how many."""
    with transaction.atomic(), access.bound(actor=PEHRA):
        late = EvidenceDisposal.objects.filter(outcome=Outcome.ASKED, ends_at__lte=at).values("evidence")
        rows = Evidence.objects.filter(id__in=late).select_related("incident").order_by("id")
        found = rows.select_for_update(of=("self",))[: rules.ENDED_AT_ONCE_MAX]
        return sum(_run_out(row, at=at) for row in found)


def _run_out(row: Evidence, *, at: datetime) -> bool:
    """Close the question about a piece, its row locked, that nobody answered in time."""
    late = EvidenceDisposal.objects.filter(evidence=row, outcome=Outcome.ASKED, ends_at__lte=at)
    if not late.update(outcome=Outcome.UNANSWERED, decided_at=at, decided_by=PEHRA.id):
        return False
    write_down(row, Act.DISPOSAL_UNANSWERED, by=PEHRA, at=at)
    return True


@transaction.atomic
def decline_disposal(*, ref: str, number: int, reason: str, by: Actor, at: datetime) -> EvidenceView:
    """Say no to a piece being destroyed; who asked takes the question back."""
    row = _locked(ref, number, by=by)
    why = _words(reason, field="reason", message=_("Say why."))
    asked = _asked(row, at=at)
    withdraws = asked.asked_by == by.id
    _decide(asked, Outcome.WITHDRAWN if withdraws else Outcome.DECLINED, why, by=by, at=at)
    act = Act.DISPOSAL_WITHDRAWN if withdraws else Act.DISPOSAL_DECLINED
    write_down(row, act, by=by, at=at, reason=why, facts={"asked_by": asked.asked_by})
    return reading.one_evidence(ref, number, by=by)


@transaction.atomic
def confirm_disposal(*, ref: str, number: int, reason: str, by: Actor, at: datetime) -> EvidenceView:
    """Destroy a piece that another person asked to be destroyed. Nothing brings it back.

    All that was asked then is asked again: a hold may have been placed since, or a later day set.
    """
    row = _locked(ref, number, by=by)
    why = _words(reason, field="reason", message=_("Say why."))
    asked = _asked(row, at=at)
    lead = [row.incident.lead_team]
    access.require_second(asked_by=asked.asked_by, permission=Permission.INCIDENTS_CLOSE, teams=lead, by=by, at=at)
    _require_may_end(row, order=asked.order, at=at)
    _decide(asked, Outcome.CONFIRMED, why, by=by, at=at)
    row.destroyed_at = at
    row.save(update_fields=["destroyed_at"])
    facts = {
        "asked_by": asked.asked_by,
        "asked_by_name": asked.asked_by_name,
        "asked_at": format_time(asked.asked_at),
        "asked_because": asked.reason,
        "order": asked.order,
        "sha256": row.sha256,
        "size": row.size,
    }
    write_down(row, Act.DESTROYED, by=by, at=at, reason=why, facts=facts)
    # Robust: the piece is destroyed whatever becomes of this attempt; the worker takes the file away in its next round.
    transaction.on_commit(lambda: _erase(row.id, at=at), robust=True)
    return reading.one_evidence(ref, number, by=by)


def erase_destroyed(*, at: datetime, limit: int = rules.ENDED_AT_ONCE_MAX) -> int:
    """Take away the bytes of what is destroyed and still lies in the vault; return of how many pieces.

    What another row keeps is left, and asked about again the next time.
    """
    with transaction.atomic(), access.bound(actor=PEHRA):
        waiting = Evidence.objects.filter(destroyed_at__isnull=False, erased_at=None).order_by("destroyed_at")
        rows = list(waiting.values_list("id", "sha256"))
    kept = vault.named([sha256 for _id, sha256 in rows])
    loose = [piece for piece, sha256 in rows if sha256 not in kept]
    return sum(_erase(piece, at=at) for piece in loose[:limit])


def destroyed_and_there(*, at: datetime) -> int:
    """Return how many pieces were destroyed before a moment whose bytes lie in the vault and are nobody else's."""
    with transaction.atomic(), access.bound(actor=PEHRA):
        waiting = Evidence.objects.filter(destroyed_at__lt=at, erased_at=None)
        hashes = list(waiting.values_list("sha256", flat=True))
    kept = vault.named(hashes)
    return sum(sha256 not in kept for sha256 in hashes)


def _erase(piece: UUID, *, at: datetime) -> bool:
    """Take the bytes of one destroyed piece out of the vault, unless a row names them; whether they are gone."""
    with transaction.atomic(), access.bound(actor=PEHRA):
        row = Evidence.objects.select_for_update(of=("self",)).select_related("incident").get(id=piece)
        if row.destroyed_at is None or row.erased_at is not None or vault.named([row.sha256]):
            return False
        if not vault.remove(row.sha256, older_than=(at - rules.KEPT_AGAIN_WITHIN).timestamp()):
            return False
        row.erased_at = at
        row.save(update_fields=["erased_at"])
        write_down(row, Act.ERASED, by=PEHRA, at=at, facts={"sha256": row.sha256, "size": row.size})
    return True


def _locked(ref: str, number: int, *, by: Actor) -> Evidence:
    """Return a piece that is there, its row locked, for somebody of the team that leads its incident."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CLOSE, by=by)
    access.require(by, Permission.INCIDENTS_CLOSE, teams=[row.incident.lead_team])
    require_there(row)
    return row


def _require_person(by: Actor) -> None:
    if by.kind is not ActorKind.PERSON:
        raise Forbidden(_("This takes two people; a program is none of them."))


def _require_may_end(row: Evidence, *, order: str, at: datetime) -> None:
    standing = Standing(
        is_live=State(row.incident.state) in LIVE,  # what is part of another ends with that, and never alone
        holds=EvidenceHold.objects.filter(evidence=row, lifted_at=None).count(),
        keep_until=row.keep_until,
        order=order,
    )
    match rules.bar(standing, on=at.date()):
        case Bar.LIVE:
            raise Invalid(_("Its incident is still worked on: evidence is destroyed after it has ended."), field="file")
        case Bar.HELD:
            raise Invalid(_("It is held by an order: nothing destroys it until every hold is lifted."), field="file")
        case Bar.BEFORE_ITS_TIME:
            raise Invalid(
                _("Its day of keeping is not past, or none is set: say on whose order it is destroyed now."),
                field="order",
            )


def _asked(row: Evidence, *, at: datetime) -> EvidenceDisposal:
    found = EvidenceDisposal.objects.filter(evidence=row, outcome=Outcome.ASKED).first()
    if found is None:
        raise Invalid(_("Nobody asked for this, or it was decided already."), field="file")
    if found.ends_at <= at:
        raise Invalid(_("Nobody answered in time. It must be asked again."), field="file")
    return found


def _decide(asked: EvidenceDisposal, outcome: Outcome, why: str, *, by: Actor, at: datetime) -> None:
    asked.outcome, asked.decided_at, asked.decided_by, asked.decided_because = outcome, at, by.id, why
    asked.save(update_fields=["outcome", "decided_at", "decided_by", "decided_because"])


def _words(text: str, *, field: str, message: str) -> str:
    return evidence_rules.words(text, field=field, needed=True, message=message)
