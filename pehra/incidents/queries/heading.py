"""What stands above every page about one incident: which it is, who leads, and the one thing to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.queries import reading, work
from pehra.incidents.queries.families import family_ids
from pehra.incidents.queries.news import NewsView, news_of
from pehra.incidents.queries.shapes import IncidentView
from pehra.incidents.rules.next_step import NextStep, Owed, next_step
from pehra.incidents.rules.working import working_teams
from pehra.kernel.actors import Actor


@dataclass(frozen=True, kw_only=True)
class Heading:
    """The head of a page about one incident. `may_change` and `may_close` are False for what has ended."""

    incident: IncidentView
    opened_by: str
    next: NextStep
    may_change: bool
    may_close: bool

    @property
    def is_read_only(self) -> bool:
        """Whether the reader can change nothing here."""
        return not (self.may_change or self.may_close)


def heading(reference: str, *, by: Actor) -> Heading:
    """Return what every page about an incident says first; what the actor may not see is not there."""
    row = reading.find(reference, by=by)
    (incident,) = reading.views([row])
    matter = family_ids(row) if incident.parts else [row.id]
    return heading_of(incident, opened_by=row.opened_by, news=news_of(matter, by=by), by=by)


def heading_of(incident: IncidentView, *, opened_by: str, news: Sequence[NewsView], by: Actor) -> Heading:
    """Return the head of an incident that has been read already."""
    teams = working_teams(incident.roles, otherwise=incident.teams)
    live = incident.ended_at is None and not incident.merged_into
    may_close = access.may(by, Permission.INCIDENTS_CLOSE, teams=teams)
    return Heading(
        incident=incident,
        opened_by=opened_by,
        next=_next(incident, news, may_close=may_close),
        may_change=live and access.may(by, Permission.INCIDENTS_CHANGE, teams=teams),
        may_close=live and may_close,
    )


def _next(incident: IncidentView, news: Sequence[NewsView], *, may_close: bool) -> NextStep:
    owed: Sequence[Owed] = [
        Owed(
            duty=clock.duty,
            stage=clock.stage,
            owed_to=clock.owed_to,
            state=clock.state,
            due=clock.due_at,
            start_event=clock.start_event,
        )
        for clock in incident.clocks
        if clock.is_owed
    ]
    return next_step(
        state=incident.state,
        owed=owed,
        unknown_moments=reading.unknown_moments(incident),
        unknown_attributes=reading.unknown_attributes(incident),
        may_close=may_close,
        blocking=work.blocking(incident.id),
        news=[one.report for one in news],
    )
