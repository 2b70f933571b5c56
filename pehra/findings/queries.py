"""Reading findings: pages, one of them, counts for the situation, how far a problem has spread.

Every list starts at `visible_to` with the actor narrowed to where it may read findings. What comes out are frozen
dataclasses: a template can start no query.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import polars as pl
from django.db.models import Count, Q

from pehra.access import api as access
from pehra.findings.models import Finding, FindingQuerySet, Notice, Reason
from pehra.findings.rules.states import UNFIXED, State
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger

PAGE_MAX = 500
SEARCH_CHARACTERS_MAX = 255
NOTICES_SHOWN_MAX = 50
SPREAD_FINDINGS_MAX = 100_000
# An identifier's order within a millisecond is chance, and what is decided from findings must not hang on it.
IN_ORDER = ("organisation", "subject", "asset", "kind", "port")
NOBODY = "-"  # as a filter: rows without an organisation, sector or territory


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """A finding as other parts, pages and commands see it."""

    id: UUID
    subject: str
    asset: str
    organisation: str
    sector: str
    territory: str
    lead_team: str
    teams: tuple[str, ...]
    kind: str
    taxonomy: str
    type: str
    identifier: str
    malware: str
    port: int
    state: State
    first_seen: datetime
    last_seen: datetime
    times: int
    because: list[Any]
    subject_type: str = ""
    protocol: str = ""
    feed_name: str = ""
    feed_code: str = ""
    evidence: str = ""
    reopened: int = 0
    opened_at: datetime | None = None
    reopened_at: datetime | None = None
    notified_at: datetime | None = None
    fixed_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the sample row of the newest sighting."""
        try:
            said = json.loads(self.evidence)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        said = asdict(self) | {"id": str(self.id), "state": self.state.value, "teams": list(self.teams)}
        said["evidence"] = dict(self.facts)
        return {name: format_time(value) if isinstance(value, datetime) else value for name, value in said.items()}


@dataclass(frozen=True, kw_only=True)
class NoticeView:
    """What an organisation was told at a moment."""

    reference: str
    organisation: str
    lead_team: str
    teams: tuple[str, ...]
    recipient: str
    road: str
    tlp: str
    findings: int
    message: UUID
    at: datetime
    because: list[Any]

    def as_json(self) -> dict[str, Any]:
        """Return the notice as JSON values."""
        said = asdict(self) | {"message": str(self.message), "teams": list(self.teams), "at": format_time(self.at)}
        return said


@dataclass(frozen=True, kw_only=True)
class FindingPage:
    """One finding with what was told of it and what was done about it."""

    finding: FindingView
    notices: tuple[NoticeView, ...]
    history: tuple[ledger.EntryView, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values, with its notices and history beside it."""
        entries = [entry.as_json() | {"at": format_time(entry.at)} for entry in self.history]
        return self.finding.as_json() | {
            "notices": [notice.as_json() for notice in self.notices],
            "history": entries,
        }


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which findings are wanted; an empty text does not filter, and `-` asks for those without one."""

    unfixed: bool = False
    state: State | None = None
    team: str = ""
    organisation: str = ""
    sector: str = ""
    territory: str = ""
    kind: str = ""
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """How many findings a sector or territory has."""

    code: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The situation in numbers. `open` counts what nobody says is fixed, `fixed` what nobody has checked yet."""

    open: int = 0
    untold: int = 0
    fixed: int = 0
    unowned: int = 0
    by_sector: tuple[Place, ...] = ()
    by_territory: tuple[Place, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KindSpread:
    """How far one kind of problem has spread since a moment, over what nobody says is fixed."""

    kind: str
    organisations: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    findings: Sequence[FindingView] = field(default_factory=tuple)


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
    rows = _filtered(readable(by), filters or Filters())
    if before is not None:
        rows = rows.filter(id__lt=before)
    return views(list(rows.order_by("-id")[: min(limit, PAGE_MAX)]))


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
    if wanted.search:
        rows = rows.filter(_search(wanted.search))
    return rows


def _search(text: str) -> Q:
    """Find by the start of the subject, of the kind, or by the organisation: what an index or a page's worth can do."""
    words = text.strip()
    if len(words) > SEARCH_CHARACTERS_MAX:
        raise Invalid(f"a search has at most {SEARCH_CHARACTERS_MAX} characters", field="search")
    return Q(subject__startswith=words.lower()) | Q(kind__startswith=words.lower()) | Q(organisation=words)


def find(finding_id: UUID, *, by: Actor) -> Finding:
    """Return the row of a readable finding; what is not readable is not there."""
    row = readable(by).filter(id=finding_id).first()
    if row is None:
        raise NotVisible("There is no such finding.")
    return row


def for_change(finding_id: UUID, *, by: Actor) -> Finding:
    """Return a visible finding, its row locked until the end of the transaction; the only way to change one."""
    row = Finding.objects.all().visible_to(by).filter(id=finding_id).select_for_update().first()
    if row is None:
        raise NotVisible("There is no such finding.")
    return row


def finding(*, finding_id: UUID, by: Actor) -> FindingPage:
    """Return one finding whole; one the actor may not see is not there."""
    row = find(finding_id, by=by)
    notices = Notice.objects.filter(organisation=row.organisation, findings__contains=[row.id]).visible_to(reader(by))
    return FindingPage(
        finding=views([row])[0],
        notices=tuple(_notice_view(notice) for notice in notices.order_by("-number")[:NOTICES_SHOWN_MAX]),
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
    return [_notice_view(row) for row in rows[: min(limit, PAGE_MAX)]]


def totals(*, by: Actor, places: int = 12) -> Totals:
    """Return the situation in numbers, as the actor may see it."""
    rows = readable(by)
    by_state = dict(rows.values_list("state").annotate(Count("id")).order_by())
    return Totals(
        open=sum(by_state.get(state.value, 0) for state in UNFIXED),
        untold=by_state.get(State.OPEN.value, 0),
        fixed=by_state.get(State.FIXED.value, 0),
        unowned=rows.unfixed().filter(organisation="").count(),
        by_sector=tuple(counts_by("sector", by=by)[:places]),
        by_territory=tuple(counts_by("territory", by=by)[:places]),
    )


def counts_by(place: str, *, by: Actor) -> list[Place]:
    """Return how many findings that nobody says are fixed each `sector` or `territory` has, most first."""
    if place not in ("sector", "territory"):
        raise ValueError(f"findings are counted by sector or territory, not by {place}")
    rows = readable(by).unfixed().values_list(place).annotate(count=Count("id")).order_by("-count", place)
    return [Place(code=code, count=count) for code, count in rows]


def recent_by_kind(*, kind: str, since: datetime) -> KindSpread:
    """Return how far a kind has spread since a moment: for the law's question whether it is widespread."""
    rows = Finding.objects.unfixed().filter(kind=kind, last_seen__gte=since).exclude(organisation="")
    seen = views(list(rows.order_by(*IN_ORDER)[:SPREAD_FINDINGS_MAX]))
    return KindSpread(
        kind=kind,
        organisations=frozenset(view.organisation for view in seen),
        sectors=frozenset(view.sector for view in seen if view.sector),
        territories=frozenset(view.territory for view in seen if view.territory),
        findings=seen,
    )


class Untold(NamedTuple):
    """An open finding of which its organisation was not told: what a notice needs to know, and no more."""

    id: UUID
    organisation: str
    subject: str
    port: int
    protocol: str
    kind: str
    taxonomy: str
    type: str
    identifier: str
    malware: str
    first_seen: datetime
    last_seen: datetime
    times: int
    asset: str
    lead_team: str
    teams: list[str]
    feed_name: str
    evidence: str
    reopened: int


def organisations_untold(*, version: str, organisations: Iterable[str] | None = None) -> list[str]:
    """Return the organisations with open findings that the law of this version has not yet been asked about."""
    rows = _untold(version)
    if organisations is not None:
        rows = rows.filter(organisation__in=list(organisations))
    return list(rows.order_by("organisation").values_list("organisation", flat=True).distinct())


def untold(*, version: str, organisations: Sequence[str]) -> list[Untold]:
    """Return those findings, by organisation, the same ones in the same order whatever happened on the way."""
    rows = _untold(version).filter(organisation__in=list(organisations)).order_by(*IN_ORDER)
    return [Untold(*row) for row in rows.values_list(*Untold._fields)]


def _untold(version: str) -> FindingQuerySet:
    return Finding.objects.filter(state=State.OPEN.value).exclude(organisation="").exclude(examined=version)


def by_ids(ids: Sequence[UUID]) -> list[FindingView]:
    """Return findings by their identifiers, in a fixed order; for this part's own use, behind the wall."""
    return views(list(Finding.objects.filter(id__in=ids).order_by(*IN_ORDER)))


def some(*, ids: Sequence[UUID], by: Actor) -> list[FindingView]:
    """Return those of some findings that the actor may read: what an incident's page shows of its findings."""
    return views(list(readable(by).filter(id__in=ids).order_by("id")[:PAGE_MAX]))


def views(rows: Sequence[Finding]) -> list[FindingView]:
    """Return rows as views; a reason that many rows share is read once."""
    reasons = dict(Reason.objects.filter(id__in={row.reason_id for row in rows}).values_list("id", "because"))
    return [
        FindingView(
            because=reasons.get(row.reason_id, []),
            teams=tuple(row.teams),
            state=State(row.state),
            **{name: getattr(row, name) for name in _PLAIN},
        )
        for row in rows
    ]


_PLAIN = (
    "id", "subject", "asset", "organisation", "sector", "territory", "lead_team", "kind", "taxonomy", "type",
    "identifier", "malware", "port", "first_seen", "last_seen", "times", "subject_type", "protocol", "feed_name",
    "feed_code", "evidence", "reopened", "opened_at", "reopened_at", "notified_at", "fixed_at", "verified_at",
)  # fmt: skip
_MOMENTS = ("first_seen", "last_seen")
_SEPARATOR = "\x1f"
_FOLDED = tuple(name for name in _PLAIN if name not in {"id", "reopened"} and not name.endswith("_at"))


def views_of_frame(frame: pl.DataFrame, *, at: datetime) -> list[FindingView]:
    """Return the rows of a folded frame that turned out to be new as views, without asking the database.

    Column by column: what many rows share (a reason, a list of teams) is made once.
    """
    reasons = {text: json.loads(text) for text in frame["because"].unique()}
    joined = frame["teams"].list.join(_SEPARATOR)
    teams = {text: tuple(text.split(_SEPARATOR)) if text else () for text in joined.unique()}
    columns: dict[str, Iterable[Any]] = {
        "id": [UUID(hex=digits) for digits in frame["id"].to_list()],
        "because": [reasons[text] for text in frame["because"].to_list()],
        "teams": [teams[text] for text in joined.to_list()],
        **{name: frame[name].to_list() for name in _FOLDED if name not in _MOMENTS},
        **{name: _moments(frame[name]) for name in _MOMENTS},
    }
    make = partial(FindingView, state=State.OPEN, opened_at=at)
    return [make(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _moments(column: pl.Series) -> list[datetime]:
    """Return a column of UTC moments; the library's own conversion asks the time zone's table for each."""
    return [moment.replace(tzinfo=UTC) for moment in column.dt.replace_time_zone(None).to_list()]


def _notice_view(row: Notice) -> NoticeView:
    return NoticeView(
        reference=row.reference,
        organisation=row.organisation,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        recipient=row.recipient,
        road=row.road,
        tlp=row.tlp,
        findings=len(row.findings),
        message=row.message,
        at=row.at,
        because=row.because,
    )
