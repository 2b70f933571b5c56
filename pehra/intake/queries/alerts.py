"""Alerts as the program that posted them reads them back: its own report, as far as it may add to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.models import Report, ReportQuerySet
from pehra.intake.queries.finding import reader
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import NotVisible

NUMBER_MAX = 999_999_999


@dataclass(frozen=True, kw_only=True)
class AlertView:
    """A report that came as an alert. `number` is its own on this node, for systems that count alerts; `is_visible`
    says whether its reader sees it among their own, or only because they posted it."""

    report: UUID
    reference: str
    number: int
    state: State
    title: str
    description: str
    answers: Mapping[str, str]
    tlp: Tlp
    source: str
    source_ref: str
    received_at: datetime
    reported_by: str
    observables: int
    is_visible: bool


def alert(*, channel: Channel, reference: str = "", number: int | None = None, by: Actor) -> AlertView:
    """Return a report that came by this road, by its reference or number, to whoever may read it and add to it: also
    to the account that posted it, wherever law has sent it since."""
    access.require(by, Permission.INTAKE_REPORT)
    wanted = Q(number=_known(number)) if number is not None else Q(reference=reference.upper())
    wanted &= Q(channel=channel)
    row = _readable(by).filter(wanted).first()
    if row is not None:
        return _view(row, is_visible=True)
    with access.elevated(part="intake.alerts"):
        row = Report.objects.filter(wanted, reported_by=by.id).first()
        if row is None:
            raise NotVisible("there is no such alert")
        return _view(row, is_visible=False)


def _readable(by: Actor) -> ReportQuerySet:
    """Return what the actor's organisation reported, and what is its teams' where it may read and not only report: the
    token of a program that posts does not read a team's queue."""
    reporter = reader(by, Permission.INTAKE_REPORT)
    return Report.objects.all().visible_to(replace(reporter, teams=reporter.teams & reader(by).teams))


def posted(*, channel: Channel, source: str, source_ref: str, by: Actor) -> str:
    """Return the reference of the report that an account posted by this road under a name there, or nothing."""
    with access.elevated(part="intake.alerts"):
        mine = Report.objects.filter(channel=channel, reported_by=by.id)
        named = mine.filter(submissions__source=source, submissions__source_ref=source_ref)
        return str(named.order_by("id").values_list("reference", flat=True).first() or "")


def _known(number: int) -> int:
    if not 1 <= number <= NUMBER_MAX:
        raise NotVisible("there is no such alert")
    return number


def _view(row: Report, *, is_visible: bool) -> AlertView:
    first = row.submissions.order_by("number").first()
    return AlertView(
        report=row.id,
        reference=row.reference,
        number=row.number,
        state=State(row.state),
        title=row.title,
        description=row.description,
        answers=row.answers,
        tlp=Tlp(row.tlp),
        source=first.source if first else "",
        source_ref=first.source_ref if first else "",
        received_at=row.received_at,
        reported_by=row.reported_by,
        observables=row.observables.count(),
        is_visible=is_visible,
    )
