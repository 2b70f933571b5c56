"""The team that leads reads what an organisation said of itself, and agrees, disputes or gives it back.

Never whoever had a hand in the answers, nor anybody of the organisation itself. What is disputed counts as no.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.registry.api.assessing import NOTE_CHARACTERS_MAX, answers_digest, record
from pehra.registry.models import Assessment, AssessmentAnswer
from pehra.registry.queries import assessments as queries
from pehra.registry.rules import assessing
from pehra.registry.rules.assessing import AssessmentState, Verdict
from pehra.registry.rules.assessment_views import Judged

AGREE, RETURN = "agree", "return"


@transaction.atomic
def judge_controls(*, assessment_id: UUID, judged: Sequence[Judged], by: Actor, at: datetime) -> None:
    """Keep a verdict over each of some answers; one that is disputed says why."""
    row = _reviewable(assessment_id, by=by)
    rows = {one.control: one for one in queries.answers(row.id)}
    changed = []
    for one in judged:
        kept = rows.get(one.control)
        if kept is None:
            raise NotVisible(f"this assessment has no control {one.control!r}")
        note = _note(one.note, field=one.control)
        if one.verdict is Verdict.DISPUTED and not note:
            raise Invalid(_("Say what you dispute."), field=one.control)
        wanted = (one.verdict.value if one.verdict else "", note)
        if (kept.verdict, kept.verdict_note) != wanted:
            kept.verdict, kept.verdict_note = wanted
            changed.append(kept)
    if changed:
        AssessmentAnswer.objects.bulk_update(changed, ["verdict", "verdict_note"])
        queries.rescore(row)
        verdicts = {one.control: one.verdict or "none" for one in changed}
        record("judged", row, by=by, at=at, facts={"verdicts": verdicts})


@transaction.atomic
def review_assessment(*, assessment_id: UUID, decision: str, note: str = "", by: Actor, at: datetime) -> None:
    """Close an assessment (`agree`: answers without a verdict are agreed to) or give it back (`return`) with a note."""
    row = _reviewable(assessment_id, by=by)
    if decision not in (AGREE, RETURN):
        raise Invalid(f"{decision!r} is not one of {AGREE}, {RETURN}", field="decision")
    words = _note(note, field="note")
    if decision == RETURN:
        if not words:
            raise Invalid(_("Say what the organisation is asked to change."), field="note")
        _decide(row, AssessmentState.RETURNED, words, by=by, at=at)
        return
    AssessmentAnswer.objects.filter(assessment=row, verdict="").update(verdict=Verdict.AGREED.value)
    _decide(row, AssessmentState.REVIEWED, words, by=by, at=at)


def _decide(row: Assessment, to: AssessmentState, words: str, *, by: Actor, at: datetime) -> None:
    assessing.require_move(AssessmentState(row.state), to)
    found = queries.rescore(row)
    changes: dict[str, Any] = {"state": to.value, "review_note": words, "reviewed_by": by.id}
    if to is AssessmentState.REVIEWED:
        changes["reviewed_at"] = at
    Assessment.objects.filter(id=row.id).update(**changes)
    disputed = [one.control for one in queries.answers(row.id) if one.verdict == Verdict.DISPUTED.value]
    facts = {
        "percent": found.percent,
        "gaps": list(found.gaps),
        "disputed": disputed,
        "answers_sha256": answers_digest(row.id),
    }
    record(to.value, row, by=by, at=at, facts=facts)


def may_review(row: Assessment, *, by: Actor) -> bool:
    """Whether somebody is of the lead team, and neither of the organisation nor one who had a hand in the answers."""
    lead = row.organisation.lead_team
    return (
        bool(lead)
        and access.may(by, Permission.ASSESSMENT_REVIEW, teams=[lead])
        and row.organisation_id not in by.organisations
        and by.id not in queries.touched_by(row.id)
    )


def _reviewable(assessment_id: UUID, *, by: Actor) -> Assessment:
    """Return a submitted assessment locked for somebody of the lead team who had no hand in it."""
    row = queries.for_change(assessment_id, by=access.narrowed(by, Permission.ASSESSMENT_READ))
    # Without a lead nobody reviews: an empty code would ask for the permission anywhere.
    if not row.organisation.lead_team:
        raise Forbidden(_("No team leads for this organisation, so nobody may review it."))
    access.require(by, Permission.ASSESSMENT_REVIEW, teams=[row.organisation.lead_team])
    if not may_review(row, by=by):
        raise Forbidden(_("You had a hand in these answers: somebody else must review them."))
    if row.state != AssessmentState.SUBMITTED.value:
        raise Invalid(_("Only an assessment that was submitted is reviewed."), field="state")
    return row


def _note(text: str, *, field: str) -> str:
    words = text.strip()
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("A note has at most %(n)d characters.") % {"n": NOTE_CHARACTERS_MAX}, field=field)
    return words
