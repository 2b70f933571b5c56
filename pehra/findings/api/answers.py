"""What an organisation says of all that one letter told it: they are fixed; no, they are not after all.

An act on many, for as many as a notice names and without a look first; a word and no proof, so that somebody else still
verifies. What was taken back is told again only if it is seen again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import queries
from pehra.findings.api import many
from pehra.findings.api.many import ManyAct, ManyDone
from pehra.findings.gateways.turns import take_turn
from pehra.findings.models import Finding, ManyChange
from pehra.findings.rules.states import UNFIXED, State
from pehra.kernel.actors import Actor


@transaction.atomic
def say_fixed(
    *, finding_ids: Sequence[UUID], organisation: str, reason: str, by: Actor, at: datetime
) -> ManyDone | None:
    """Say that an organisation's findings are fixed, those of them that are not yet; None where all were."""
    access.require(by, Permission.FINDINGS_CHANGE, organisation=organisation)
    take_turn()
    rows = _locked(finding_ids, organisation, among=UNFIXED, by=by)
    return many.carry_out(ManyAct.FIXED, rows, reason=reason, by=by, at=at) if rows else None


@transaction.atomic
def take_back_fixed(*, changes: Sequence[UUID], organisation: str, reason: str, by: Actor, at: datetime) -> int:
    """Take back what was said fixed, where nothing was said or seen since; return of how many."""
    access.require(by, Permission.FINDINGS_CHANGE, organisation=organisation)
    take_turn()
    said = ManyChange.objects.visible_to(by).filter(id__in=list(changes), undone_at__isnull=True)
    restored = 0
    for change in said.order_by("id").select_for_update():
        rows = _locked(list(change.before), organisation, among={State.FIXED}, by=by)
        restored += many.take_back(change, rows, reason=reason, by=by, at=at)
    return restored


def _locked(ids: Sequence[UUID | str], organisation: str, *, among: Iterable[State], by: Actor) -> list[Finding]:
    rows = queries.readable(by).filter(id__in=list(ids), organisation=organisation, state__in=sorted(among))
    # A notice may tell of thousands: what is not needed to move them is not read.
    return list(rows.only("id", "state", "teams", "fixed_at").order_by("id").select_for_update())
