"""What was added to the reports of an incident and not read yet, for those who can read those reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.models.joining import IncidentNews
from pehra.kernel.actors import Actor

NEWS_SHOWN_MAX = 100


@dataclass(frozen=True, kw_only=True)
class NewsView:
    """That something was added to a report, since when it is unread, and whose incident it is: a merged one's too."""

    report: str
    since: datetime
    incident: str


def news_of(matter: Sequence[UUID], *, by: Actor) -> tuple[NewsView, ...]:
    """Return the unread news of incidents that are one matter, the oldest first."""
    rows = IncidentNews.objects.filter(incident__in=matter, read_at__isnull=True).visible_to(_reader(by))
    found = rows.order_by("since", "id").values_list("report", "since", "incident__reference")[:NEWS_SHOWN_MAX]
    return tuple(NewsView(report=report, since=since, incident=incident) for report, since, incident in found)


def _reader(by: Actor) -> Actor:
    """Return the actor with only the teams whose reports it may read."""
    if not access.may(by, Permission.INTAKE_READ):
        return replace(by, teams=frozenset())
    return access.narrowed(by, Permission.INTAKE_READ)
