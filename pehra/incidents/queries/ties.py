"""Reading what an incident has to do with others, what it touches, and how it was graded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q

from pehra.incidents.models import Clock, IncidentAsset, IncidentLink
from pehra.incidents.queries.attributes import attributes_of
from pehra.incidents.queries.families import family_ids
from pehra.incidents.queries.reading import clock_view, find, reader, visible
from pehra.incidents.queries.shapes import ClockView
from pehra.incidents.rules.joining import INVERSE, LinkKind
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.law import api as law

CLOCKS_SHOWN_MAX = 500
ASSETS_SHOWN_MAX = 500


@dataclass(frozen=True, kw_only=True)
class LinkView:
    """A link as it reads from one side. `kind` is the link's own; `reads` what the other incident is to this one."""

    other: str
    title: str
    kind: str
    reads: str
    note: str
    added_at: datetime
    added_by: str

    def as_json(self) -> dict[str, Any]:
        """Return the link as plain JSON values."""
        return {**vars(self), "added_at": format_time(self.added_at)}


@dataclass(frozen=True, kw_only=True)
class AssetView:
    """Something that the incident touches."""

    organisation: str
    name: str
    note: str
    incident: str
    added_at: datetime
    added_by: str


@dataclass(frozen=True, kw_only=True)
class Worksheet:
    """How the profile's scale comes to a level, and which level stands."""

    level: str
    is_by_hand: bool
    by_rule: str
    lines: tuple[law.WorksheetLine, ...]
    levels: tuple[law.SeverityLevel, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that could still change what the rules say: of rules before the one that decides."""
        undecided: list[str] = []
        for line in self.lines:
            if line.decides:
                break
            undecided += line.missing
        return tuple(dict.fromkeys(undecided))


def links(*, ref: str, by: Actor) -> tuple[LinkView, ...]:
    """Return the links of an incident to others that the reader sees, from whichever side they were made."""
    row = find(ref, by=by)
    seen = visible(by)
    found = IncidentLink.objects.filter(
        Q(incident=row, other__in=seen) | Q(other=row, incident__in=seen), removed_at__isnull=True
    ).select_related("incident", "other")
    views = []
    for link in found.order_by("added_at", "id"):
        mine = link.incident_id == row.id
        other = link.other if mine else link.incident
        views.append(
            LinkView(
                other=other.reference,
                title=other.title,
                kind=link.kind,
                reads=link.kind if mine else INVERSE[LinkKind(link.kind)],
                note=link.note,
                added_at=link.added_at,
                added_by=link.added_by,
            )
        )
    return tuple(views)


def assets(*, ref: str, by: Actor) -> tuple[AssetView, ...]:
    """Return what an incident touches; its teams read that, its organisation does not."""
    row, actor = find(ref, by=by), reader(by)
    rows = IncidentAsset.objects.filter(incident__in=family_ids(row), removed_at__isnull=True)
    if not actor.is_system:
        rows = rows.filter(incident__teams__overlap=sorted(actor.teams))
    return tuple(
        AssetView(
            organisation=asset.organisation,
            name=asset.name,
            note=asset.note,
            incident=asset.incident.reference,
            added_at=asset.added_at,
            added_by=asset.added_by,
        )
        for asset in rows.select_related("incident").order_by("organisation", "name")[:ASSETS_SHOWN_MAX]
    )


def organisation_clocks(*, ref: str, by: Actor) -> tuple[ClockView, ...]:
    """Return every clock of an incident that the reader may read, each organisation's own among them."""
    row = find(ref, by=by)
    clocks = Clock.objects.filter(incident=row).visible_to(reader(by)).order_by("organisation", "order", "id")
    return tuple(clock_view(clock, organisation=clock.organisation) for clock in clocks[:CLOCKS_SHOWN_MAX])


def worksheet(*, ref: str, by: Actor) -> Worksheet:
    """Return how an incident's level follows from the scale, rule by rule."""
    row = find(ref, by=by)
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, row.opened_at)
    classes = row.entity["classes"]
    entity = law.EntityFacts(
        sector=row.entity["sector"],
        territory=row.entity["territory"],
        classes=frozenset(classes) if classes is not None else None,
        known=row.entity["known"],
    )
    facts = law.IncidentFacts(
        taxonomy=row.taxonomy or None,
        type=row.type or None,
        attributes=attributes_of(row),
        impact=row.impact,
    )
    lines = law.severity_worksheet(profile, entity=entity, incident=facts, on=on)
    return Worksheet(
        level=row.severity,
        is_by_hand=row.severity_because.get("rule") == "set-by-hand",
        by_rule=next((line.level for line in lines if line.decides), ""),
        lines=lines,
        levels=tuple(reversed(profile.severity_scale)),
    )
