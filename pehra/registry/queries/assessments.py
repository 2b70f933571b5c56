"""Assessments behind the wall: one, an organisation's, and a team's list of where its organisations stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible
from pehra.registry.models import Assessment, AssessmentAnswer, Evidence, Organisation
from pehra.registry.rules import assessing
from pehra.registry.rules.assessing import Answered, AssessmentState, Missing, Point, Reply, Verdict
from pehra.registry.rules.assessment_views import (
    AnswerView,
    AssessmentSummary,
    AssessmentView,
    EvidenceView,
    OverviewRow,
)

ASSESSMENTS_SHOWN_MAX = 100
VIEWS = ("waiting", "lowest", "overdue", "never", "all")
_REVIEWED = AssessmentState.REVIEWED.value


def for_change(assessment_id: UUID, *, by: Actor) -> Assessment:
    """Return an assessment locked for a change; one the actor may not see is not there."""
    rows = Assessment.objects.all().visible_to(by).filter(id=assessment_id)
    row = rows.select_for_update(of=("self",)).select_related("organisation").first()
    if row is None:
        raise NotVisible("there is no such assessment")
    return row


def seen(assessment_id: UUID, *, by: Actor) -> Assessment:
    """Return an assessment to read; one the actor may not see is not there."""
    row = Assessment.objects.all().visible_to(by).filter(id=assessment_id).select_related("organisation").first()
    if row is None:
        raise NotVisible("there is no such assessment")
    return row


def organisation(code: str, *, by: Actor) -> Organisation:
    """Return an organisation; one the actor may not see is not there."""
    row = Organisation.objects.all().visible_to(by).filter(code=code).first()
    if row is None:
        raise NotVisible(f"there is no organisation {code!r}")
    return row


def answers(assessment_id: UUID) -> list[AssessmentAnswer]:
    """Return an assessment's answers in the order of the control set."""
    return list(AssessmentAnswer.objects.filter(assessment_id=assessment_id).order_by("position"))


def shown(assessment_id: UUID) -> frozenset[str]:
    """Return the controls of an assessment that have a file beside them."""
    rows = Evidence.objects.filter(answer__assessment_id=assessment_id, removed_at=None)
    return frozenset(rows.values_list("answer__control", flat=True))


def answered(rows: Iterable[AssessmentAnswer], with_files: frozenset[str]) -> list[Answered]:
    """Return answers as the rules read them."""
    return [
        Answered(
            control=row.control,
            weight=row.weight,
            critical=row.critical,
            reply=Reply(row.reply) if row.reply else None,
            verdict=Verdict(row.verdict) if row.verdict else None,
            reason=row.note,
            shown=bool(row.reference.strip()) or row.control in with_files,
        )
        for row in rows
    ]


def rescore(row: Assessment) -> assessing.Score:
    """Write beside an assessment what its answers come to now."""
    found = assessing.score(answered(answers(row.id), shown(row.id)))
    row.percent, row.gaps, row.answered = found.percent, len(found.gaps), found.answered
    Assessment.objects.filter(id=row.id).update(percent=row.percent, gaps=row.gaps, answered=row.answered)
    return found


def touched_by(assessment_id: UUID) -> frozenset[str]:
    """Return who had a hand in the answers: whoever answered, put a file, or submitted."""
    said = AssessmentAnswer.objects.filter(assessment_id=assessment_id).values_list("answered_by", flat=True)
    files = Evidence.objects.filter(answer__assessment_id=assessment_id).values_list("added_by", flat=True)
    sent = Assessment.objects.filter(id=assessment_id).values_list("submitted_by", flat=True)
    return frozenset({*said, *files, *sent} - {""})


def of_organisation(code: str, *, by: Actor) -> list[AssessmentSummary]:
    """Return an organisation's assessments, newest first."""
    rows = Assessment.objects.all().visible_to(by).filter(organisation=code).order_by("-opened_at", "-id")
    return [summary(row) for row in rows[:ASSESSMENTS_SHOWN_MAX]]


def summary(row: Assessment) -> AssessmentSummary:
    """Return a row as a line of a list."""
    return AssessmentSummary(
        id=row.id,
        organisation=row.organisation_id,
        control_set=row.control_set,
        version=row.version,
        controls_on=row.controls_on,
        state=AssessmentState(row.state),
        tlp=row.tlp,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        submitted_at=row.submitted_at,
        submitted_by=row.submitted_by,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
        review_note=row.review_note,
        percent=row.percent,
        gaps=row.gaps,
        answered=row.answered,
        total=row.total,
    )


def view(
    row: Assessment, *, line: AssessmentSummary, withheld: bool, may_answer: bool, may_review: bool
) -> AssessmentView:
    """Return all of one assessment, or all but what is still being written."""
    rows = answers(row.id)
    files = _files(row.id)
    before = _before(row)
    said = answered(rows, frozenset(code for code, found in files.items() if any(not one.removed_at for one in found)))
    shown_answers = () if withheld else tuple(_answer(one, files.get(one.control, ()), before) for one in rows)
    missing: tuple[tuple[str, Missing], ...] = () if withheld else assessing.missing(said)
    return AssessmentView(
        **{name: getattr(line, name) for name in AssessmentSummary.__dataclass_fields__},
        answers=shown_answers,
        score=assessing.score(() if withheld else said),
        missing=missing,
        withheld=withheld,
        may_answer=may_answer,
        may_review=may_review,
    )


def _answer(row: AssessmentAnswer, files: Iterable[EvidenceView], before: Mapping[str, Reply]) -> AnswerView:
    return AnswerView(
        control=row.control,
        theme=row.theme,
        weight=row.weight,
        critical=row.critical,
        reply=Reply(row.reply) if row.reply else None,
        note=row.note,
        reference=row.reference,
        version=row.version,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        verdict=Verdict(row.verdict) if row.verdict else None,
        verdict_note=row.verdict_note,
        evidence=tuple(files),
        before=before.get(row.control),
    )


def _files(assessment_id: UUID) -> dict[str, list[EvidenceView]]:
    rows = Evidence.objects.filter(answer__assessment_id=assessment_id).defer("content").order_by("added_at", "id")
    found: dict[str, list[EvidenceView]] = {}
    for row in rows.annotate(control=F("answer__control")):
        found.setdefault(row.control, []).append(
            EvidenceView(
                id=row.id,
                name=row.name,
                media_type=row.media_type,
                size=row.size,
                sha256=row.sha256,
                added_at=row.added_at,
                added_by=row.added_by,
                removed_at=row.removed_at,
            )
        )
    return found


def _before(row: Assessment) -> dict[str, Reply]:
    """Return what the assessment reviewed last before this one said, by control."""
    earlier = Assessment.objects.filter(organisation=row.organisation_id, state=_REVIEWED, opened_at__lt=row.opened_at)
    last = earlier.order_by("-opened_at", "-id").first()
    said = AssessmentAnswer.objects.filter(assessment=last).exclude(reply="") if last else ()
    return {one.control: Reply(one.reply) for one in said}


def points(rows: Iterable[AssessmentSummary], *, day_of: Mapping[UUID, date]) -> list[Point]:
    """Return reviewed assessments as points in time."""
    return [
        Point(day=day_of[row.id], percent=row.percent, gaps=row.gaps)
        for row in rows
        if row.state is AssessmentState.REVIEWED and row.id in day_of
    ]


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How often an organisation assesses itself and how soon it is answered, seen from a moment."""

    every: timedelta
    review_within: timedelta
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where one organisation stands: its last review, and since when another waits for one."""

    reviewed_at: datetime | None = None
    percent: int | None = None
    gaps: int = 0
    submitted_at: datetime | None = None

    def is_late(self, rhythm: Rhythm) -> bool:
        """Whether the organisation is overdue, or its team is with the review."""
        overdue = self.reviewed_at is not None and self.reviewed_at < rhythm.at - rhythm.every
        return overdue or (self.submitted_at is not None and self.submitted_at < rhythm.at - rhythm.review_within)


def stands(*, by: Actor) -> dict[str, Stand]:
    """Return where each organisation that the actor's teams lead stands; one that never assessed itself is absent."""
    rows = Assessment.objects.all().visible_to(by).filter(state__in=(_REVIEWED, AssessmentState.SUBMITTED.value))
    if not by.is_system:
        teams, own = sorted(by.teams), sorted(by.organisations)
        rows = rows.filter(Q(organisation__lead_team__in=teams) | Q(organisation__in=own))
    found: dict[str, Stand] = {}
    said = ("organisation_id", "state", "reviewed_at", "percent", "gaps", "submitted_at")
    for code, state, reviewed_at, percent, gaps, submitted_at in rows.order_by("opened_at", "id").values_list(*said):
        before = found.get(code, Stand())
        if state == _REVIEWED:
            found[code] = replace(before, reviewed_at=reviewed_at, percent=percent, gaps=gaps)
        else:
            found[code] = replace(before, submitted_at=submitted_at)
    return found


def counts(found: Mapping[str, Stand], *, by: Actor, rhythm: Rhythm) -> dict[str, int]:
    """Return how many organisations each view holds."""
    every, reviewed = _led(by).count(), sum(one.reviewed_at is not None for one in found.values())
    return {
        "waiting": sum(one.submitted_at is not None for one in found.values()),
        "lowest": reviewed,
        "overdue": sum(one.is_late(rhythm) for one in found.values()),
        "never": every - reviewed,
        "all": every,
    }


def led(
    found: Mapping[str, Stand], *, by: Actor, wanted: str, rhythm: Rhythm, first: int, rows: int
) -> list[Organisation]:
    """Return some of the organisations that the actor's teams lead, as one view chooses and orders them."""
    if wanted in ("never", "all"):
        listed = _led(by)
        if wanted == "never":
            reviewed = Assessment.objects.all().visible_to(by).filter(organisation=OuterRef("code"), state=_REVIEWED)
            listed = listed.filter(~Exists(reviewed))
        return list(listed.order_by("name", "code")[first : first + rows])
    codes = _ordered(found, wanted, rhythm)[first : first + rows]
    seen = {row.code: row for row in _led(by).filter(code__in=codes)}
    return [seen[code] for code in codes if code in seen]


def _ordered(found: Mapping[str, Stand], wanted: str, rhythm: Rhythm) -> list[str]:
    match wanted:
        case "waiting":
            kept = [(one.submitted_at, code) for code, one in found.items() if one.submitted_at]
            return [code for _at, code in sorted(kept)]
        case "overdue":
            late = [
                (moment, code)
                for code, one in found.items()
                if (moment := one.reviewed_at or one.submitted_at) and one.is_late(rhythm)
            ]
            return [code for _at, code in sorted(late)]
    scored = [
        (-one.gaps, one.percent is None, one.percent or 0, code) for code, one in found.items() if one.reviewed_at
    ]
    return [code for *_score, code in sorted(scored)]


def _led(by: Actor) -> "QuerySet[Organisation]":
    rows = Organisation.objects.all().visible_to(by)
    own = Q(lead_team__in=sorted(by.teams)) | Q(code__in=sorted(by.organisations))
    return rows if by.is_system else rows.filter(own)


def newest(codes: Iterable[str], *, by: Actor) -> tuple[dict[str, AssessmentSummary], dict[str, AssessmentSummary]]:
    """Return of each organisation the last reviewed assessment and the unfinished one."""
    rows = Assessment.objects.all().visible_to(by).filter(organisation__in=list(codes)).order_by("opened_at", "id")
    reviewed: dict[str, AssessmentSummary] = {}
    unfinished: dict[str, AssessmentSummary] = {}
    for row in rows:
        (reviewed if row.state == _REVIEWED else unfinished)[row.organisation_id] = summary(row)
    return reviewed, unfinished


def overview_row(
    row: Organisation,
    *,
    last: AssessmentSummary | None,
    unfinished: AssessmentSummary | None,
    due: date | None,
    today: date,
    late: bool,
) -> OverviewRow:
    """Return one organisation as a line of a team's list."""
    return OverviewRow(
        organisation=row.code,
        name=row.name,
        name_local=row.name_local,
        last=last,
        unfinished=unfinished,
        next_due=due,
        due=assessing.due_state(due, today=today),
        review_late=late,
    )
