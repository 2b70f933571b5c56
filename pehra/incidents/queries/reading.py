"""Reading incidents: lists, one incident with everything beside it, the clocks that run out next.

Every list starts at `visible_to` with the actor narrowed to where it may read incidents; who may read none sees none.
What comes out are frozen dataclasses: a template can start no query.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.search import SearchQuery
from django.db.models import Case, Count, F, IntegerField, Max, Q, Value, When, Window
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.incidents.models import (
    Clock,
    ClockQuerySet,
    Incident,
    IncidentFinding,
    IncidentOrganisation,
    IncidentQuerySet,
    Merge,
)
from pehra.incidents.queries import attributes
from pehra.incidents.queries.families import family_ids, findings_and_parts
from pehra.incidents.queries.news import news_of
from pehra.incidents.queries.shapes import (
    ClockView,
    Counts,
    DueView,
    IncidentList,
    IncidentPage,
    IncidentView,
    MergeView,
    MomentView,
    SideView,
)
from pehra.incidents.rules import clocks as clock_rules
from pehra.incidents.rules.attributes import absent
from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.joining import JoiningRefused
from pehra.incidents.rules.states import State, moves_from, parse_state
from pehra.incidents.rules.working import who_may_say
from pehra.kernel import sentences
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

PAGE_ROWS_DEFAULT = 50
PAGE_ROWS_MAX = 500
SIDES_SHOWN_MAX = 500
FINDINGS_SHOWN_MAX = 500
NEXT_CLOCKS_MAX = 200
# Exercises, and what rests while it is part of another, are in no list of what is due and in no number.
_REAL = Q(incident__merged_into__isnull=True, incident__exercise=False)
_URGENCY = Case(
    *(When(state=state, then=Value(rank)) for state, rank in clock_rules.URGENCY.items()),
    default=Value(max(clock_rules.URGENCY.values()) + 1),
    output_field=IntegerField(),
)
MOMENT_PREFIX = "moments."
EXERCISE, MERGED = "exercise", "merged"


def reader(by: Actor) -> Actor:
    """Return the actor with only the constituencies where it may read incidents; with none, it sees nothing."""
    if not access.may(by, access.Permission.INCIDENTS_READ):
        return replace(by, teams=frozenset(), organisations=frozenset())
    return access.narrowed(by, access.Permission.INCIDENTS_READ)


def visible(by: Actor) -> IncidentQuerySet:
    """Return the incidents that the actor may see."""
    return Incident.objects.all().visible_to(reader(by))


def find(reference: str, *, by: Actor) -> Incident:
    """Return the row of a visible incident; what is not visible is not there."""
    row = visible(by).filter(reference=_reference(reference)).first()
    if row is None:
        raise NotVisible(f"there is no incident {reference}")
    return row


def for_change(reference: str, *, by: Actor, merged_too: bool = False) -> Incident:
    """Return a visible incident with its row locked until the end of the transaction; the only way to change one.

    What is merged rests: it is changed through the one that it is part of, until the merge is undone.
    """
    row = visible(by).filter(reference=_reference(reference)).select_for_update().first()
    if row is None:
        raise NotVisible(f"there is no incident {reference}")
    if row.merged_into_id is not None and not merged_too:
        whole = visible(by).filter(id=row.merged_into_id).values_list("reference", flat=True).first()
        text = _("%(reference)s is merged into another one, or undo the merge first")
        if whole:
            text = _("%(reference)s is merged into %(whole)s: act there, or undo the merge first")
        raise JoiningRefused(text % {"reference": row.reference, "whole": whole}, field="reference")
    return row


def _reference(text: str) -> str:
    try:
        return parse_reference(text)
    except Invalid as error:
        raise NotVisible(f"there is no incident {text}") from error


def incidents(
    *,
    by: Actor,
    state: str = "",
    team: str = "",
    severity: str = "",
    organisation: str = "",
    search: str = "",
    kind: str = "",
    before: UUID | None = None,
    limit: int = PAGE_ROWS_DEFAULT,
) -> IncidentList:
    """Return a page of the incidents the actor may see, newest first.

    `state` is a state's name, or `live` for all that have not ended, or `merged` for those that are part of another;
    `team` is the lead's code. `search` is a reference, or words of title, summary and organisation. `kind` is
    `exercise` for exercises, which are in no other list; what is merged is found by its reference, or as `merged`.
    """
    rows = _of_kind(visible(by), kind=kind, state=state, search=search)
    law.require_known(law.load(settings.PEHRA_PROFILE), severity=severity)
    if team:
        access.require_known_team(team)
    if state == "live":
        rows = rows.filter(ended_at__isnull=True)
    elif state and state != MERGED:
        rows = rows.filter(state=parse_state(state))
    if team:
        rows = rows.filter(lead_team=team)
    if severity:
        rows = rows.filter(severity=severity)
    if organisation:
        sides = _with_side(organisation, by=by)
        # An organisation that the registry has let go of may still have incidents.
        if not sides.exists():
            access.require_known_organisation(organisation, by=by)
        rows = rows.filter(id__in=sides)
    if search.strip():
        rows = rows.filter(_matching(search))
    if before is not None:
        rows = rows.filter(id__lt=before)
    size = max(1, min(limit, PAGE_ROWS_MAX))
    found = list(rows.order_by("-id")[: size + 1])
    following = found[size - 1].id if len(found) > size else None
    return IncidentList(rows=tuple(views(found[:size])), following=following)


def _of_kind(rows: IncidentQuerySet, *, kind: str, state: str, search: str) -> IncidentQuerySet:
    """Return real incidents or exercises, never both, and those that are part of another only where asked for."""
    if kind not in {"", EXERCISE}:
        raise Invalid(f"{kind!r} is no kind of incident; leave it out, or say {EXERCISE}", field="kind")
    if state == MERGED:
        return rows.filter(merged_into__isnull=False, exercise=kind == EXERCISE)
    if _is_reference(search):
        return rows
    return rows.filter(merged_into__isnull=True, exercise=kind == EXERCISE)


def _is_reference(search: str) -> bool:
    try:
        parse_reference(search)
    except Invalid:
        return False
    return True


def every_incident(*, by: Actor, limit: int, **filters: str) -> Iterator[IncidentView]:
    """Yield incidents page by page, newest first, up to a limit: for whole lists on the command line and in files."""
    before = None
    while limit > 0:
        page = incidents(by=by, before=before, limit=min(limit, PAGE_ROWS_MAX), **filters)
        yield from page.rows
        limit, before = limit - len(page.rows), page.following
        if before is None:
            return


def _with_side(organisation: str, *, by: Actor) -> Any:
    sides = IncidentOrganisation.objects.all().visible_to(reader(by))
    return sides.filter(organisation=organisation).values("incident_id")


def _matching(search: str) -> Q:
    try:
        return Q(reference=parse_reference(search))
    except Invalid:
        return Q(search=SearchQuery(search.strip(), config="simple", search_type="websearch"))


def incident(reference: str, *, by: Actor) -> IncidentPage:
    """Return one incident with its reasons, organisations, findings, clocks and timeline."""
    row = find(reference, by=by)
    (view,) = views([row])
    # Most incidents have no parts, and then there is nothing more to ask.
    matter = family_ids(row) if view.parts else [row.id]
    return IncidentPage(
        incident=view,
        summary=row.summary,
        state_reason=row.state_reason,
        opened_by=row.opened_by,
        origin_rule=row.origin_rule,
        because=tuple(row.because),
        severity_because=row.severity_because,
        marking_because=row.marking_because,
        attributes=tuple(row.attributes) if row.attributes is not None else None,
        attributes_absent=absent(attributes.attributes_of(row), attributes.words()),
        unknown_attributes=unknown_attributes(view),
        moments=_moments(row.moments),
        unknown_moments=tuple(unknown_moments(view)),
        missing=tuple(_missing(view)),
        sides=_sides(row, matter, by=by),
        finding_ids=_finding_ids(matter),
        timeline=tuple(ledger.history(subject=row.reference, by=by)),
        moves=() if row.merged_into_id else moves_from(State(row.state)),
        impact=row.impact,
        merges=_merges(row, by=by),
        news=news_of(matter, by=by),
    )


def _moments(kept: Mapping[str, Any]) -> tuple[MomentView, ...]:
    return tuple(
        MomentView(
            name=name,
            moment=datetime.fromisoformat(known["moment"]),
            by=known["by"],
            supplied_at=datetime.fromisoformat(known["supplied_at"]),
            note=sentences.from_kept(known["note"]),
        )
        for name, known in sorted(kept.items())
    )


def _finding_ids(matter: Sequence[UUID]) -> tuple[UUID, ...]:
    """Return the findings of an incident and of all that is part of it, each once."""
    held = IncidentFinding.objects.filter(incident__in=matter, moved_to__isnull=True)
    return tuple(dict.fromkeys(held.order_by("id").values_list("finding", flat=True)[:FINDINGS_SHOWN_MAX]))


def _merges(row: Incident, *, by: Actor) -> tuple[MergeView, ...]:
    """Return what is and was merged with an incident, as far as the reader sees the other one."""
    seen = visible(by)
    ties = Merge.objects.filter(Q(incident=row, into__in=seen) | Q(into=row, incident__in=seen))
    return tuple(
        MergeView(
            part=tie.incident.reference,
            into=tie.into.reference,
            reason=tie.reason,
            merged_at=tie.merged_at,
            merged_by=tie.merged_by,
            undone_at=tie.undone_at,
            undone_by=tie.undone_by,
            undone_reason=tie.undone_reason,
        )
        for tie in ties.select_related("incident", "into").order_by("merged_at", "id")
    )


def _missing(view: IncidentView) -> list[str]:
    return list(dict.fromkeys(fact for clock in view.clocks if clock.is_owed for fact in clock.missing))


def unknown_moments(view: IncidentView) -> list[str]:
    """Return the missing moments that a person can supply; that a stage was sent is recorded at its clock instead."""
    stages = {f"{clock.duty}/{clock.stage}" for clock in view.clocks}
    names = [fact.removeprefix(MOMENT_PREFIX) for fact in _missing(view) if fact.startswith(MOMENT_PREFIX)]
    return [name for name in names if name not in stages]


def unknown_attributes(view: IncidentView) -> tuple[str, ...]:
    """Return the attributes that are not known and on which something owed depends."""
    return attributes.asked(_missing(view))


def _sides(row: Incident, matter: Sequence[UUID], *, by: Actor) -> tuple[SideView, ...]:
    """Return the organisations the actor may read of: the lead's team reads all, others those of their own.

    Whoever leads the whole reads those of its parts too: it answers for them as long as they are merged.
    """
    actor = reader(by)
    named = IncidentOrganisation.objects.filter(incident__in=matter, removed_at__isnull=True).order_by(
        "organisation", "id"
    )
    if row.lead_team not in actor.teams:
        seen = named.filter(pk__in=named.visible_to(actor).order_by().values("pk"))[:SIDES_SHOWN_MAX]
        return _side_views(row, seen, by=by)
    if len(matter) == 1:
        return _side_views(row, named[:SIDES_SHOWN_MAX], by=by)
    with access.elevated(part="incidents.sides-of-parts"):
        found = list(named[:SIDES_SHOWN_MAX])
    return _side_views(row, found, by=by)


def _side_views(row: Incident, sides: Iterable[IncidentOrganisation], *, by: Actor) -> tuple[SideView, ...]:
    is_live = row.ended_at is None and row.merged_into_id is None
    once = {side.organisation or side.name: side for side in reversed(list(sides))}
    return tuple(
        SideView(
            organisation=side.organisation,
            name=side.name,
            sector=side.sector,
            territory=side.territory,
            classes=tuple(side.classes) if side.classes is not None else None,
            lead_team=side.lead_team,
            added_at=side.added_at,
            moments=_moments(side.moments),
            may_say=is_live and access.may(by, access.Permission.INCIDENTS_CHANGE, teams=who_may_say(row, side)),
        )
        for side in reversed(once.values())
    )


def next_clocks(*, by: Actor, limit: int = 10) -> list[DueView]:
    """Return the owed clocks with a due time that the actor may see, the one that runs out (or ran out) first at the
    head."""
    owed = Clock.objects.all().visible_to(reader(by)).filter(_REAL, ended_at__isnull=True, due_at__isnull=False)
    due = Clock.objects.filter(id__in=_most_pressing(owed).values("id"))
    rows = list(due.select_related("incident").order_by("due_at", "id")[: max(1, min(limit, NEXT_CLOCKS_MAX))])
    seen = {view.id: view for view in views(list({row.incident_id: row.incident for row in rows}.values()))}
    return [DueView(clock=clock_view(row), incident=seen[row.incident_id]) for row in rows]


def counts(*, by: Actor) -> Counts:
    """Return how many live incidents and owed clocks the actor can see."""
    actor = reader(by)
    live = (
        Incident.objects.all()
        .visible_to(actor)
        .filter(ended_at__isnull=True, merged_into__isnull=True, exercise=False)
        .aggregate(
            live=Count("id"),
            new=Count("id", filter=Q(state=State.NEW)),
            widespread=Count("id", filter=Q(widespread=True)),
            without_lead=Count("id", filter=Q(lead_team="")),
        )
    )
    owed = Clock.objects.all().visible_to(actor).filter(_REAL, ended_at__isnull=True)
    states = _counted(owed.values_list("state"))
    return Counts(
        **live,
        running=states.get(ClockState.RUNNING, 0),
        due_soon=states.get(ClockState.DUE_SOON, 0),
        overdue=states.get(ClockState.OVERDUE, 0),
        unknown=states.get(ClockState.UNKNOWN, 0),
        waiting=states.get(ClockState.WAITING, 0),
    )


def views(rows: Sequence[Incident]) -> list[IncidentView]:
    """Return rows as lists show them, with a fixed number of queries whatever their number."""
    ids = [row.id for row in rows]
    clocks: dict[UUID, list[ClockView]] = {}
    for clock in _stages(rows):
        clocks.setdefault(clock.incident_id, []).append(clock_view(clock))
    findings, parts = findings_and_parts(ids)
    asked = IncidentOrganisation.objects.filter(incident__in=ids, removed_at__isnull=True).values_list("incident")
    first = Max("name", filter=Q(organisation=F("incident__organisation")))
    sides = {
        incident: (number, name or "") for incident, number, name in asked.annotate(number=Count("id"), first=first)
    }
    above = _above(rows)
    return [
        replace(
            _view(row, clocks.get(row.id, ()), findings.get(row.id, 0), *sides.get(row.id, (0, ""))),
            merged_into=above.get(row.id, ""),
            parts=parts.get(row.id, ()),
        )
        for row in rows
    ]


def _above(rows: Sequence[Incident]) -> dict[UUID, str]:
    """Return what each of some incidents is part of; mostly nothing, and then nothing is asked."""
    merged = {row.id: row.merged_into_id for row in rows if row.merged_into_id}
    named = dict(Incident.objects.filter(id__in=merged.values()).values_list("id", "reference")) if merged else {}
    return {part: named[whole] for part, whole in merged.items() if whole in named}


def _stages(rows: Sequence[Incident]) -> list[Clock]:
    """Return where each stage of some incidents stands, without whose it is.

    In a widespread one each organisation's clock has its own wall; that a stage is due at all is everybody's there.
    """
    clocks = _most_pressing(Clock.objects.filter(incident__in=[row.id for row in rows]))
    if not any(row.widespread for row in rows):
        return list(clocks)
    with access.elevated(part="incidents.stages"):
        return list(clocks)


def _most_pressing(clocks: ClockQuerySet) -> ClockQuerySet:
    """Return a clock for each stage of each incident: of what several organisations owe, the most pressing one."""
    stage = ("incident", "duty", "stage")
    clocks = clocks.annotate(together=Window(Count("id"), partition_by=list(stage)))
    return clocks.order_by(*stage, _URGENCY, F("due_at").asc(nulls_last=True), "id").distinct(*stage)


def _counted(rows: Any) -> dict[Any, int]:
    return dict(rows.annotate(number=Count("id")))


def _view(row: Incident, clocks: Iterable[ClockView], findings: int, sides: int, name: str) -> IncidentView:
    return IncidentView(
        id=row.id,
        reference=row.reference,
        title=row.title,
        state=State(row.state),
        severity=row.severity,
        severity_confirmed=row.severity_confirmed,
        tlp=row.tlp,
        pap=row.pap,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        roles=tuple(row.roles),
        organisation=row.organisation,
        organisation_name=name if row.organisation else "",
        sector=row.sector,
        territory=row.territory,
        taxonomy=row.taxonomy,
        type=row.type,
        widespread=row.widespread,
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        findings=findings,
        organisations=sides,
        exercise=row.exercise,
        clocks=tuple(sorted(clocks, key=lambda clock: clock_rules.urgency(clock.state, clock.due_at, clock.order))),
    )


def clock_view(row: Clock, *, organisation: str = "") -> ClockView:
    """Return a clock's row as shown; whose it is, where the reader may know that."""
    return ClockView(
        id=row.id,
        duty=row.duty,
        stage=row.stage,
        order=row.order,
        owed_by=row.owed_by,
        owed_to=tuple(row.owed_to),
        copy_to=tuple(row.copy_to),
        start_event=row.start_event,
        started_at=row.started_at,
        due_at=row.due_at,
        warn_at=row.warn_at,
        state=ClockState(row.state),
        because=row.because,
        forward_to=tuple(row.forward_to),
        is_provisional=row.provisional,
        notes=tuple(sentences.from_kept(note) for note in row.notes),
        missing=tuple(row.missing),
        due_soon_at=row.due_soon_at,
        overdue_at=row.overdue_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_reason=row.ended_reason,
        organisation=organisation,
        together=getattr(row, "together", 1),
    )
