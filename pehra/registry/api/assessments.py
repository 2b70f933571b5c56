"""Reading assessments: an organisation's with their trend, one whole, a team's list of where its organisations stand.

What is still being written is the organisation's own: others see that it is open and how far, and none of its answers.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.conf import settings

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.registry.api.reviewing import may_review
from pehra.registry.models import Evidence, Organisation
from pehra.registry.queries import assessments as queries
from pehra.registry.rules import assessing
from pehra.registry.rules.assessing import OPEN_TO_ANSWERS, AssessmentState
from pehra.registry.rules.assessment_views import (
    AssessmentSummary,
    AssessmentView,
    ControlsStanding,
    EvidenceView,
    OverviewPage,
    OverviewRow,
)

PAGE_ROWS_MAX = 200
PAGES_MAX = 1_000


def controls_standing(organisation: str, *, by: Actor, at: datetime) -> ControlsStanding:
    """Return how an organisation stands against its control set: assessments, trend, and when it is due."""
    reader = access.narrowed(by, Permission.ASSESSMENT_READ)
    row = queries.organisation(organisation, by=reader)
    profile = law.load(settings.PEHRA_PROFILE)
    rows = queries.of_organisation(row.code, by=reader)
    shown = [summary if _may_read(summary, row, by) else _closed(summary) for summary in rows]
    days = {one.id: law.day_of(profile, one.reviewed_at) for one in rows if one.reviewed_at}
    reviewed = assessing.trend(queries.points(rows, day_of=days))
    asked = law.control_set(profile, on=law.day_of(profile, at))
    last = reviewed.points[-1].day if reviewed.points else None
    due = assessing.next_due(last, every=asked.assess_every) if asked else None
    return ControlsStanding(
        organisation=row.code,
        assessments=tuple(shown),
        trend=reviewed,
        next_due=due,
        due=assessing.due_state(due, today=law.day_of(profile, at)),
        may_open=asked is not None and _may_answer(row, by) and not any(one.is_unfinished for one in rows),
    )


def assessment(assessment_id: UUID, *, by: Actor, organisation: str = "") -> AssessmentView:
    """Return one assessment with its answers; `organisation`, when given, must be the one it is of."""
    row = queries.seen(assessment_id, by=access.narrowed(by, Permission.ASSESSMENT_READ))
    if organisation and row.organisation_id != organisation:
        raise NotVisible("there is no such assessment")
    line = queries.summary(row)
    withheld = not _may_read(line, row.organisation, by)
    return queries.view(
        row,
        line=_closed(line) if withheld else line,
        withheld=withheld,
        may_answer=line.state in OPEN_TO_ANSWERS and _may_answer(row.organisation, by),
        may_review=line.state is AssessmentState.SUBMITTED and may_review(row, by=by),
    )


def assessed_controls(row: AssessmentSummary) -> law.ControlSet | None:
    """Return the control set as it stood on the day an assessment was opened: the words of its questions."""
    return law.control_set(law.load(settings.PEHRA_PROFILE), on=row.controls_on)


def evidence_content(*, assessment_id: UUID, evidence_id: UUID, by: Actor) -> tuple[EvidenceView, bytes]:
    """Return a file beside an answer with its bytes; one that was taken away is not there."""
    row = queries.seen(assessment_id, by=access.narrowed(by, Permission.ASSESSMENT_READ))
    file = Evidence.objects.filter(id=evidence_id, answer__assessment=row, removed_at=None).first()
    if file is None or not _may_read(queries.summary(row), row.organisation, by):
        raise NotVisible("there is no such file")
    seen = EvidenceView(
        id=file.id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        added_at=file.added_at,
        added_by=file.added_by,
        removed_at=None,
    )
    return seen, bytes(file.content)


def assessed_organisations(
    *, by: Actor, at: datetime, view: str = "lowest", page: int = 1, limit: int = 50
) -> OverviewPage:
    """Return the organisations that the actor's teams lead by how they stand.

    `view`: `waiting` for a review, oldest first; `lowest` scores, critical gaps first; `overdue`; `never`; `all`.
    """
    reader = access.narrowed(by, Permission.ASSESSMENT_READ)
    if view not in queries.VIEWS:
        raise Invalid(f"{view!r} is not one of {', '.join(queries.VIEWS)}", field="view")
    profile = law.load(settings.PEHRA_PROFILE)
    today = law.day_of(profile, at)
    asked = law.control_set(profile, on=today)
    if asked is None:
        return OverviewPage(rows=(), counts=dict.fromkeys(queries.VIEWS, 0), more=False)
    rhythm = queries.Rhythm(every=asked.assess_every, review_within=asked.review_within, at=at)
    wanted = max(1, min(limit, PAGE_ROWS_MAX))
    first = (max(1, min(page, PAGES_MAX)) - 1) * wanted
    stands = queries.stands(by=reader)
    found = queries.led(stands, by=reader, wanted=view, rhythm=rhythm, first=first, rows=wanted + 1)
    return OverviewPage(
        rows=tuple(_overview(found[:wanted], asked, reader=reader, today=today, at=at)),
        counts=queries.counts(stands, by=reader, rhythm=rhythm),
        more=len(found) > wanted,
    )


def _overview(
    rows: list[Organisation], asked: law.ControlSet, *, reader: Actor, today: date, at: datetime
) -> Iterator[OverviewRow]:
    reviewed, unfinished = queries.newest([row.code for row in rows], by=reader)
    profile = law.load(settings.PEHRA_PROFILE)
    for row in rows:
        last, open_one = reviewed.get(row.code), unfinished.get(row.code)
        day = law.day_of(profile, last.reviewed_at) if last and last.reviewed_at else None
        sent = open_one.submitted_at if open_one and open_one.state is AssessmentState.SUBMITTED else None
        late = sent is not None and sent < at - asked.review_within
        if open_one and not _may_read(open_one, row, reader):
            open_one = _closed(open_one)
        due = assessing.next_due(day, every=asked.assess_every)
        yield queries.overview_row(row, last=last, unfinished=open_one, due=due, today=today, late=late)


def _may_read(row: AssessmentSummary, organisation: Organisation, by: Actor) -> bool:
    """Whether the answers are anybody's but the writers' yet."""
    return row.state not in OPEN_TO_ANSWERS or _may_answer(organisation, by)


def _may_answer(organisation: Organisation, by: Actor) -> bool:
    teams = [organisation.lead_team]
    return access.may(by, Permission.ASSESSMENT_ANSWER, teams=teams, organisation=organisation.code)


def _closed(row: AssessmentSummary) -> AssessmentSummary:
    """Return a summary without what the answers come to so far."""
    return replace(row, percent=None, gaps=0)
