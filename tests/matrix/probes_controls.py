"""How the use cases of assessments are tried: on the assessment of one organisation, with a file beside an answer."""

from typing import Any

from pehra.kernel.actors import Actor
from pehra.registry import api as registry
from pehra.registry.models import Assessment
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place


def _submitted(place: Place) -> Any:
    """The place's assessment, as if it had been handed in; undone with the probe."""
    Assessment.objects.filter(id=place.assessment).update(state="submitted", submitted_at=AT, submitted_by="somebody")
    return place.assessment


def _opened(place: Place, by: Actor) -> Any:
    """Another assessment, after the place's own was agreed to."""
    _submitted(place)
    Assessment.objects.filter(id=place.assessment).update(state="reviewed", reviewed_at=AT, reviewed_by="somebody")
    return registry.open_assessment(place.organisation, by=by, at=AT)


def _answered(place: Place, by: Actor) -> Any:
    said = registry.Said(control=place.control, reply=None, note="tried")
    return registry.answer_controls(assessment_id=place.assessment, said=[said], by=by, at=AT)


def _handed_in(place: Place, by: Actor) -> Any:
    return registry.submit_assessment(assessment_id=place.assessment, by=by, at=AT)


def _shown(place: Place, by: Actor) -> Any:
    return registry.add_evidence(
        assessment_id=place.assessment, control=place.control, name="a.txt", content=b"tried\n", by=by, at=AT
    )


PROBES: dict[str, Probe] = {
    "registry.open_assessment": acts(_opened),
    "registry.assessment": acts(lambda p, by: registry.assessment(p.assessment, by=by)),
    "registry.controls_standing": acts(lambda p, by: registry.controls_standing(p.organisation, by=by, at=AT)),
    "registry.assessed_organisations": sees(
        lambda p, by: (
            p.organisation
            in {row.organisation for row in registry.assessed_organisations(by=by, at=AT, view="all").rows}
        )
    ),
    "registry.answer_controls": acts(_answered),
    "registry.add_evidence": acts(_shown),
    "registry.evidence_content": acts(
        lambda p, by: registry.evidence_content(assessment_id=p.assessment, evidence_id=p.evidence, by=by)
    ),
    "registry.remove_evidence": acts(
        lambda p, by: registry.remove_evidence(assessment_id=p.assessment, evidence_id=p.evidence, by=by, at=AT)
    ),
    "registry.submit_assessment": acts(_handed_in, incomplete=True),
    "registry.judge_controls": acts(
        lambda p, by: registry.judge_controls(assessment_id=_submitted(p), judged=[], by=by, at=AT)
    ),
    "registry.review_assessment": acts(
        lambda p, by: registry.review_assessment(
            assessment_id=_submitted(p), decision="return", note=WHY["reason"], by=by, at=AT
        )
    ),
}
