"""How an organisation's own reports are tried: on a draft of one organisation, which is nobody's but its own."""

from typing import Any
from uuid import UUID

from pehra.intake import api as intake
from pehra.intake.models import OrganisationDraft
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from tests.matrix.probes import Probe, acts, sees
from tests.matrix.world import AT, Place

TYPED = {"what-happened": ("Tried.",)}


def _draft(place: Place) -> UUID:
    """A draft of the place's organisation, written as its table holds it, in the savepoint of the probe."""
    return OrganisationDraft.objects.create(
        id=new_id(AT),
        organisation=place.organisation,
        answers={name: list(words) for name, words in TYPED.items()},
        started_at=AT,
        changed_at=AT,
        changed_by="test",
        ends_at=AT.replace(year=AT.year + 1),
    ).id


def _listed(place: Place, by: Actor) -> bool:
    draft = _draft(place)
    return draft in {row.id for row in intake.own_reports(by=by, at=AT)}


def _handed_in(place: Place, by: Actor) -> Any:
    return intake.hand_in_own_report(draft=_draft(place), typed=TYPED, seen="", by=by, at=AT)


PROBES: dict[str, Probe] = {
    "intake.begin_own_report": acts(
        lambda p, by: intake.begin_own_report(organisation=p.organisation, by=by, at=AT), hidden=True
    ),
    "intake.own_reports": sees(_listed),
    "intake.own_form": acts(lambda p, by: intake.own_form(draft=_draft(p), by=by, at=AT), hidden=True),
    "intake.save_own_report": acts(
        lambda p, by: intake.save_own_report(draft=_draft(p), typed=TYPED, seen="", by=by, at=AT), hidden=True
    ),
    "intake.hand_in_own_report": acts(_handed_in, hidden=True),
    "intake.throw_away_own_report": acts(
        lambda p, by: intake.throw_away_own_report(draft=_draft(p), by=by, at=AT), hidden=True
    ),
}
