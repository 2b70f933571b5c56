"""Which reports an act is about: some that are named, or all that match a filter, up to a moment.

*All that match* is chosen twice: once to be shown (who, what, how many), and then, when the act is done, with the last
report of that time: what came in between is not decided by somebody who never saw it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake import queries
from pehra.intake.models import Report, ReportQuerySet
from pehra.intake.rules.acts import IN_BULK, Act, parse_act
from pehra.intake.rules.filters import Filters
from pehra.intake.rules.states import MOVES, State
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.refusals import Invalid, NotVisible

AT_ONCE_MAX = 10_000
SHOWN_MAX = 10
# Where an act leads; one that is absent changes no state.
LEADS_TO: dict[Act, State] = {
    Act.OPEN: State.OPENED,
    Act.JOIN: State.JOINED,
    Act.MERGE: State.MERGED,
    Act.DISMISS: State.DISMISSED,
    Act.REOPEN: State.RECEIVED,
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Reports for an act: named ones, or all that match, up to the one that was the last when they were shown."""

    references: tuple[str, ...] = ()
    filters: Filters | None = None
    up_to: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an act would do: to how many, how many of those that match it passes over and why, and some of them."""

    act: Act
    count: int
    passed_over: int
    up_to: UUID | None
    teams: tuple[str, ...]
    first: tuple[queries.ReportView, ...]
    newest: tuple[queries.ReportView, ...] = field(default=())


def preview(*, act: Act | str, chosen: Chosen, by: Actor) -> Preview:
    """Say what an act would do to the chosen reports, and do nothing."""
    kind = parse_act(act)
    access.require(by, Permission.INTAKE_TRIAGE)
    _require_for_many(kind, chosen)
    rows = _matching(chosen, by=by)
    fit = rows.filter(_fits(kind))
    ids = list(fit.order_by("-id").values_list("id", flat=True)[: AT_ONCE_MAX + 1])
    if len(ids) > AT_ONCE_MAX:
        raise Invalid(_("more than %(n)s reports at once: narrow the list") % {"n": AT_ONCE_MAX}, field="filters")
    shown = list(fit.order_by("id")[:SHOWN_MAX])
    teams = sorted({team for team in fit.order_by().values_list("lead_team", flat=True).distinct() if team})
    return Preview(
        act=kind,
        count=len(ids),
        passed_over=rows.count() - len(ids),
        up_to=ids[0] if ids else None,
        teams=tuple(teams),
        first=tuple(queries.views(shown, by=by)),
        newest=tuple(queries.views(list(fit.order_by("-id")[:SHOWN_MAX]), by=by)),
    )


def locked(act: Act, chosen: Chosen, *, by: Actor, head: UUID | None = None) -> list[Report]:
    """Return the chosen reports with their rows locked, in one order, so that two callers never dead-lock.

    Of named ones each must be there, the actor's to decide, and able to; of all that match those that are. `head` is
    locked with them, in its place, and is not among them.
    """
    _require_for_many(act, chosen)
    rows = _matching(chosen, by=by)
    if chosen.filters is not None:
        rows = rows.filter(_fits(act))
    if head is not None:
        rows = Report.objects.filter(Q(id__in=rows.order_by().values("id")) | Q(id=head))
    taken = rows.order_by("id").select_for_update(of=("self",))[: AT_ONCE_MAX + 2]
    found = [row for row in taken if row.id != head]
    if len(found) > AT_ONCE_MAX:
        raise Invalid(_("more than %(n)s reports at once: narrow the list") % {"n": AT_ONCE_MAX}, field="filters")
    if not found:
        raise Invalid(_("no report is chosen that this can be done to"), field="references")
    return found


def _require_for_many(act: Act, chosen: Chosen) -> None:
    if chosen.filters is not None and act not in IN_BULK:
        raise Invalid("this is decided about each report", field="filters")


def _matching(chosen: Chosen, *, by: Actor) -> ReportQuerySet:
    """Return the chosen reports that the actor decides about; a named one it only reads is refused with the reason."""
    if chosen.filters is not None:
        rows = queries.matching(queries.visible(by), chosen.filters, by=by).filter(_decided_by(by))
        return rows.filter(id__lte=chosen.up_to) if chosen.up_to else rows
    references = _references(chosen.references)
    rows = queries.visible(by).filter(reference__in=references)
    known = {row.reference: row for row in rows}
    for reference in references:
        if reference not in known:
            raise NotVisible(f"there is no report {reference}")
        row = known[reference]
        access.require(by, Permission.INTAKE_TRIAGE, teams=row.working_teams or row.teams)
    return rows


def _references(texts: Sequence[str]) -> list[str]:
    if not texts or len(texts) > AT_ONCE_MAX:
        raise Invalid(f"name 1 to {AT_ONCE_MAX} reports", field="references")
    try:
        return list(dict.fromkeys(parse_reference(text) for text in texts))
    except Invalid as error:
        raise NotVisible("there is no such report") from error


def _decided_by(by: Actor) -> Q:
    """The reports that the actor's teams decide about, and do not only read."""
    if by.is_system:
        return Q()
    teams = sorted(queries.reader(by, Permission.INTAKE_TRIAGE).teams)
    return Q(working_teams__overlap=teams) | Q(working_teams=[], teams__overlap=teams)


def _fits(act: Act) -> Q:
    if act not in LEADS_TO:
        return Q()
    return Q(state__in=sorted(state for state, moves in MOVES.items() if LEADS_TO[act] in moves))
