"""One report with everything beside it, for those who decide about it; and what waits to be decided."""

from contextlib import suppress
from uuid import UUID

from django.db.models import Count

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.models import Report, ReportFile, ReportObservable, TriageAct
from pehra.intake.queries.finding import find, reader, visible
from pehra.intake.queries.listing import views
from pehra.intake.queries.shapes import (
    ActView,
    FileView,
    ObservableView,
    ReportPage,
    SubmissionView,
    TriagePage,
)
from pehra.intake.queries.suggesting import suggestions
from pehra.intake.rules.acts import UNDOABLE, Act
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.states import State, moves_from
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger

SUBMISSIONS_SHOWN_MAX = 200
FILES_SHOWN_MAX = 500
OBSERVABLES_SHOWN_MAX = 500
GROUP_SHOWN_MAX = 50
MERGED_SHOWN_MAX = 200
ACTS_SHOWN_MAX = 100
OWNERS_ASKED_MAX = 50


def report(reference: str, *, by: Actor) -> ReportPage:
    """Return one report of the actor's teams with what came in, what is like it, and what was decided."""
    row = find(reference, by=by)
    merged = visible(by).filter(merged_into=row).order_by("id").values_list("reference", flat=True)
    like = visible(by).filter(group=row.group).exclude(id=row.id).order_by("id")[:GROUP_SHOWN_MAX]
    view, *group = views([row, *like], by=by)
    return ReportPage(
        report=view,
        description=row.description,
        moments=row.moments,
        impact=row.impact,
        attributes=tuple(row.attributes),
        answers=row.answers,
        reporter_email=row.reporter_email,
        reporter_phone=row.reporter_phone,
        reported_by=row.reported_by,
        routed_because=row.routed_because,
        submissions=_submissions(row),
        files=_files(row),
        observables=_observables(row, by=by),
        group=tuple(group),
        merged=tuple(merged[:MERGED_SHOWN_MAX]),
        suggestions=suggestions(row, by=by),
        acts=_acts(row, by=by),
        timeline=tuple(ledger.history(subject=row.reference, by=by)),
        moves=moves_from(State(row.state)),
        may_decide=access.may(by, Permission.INTAKE_TRIAGE, teams=row.working_teams or row.teams),
    )


def _submissions(row: Report) -> tuple[SubmissionView, ...]:
    return tuple(
        SubmissionView(
            number=one.number,
            channel=Channel(one.channel),
            received_at=one.received_at,
            raw_sha256=one.raw_sha256,
            raw_size=one.raw_size,
            media_type=one.media_type,
            source=one.source,
            source_ref=one.source_ref,
            submitted_by=one.submitted_by,
            said=one.said,
        )
        for one in row.submissions.order_by("number")[:SUBMISSIONS_SHOWN_MAX]
    )


def _files(row: Report) -> tuple[FileView, ...]:
    files = ReportFile.objects.filter(report=row).select_related("submission")
    return tuple(
        FileView(
            id=file.pk,
            name=file.name,
            media_type=file.media_type,
            sha256=file.sha256,
            size=file.size,
            number=file.submission.number,
        )
        for file in files.order_by("submission__number", "position")[:FILES_SHOWN_MAX]
    )


def _observables(row: Report, *, by: Actor) -> tuple[ObservableView, ...]:
    """Return what is to be seen of the matter; whose each is only where the reader may see that organisation."""
    rows = list(row.observables.order_by("number", "id")[:OBSERVABLES_SHOWN_MAX])
    digests = {one.value_sha256 for one in rows}
    others = ReportObservable.objects.filter(value_sha256__in=digests, report__in=visible(by)).exclude(report=row)
    elsewhere = dict(others.order_by().values_list("value_sha256").annotate(number=Count("report", distinct=True)))
    owners = {one.owner for one in rows} - {""}
    seen = _organisations_seen(owners, by=by)
    return tuple(
        ObservableView(
            type=one.type,
            value=one.value,
            written=one.written,
            stated=one.stated,
            owner=one.owner if one.owner in seen else "",
            owner_team=one.owner_team,
            known=one.known,
            elsewhere=elsewhere.get(one.value_sha256, 0),
            number=one.number,
        )
        for one in rows
    )


def _organisations_seen(codes: set[str], *, by: Actor) -> frozenset[str]:
    seen = set()
    for code in sorted(codes)[:OWNERS_ASKED_MAX]:
        with suppress(Invalid):
            access.require_known_organisation(code, by=by)
            seen.add(code)
    return frozenset(seen)


def _acts(row: Report, *, by: Actor) -> tuple[ActView, ...]:
    acts = TriageAct.objects.all().visible_to(reader(by)).filter(changes__report=row).order_by("-id")
    return tuple(act_view(act) for act in acts[:ACTS_SHOWN_MAX])


def triage_act(*, token: UUID, by: Actor) -> TriagePage:
    """Return a decision of the actor's teams with the reports it was about; of another team's it is not there."""
    act = TriageAct.objects.all().visible_to(reader(by)).filter(id=token).first()
    if act is None:
        raise NotVisible("there is no such act")
    rows = visible(by).filter(changes__act=act).order_by("id").distinct()
    return TriagePage(act=act_view(act), reports=tuple(views(list(rows[:GROUP_SHOWN_MAX]), by=by)))


def act_view(act: TriageAct) -> ActView:
    """Return a decision as pages show it."""
    return ActView(
        id=act.id,
        act=Act(act.act),
        reason=act.reason,
        count=act.count,
        acted_by=act.acted_by,
        acted_at=act.acted_at,
        undone_at=act.undone_at,
        is_undoable=act.undone_at is None and Act(act.act) in UNDOABLE,
    )


def of_source(*, source: str, source_ref: str, by: Actor) -> str:
    """Return the reference of the report that came from a source under its name there, if the actor may see it."""
    rows = Report.objects.filter(submissions__source=source, submissions__source_ref=source_ref)
    return str(rows.visible_to(by).order_by("id").values_list("reference", flat=True).first() or "")
