"""Reading findings: pages, one of them, its history and notices.

Every list starts at `visible_to` with the actor narrowed to where it may read findings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from pehra.access import api as access
from pehra.findings.models import Finding, FindingQuerySet, Notice
from pehra.findings.queries.making import IN_ORDER, notice_view, views
from pehra.findings.queries.shapes import Filters, FindingPage, FindingView, NoticeView
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

PAGE_MAX = 500
SEARCH_CHARACTERS_MAX = 255
SEARCH_SPARSE_MAX = 1_000
NOTICES_SHOWN_MAX = 50
NOBODY = "-"  # as a filter: rows without an organisation, sector or territory


def reader(by: Actor) -> Actor:
    """Return the actor with only the constituencies where it may read findings; with none, it sees nothing."""
    if not access.may(by, access.Permission.FINDINGS_READ):
        return replace(by, teams=frozenset(), organisations=frozenset())
    return access.narrowed(by, access.Permission.FINDINGS_READ)


def readable(by: Actor) -> FindingQuerySet:
    """Return the findings that the actor may read."""
    return Finding.objects.all().visible_to(reader(by))


def findings(
    *, by: Actor, filters: Filters | None = None, before: UUID | None = None, limit: int = 100
) -> list[FindingView]:
    """Return a page of findings, newest opened first; `before` is the last id of the page before."""
    rows = fitting(by=by, filters=filters)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return views(list(rows.order_by("-id")[: min(limit, PAGE_MAX)]))


def fitting(*, by: Actor, filters: Filters | None = None) -> FindingQuerySet:
    """Return the rows of all readable findings that a filter finds, in no order."""
    wanted = filters or Filters()
    rows = readable(by)
    _require_known(wanted, rows, by=by)
    return _filtered(rows, wanted)


def every_finding(*, by: Actor, filters: Filters | None = None, limit: int) -> Iterator[FindingView]:
    """Yield findings page by page, newest opened first, up to a limit: for whole lists on the command line."""
    before = None
    while limit > 0:
        page = findings(by=by, filters=filters, before=before, limit=min(limit, PAGE_MAX))
        yield from page
        if not page:
            return
        limit -= len(page)
        before = page[-1].id


def _require_known(wanted: Filters, seen: FindingQuerySet, *, by: Actor) -> None:
    """Refuse a filter that names nothing known: it would find nothing, which reads like an all-clear."""
    words = {name: getattr(wanted, name) for name in ("sector", "territory")}
    law.require_known(
        law.load(settings.PEHRA_PROFILE), **{name: word for name, word in words.items() if word != NOBODY}
    )
    if wanted.team:
        access.require_known_team(wanted.team)
    code = wanted.organisation
    # An organisation that the registry has let go of may still have findings.
    if code and code != NOBODY and not seen.filter(organisation=code).exists():
        access.require_known_organisation(code, by=by)


def _filtered(rows: FindingQuerySet, wanted: Filters) -> FindingQuerySet:
    if wanted.unfixed:
        rows = rows.unfixed()
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state.value)
    if wanted.team:
        rows = rows.filter(teams__contains=[wanted.team])
    for name in ("organisation", "sector", "territory"):
        code = getattr(wanted, name)
        if code:
            rows = rows.filter(**{name: "" if code == NOBODY else code})
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    return _searched(rows, wanted.search.strip()) if wanted.search.strip() else rows


def _searched(rows: FindingQuerySet, words: str) -> FindingQuerySet:
    """Find by the start of the subject, by the start of the kind, or by the organisation.

    Few hits are found by index first: read by newest, a search without a hit would go through every finding there is.
    """
    if len(words) > SEARCH_CHARACTERS_MAX:
        raise Invalid(f"a search has at most {SEARCH_CHARACTERS_MAX} characters", field="search")
    fits = _starts("subject", words.lower()) | _starts("kind", words.lower()) | Q(organisation=words)
    hits = list(Finding.objects.filter(fits).order_by().values_list("id", flat=True)[: SEARCH_SPARSE_MAX + 1])
    return rows.filter(id__in=hits) if len(hits) <= SEARCH_SPARSE_MAX else rows.filter(fits)


def _starts(column: str, text: str) -> Q:
    """What starts with a text, as a range: under row-level security PostgreSQL uses no index for LIKE."""
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + "\U0010ffff"})


def find(finding_id: UUID, *, by: Actor) -> Finding:
    """Return the row of a readable finding; what is not readable is not there."""
    row = readable(by).filter(id=finding_id).first()
    if row is None:
        raise NotVisible("There is no such finding.")
    return row


def for_change(finding_id: UUID, *, by: Actor) -> Finding:
    """Return a readable finding, its row locked until the end of the transaction; the only way to change one."""
    row = readable(by).filter(id=finding_id).select_for_update().first()
    if row is None:
        raise NotVisible("There is no such finding.")
    return row


def finding(*, finding_id: UUID, by: Actor) -> FindingPage:
    """Return one finding whole; one the actor may not see is not there."""
    row = find(finding_id, by=by)
    notices = Notice.objects.filter(organisation=row.organisation, findings__contains=[row.id]).visible_to(reader(by))
    return FindingPage(
        finding=views([row])[0],
        notices=tuple(notice_view(notice) for notice in notices.order_by("-number")[:NOTICES_SHOWN_MAX]),
        history=tuple(_history(row, by=by)),
    )


def history(*, finding_id: UUID, by: Actor) -> list[ledger.EntryView]:
    """Return what happened to a finding, oldest first: the folds that opened it, the notices, what people did."""
    return _history(find(finding_id, by=by), by=by)


def _history(row: Finding, *, by: Actor) -> list[ledger.EntryView]:
    notices = Notice.objects.filter(organisation=row.organisation, findings__contains=[row.id]).visible_to(reader(by))
    subjects = [
        fold_subject(row.opened_fold),
        finding_subject(row.id),
        *(notice_subject(notice.reference) for notice in notices.order_by("number")[:NOTICES_SHOWN_MAX]),
    ]
    entries = [entry for subject in subjects for entry in ledger.history(subject=subject, by=by)]
    return sorted(entries, key=lambda entry: entry.at)


def fold_subject(fold: UUID) -> str:
    """Return a fold's name in the ledger."""
    return f"fold:{fold}"


def finding_subject(finding_id: UUID) -> str:
    """Return a finding's name in the ledger."""
    return f"finding:{finding_id}"


def notice_subject(reference: str) -> str:
    """Return a notice's name in the ledger."""
    return f"notice:{reference}"


def notices(*, by: Actor, organisation: str = "", before: int | None = None, limit: int = 100) -> list[NoticeView]:
    """Return a page of notices, newest first."""
    rows = Notice.objects.all().visible_to(reader(by)).order_by("-number")
    if organisation:
        rows = rows.filter(organisation=organisation)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return [notice_view(row) for row in rows[: min(limit, PAGE_MAX)]]


def told_in(*, reference: str, by: Actor) -> tuple[UUID, ...]:
    """Return the findings that a notice told of; none where there is no such notice that the actor may see."""
    row = Notice.objects.all().visible_to(reader(by)).filter(reference=reference).first()
    return tuple(UUID(str(number)) for number in row.findings) if row else ()


def notices_telling(*, finding_ids: Sequence[UUID], by: Actor) -> tuple[str, ...]:
    """Return the references of the notices that told of one of these findings, the oldest first."""
    seen = reader(by)
    # By organisation first: there is an index on that, and none on what a notice told.
    of = readable(by).filter(id__in=list(finding_ids)).exclude(organisation="").values("organisation").distinct()
    rows = Notice.objects.all().visible_to(seen).filter(organisation__in=of, findings__overlap=list(finding_ids))
    return tuple(rows.order_by("number").values_list("reference", flat=True)[:PAGE_MAX])


def by_ids(ids: Sequence[UUID]) -> list[FindingView]:
    """Return findings by their identifiers, in a fixed order; for this part's own use, behind the wall."""
    return views(list(Finding.objects.filter(id__in=ids).order_by(*IN_ORDER)))


def some(*, ids: Sequence[UUID], by: Actor) -> list[FindingView]:
    """Return those of some findings that the actor may read: what an incident's page shows of its findings."""
    return views(list(readable(by).filter(id__in=ids).order_by("id")[:PAGE_MAX]))
