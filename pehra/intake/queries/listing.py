"""The queue: what waits for a team, page by page, with the reason why reports stand in one group.

What comes out are frozen dataclasses, made with a fixed number of questions whatever the number of rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Q

from pehra.access import api as access
from pehra.intake.models import Report, ReportFile, ReportObservable, ReportQuerySet, Submission
from pehra.intake.queries.finding import visible
from pehra.intake.queries.shapes import ReasonView, ReportList, ReportView
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.filters import ANY, ME, NOBODY, Filters
from pehra.intake.rules.likeness import Sign
from pehra.intake.rules.observing import digest_of
from pehra.intake.rules.states import State, parse_state
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.observables import parse
from pehra.kernel.refusals import Invalid
from pehra.law import api as law

PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX = 50, 500
COUNTED_MAX = 1_000  # whoever looks at a queue needs no more than that there are more
BEGINNING_CHARACTERS = 200


def reports(*, by: Actor, filters: Filters, before: UUID | None = None, limit: int = PAGE_ROWS_DEFAULT) -> ReportList:
    """Return a page of the reports of the actor's teams that fit, newest first."""
    rows = matching(visible(by), filters, by=by)
    count = rows.order_by()[: COUNTED_MAX + 1].count()
    if before is not None:
        rows = rows.filter(id__lt=before)
    size = max(1, min(limit, PAGE_ROWS_MAX))
    found = list(rows.order_by("-id")[: size + 1])
    return ReportList(
        rows=tuple(views(found[:size], by=by)),
        following=found[size - 1].id if len(found) > size else None,
        count=min(count, COUNTED_MAX),
        is_counted_whole=count <= COUNTED_MAX,
    )


def matching(rows: ReportQuerySet, filters: Filters, *, by: Actor) -> ReportQuerySet:
    """Return those of some reports that fit; a word that names nothing known is refused."""
    law.require_known(law.load(settings.PEHRA_PROFILE), sector=filters.sector, territory=filters.territory)
    if filters.team:
        access.require_known_team(filters.team)
    wanted: dict[str, Any] = {
        "lead_team": filters.team,
        "channel": filters.channel,
        "about_organisation": filters.organisation,
        "sector": filters.sector,
        "territory": filters.territory,
        "taxonomy": filters.taxonomy,
        "language": filters.language,
        "group": filters.group,
        "incident": filters.incident,
        "received_at__gte": filters.since,
        "received_at__lt": filters.until,
    }
    rows = rows.filter(exercise=filters.exercise, **{name: value for name, value in wanted.items() if value})
    if filters.state and filters.state != ANY:
        rows = rows.filter(state=parse_state(filters.state))
    if filters.assignee:
        known = {ME: by.id, NOBODY: ""}
        rows = rows.filter(assignee=known.get(filters.assignee, filters.assignee))
    if filters.complete is not None:
        rows = rows.filter(is_complete=filters.complete)
    if filters.news is not None:
        rows = rows.filter(has_news=filters.news)
    if filters.problem is not None:
        rows = rows.exclude(problem="") if filters.problem else rows.filter(problem="")
    if filters.observable.strip():
        seen = parse(filters.observable)
        rows = rows.filter(observables__value_sha256=digest_of(seen.type, seen.value))
    return rows.filter(_words(filters.search)) if filters.search.strip() else rows


def _words(search: str) -> Q:
    try:
        return Q(reference=parse_reference(search))
    except Invalid:
        return Q(search=SearchQuery(search.strip(), config="simple", search_type="websearch"))


def views(rows: Sequence[Report], *, by: Actor) -> list[ReportView]:
    """Return rows as lists show them."""
    ids = [row.id for row in rows]
    counts = {
        "submissions": _counted(Submission.objects.filter(report__in=ids)),
        "files": _counted(ReportFile.objects.filter(report__in=ids)),
    }
    seen = ReportObservable.objects.filter(report__in=ids).order_by().values_list("report")
    observables = {
        report: (number, known)
        for report, number, known in seen.annotate(number=Count("id"), known=Count("id", filter=Q(known=True)))
    }
    groups = visible(by).filter(group__in={row.group for row in rows}).order_by()
    sizes = dict(groups.values_list("group").annotate(number=Count("id")))
    others = {UUID(reason["with"]) for row in rows for reason in row.group_because}
    others |= {row.merged_into_id for row in rows if row.merged_into_id}
    references = dict(visible(by).filter(id__in=others).values_list("id", "reference"))
    names = access.names(ids={row.assignee for row in rows if row.assignee}, by=by)
    return [
        _view(
            row,
            group_size=sizes.get(row.group, 1),
            references=references,
            assignee_name=names.get(row.assignee, ""),
            observables=observables.get(row.id, (0, 0))[0],
            known_observables=observables.get(row.id, (0, 0))[1],
            **{name: counted.get(row.id, 0) for name, counted in counts.items()},
        )
        for row in rows
    ]


def beginning(text: str) -> str:
    """Return how a report begins, by which it is known where it has no title."""
    return " ".join(text[: 4 * BEGINNING_CHARACTERS].split())[:BEGINNING_CHARACTERS]


def _counted(rows: Any) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("report").annotate(number=Count("id")))


def _view(row: Report, *, references: dict[UUID, str], **counted: Any) -> ReportView:
    return ReportView(
        id=row.id,
        reference=row.reference,
        channel=Channel(row.channel),
        state=State(row.state),
        state_reason=row.state_reason,
        title=row.title,
        beginning=beginning(row.description),
        taxonomy=row.taxonomy,
        type=row.type,
        about_organisation=row.about_organisation,
        about_name=row.about_name,
        sector=row.sector,
        territory=row.territory,
        tlp=row.tlp,
        is_complete=row.is_complete,
        exercise=row.exercise,
        problem=row.problem,
        language=row.language,
        anonymous=row.anonymous,
        reporter_name=row.reporter_name,
        reporter_organisation=row.reporter_organisation,
        reporter_verified=row.reporter_verified,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        deciding_teams=tuple(row.working_teams or row.teams),
        assignee=row.assignee,
        has_news=row.has_news,
        incident=row.incident,
        merged_into=references.get(row.merged_into_id, "") if row.merged_into_id else "",
        group=row.group,
        group_because=tuple(_reasons(row.group_because, references)),
        received_at=row.received_at,
        changed_at=row.changed_at,
        **counted,
    )


def _reasons(kept: Iterable[dict[str, str]], references: dict[UUID, str]) -> Iterable[ReasonView]:
    for reason in kept:
        shared_with = references.get(UUID(reason["with"]), "")
        yield ReasonView(sign=Sign(reason["sign"]), value=reason["value"], shared_with=shared_with)


def waiting(*, by: Actor) -> dict[str, int]:
    """Return how many reports wait for each team that the actor reads for; exercises are not among them."""
    rows = visible(by).filter(state=State.RECEIVED, exercise=False).order_by()
    return dict(rows.values_list("lead_team").annotate(number=Count("id")))
