"""Reading the observables of an incident, with what else is known of each.

Beside a person's verdict stand three things that decide nothing: what indicators say, whose an address is, and whether
the same was seen in another incident. Of incidents that the reader does not see it says that there is one, and not
whose; of those marked TLP:RED not even that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.models import Incident, IncidentObservable
from pehra.incidents.queries.families import family_ids
from pehra.incidents.queries.reading import find, reader, visible
from pehra.incidents.rules.observables import Verdict
from pehra.intel import api as intel
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import Observable, ObservableType, defang
from pehra.law import api as law
from pehra.registry import api as registry

SHOWN_MAX = 1_000
ELSEWHERE_NAMED_MAX = 5
OWNED = frozenset({ObservableType.IPV4, ObservableType.IPV6, ObservableType.DOMAIN, ObservableType.PREFIX})


@dataclass(frozen=True, kw_only=True)
class ObservableView:
    """One observable, as shown. `elsewhere` names incidents that the reader sees; `known_elsewhere` says that there
    are others."""

    id: UUID
    kind: str
    value: str
    defanged: str
    verdict: Verdict
    verdict_by: str
    verdict_at: datetime | None
    note: str
    source: str
    incident: str
    added_at: datetime
    added_by: str
    known: intel.Known | None
    owner: str
    owner_name: str
    elsewhere: tuple[str, ...]
    known_elsewhere: bool

    def as_json(self) -> dict[str, Any]:
        """Return the observable as plain JSON values."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "value": self.value,
            "verdict": self.verdict.value,
            "note": self.note,
            "source": self.source,
            "incident": self.incident,
            "added": format_time(self.added_at),
            "indicator": self.known.value if self.known else None,
            "owner": self.owner or None,
            "elsewhere": list(self.elsewhere),
            "known_elsewhere": self.known_elsewhere,
        }


def observables(*, ref: str, by: Actor, at: datetime) -> tuple[ObservableView, ...]:
    """Return what was seen in an incident and in all that is part of it, the worst verdict first."""
    incident = find(ref, by=by)
    rows = _rows(incident, by=by)
    seen = {row.id: Observable(ObservableType(row.kind), row.value) for row in rows}
    known = intel.known(observables=list(dict.fromkeys(seen.values())), by=by, at=at)
    owners = _owners(list(dict.fromkeys(seen.values())), by=by, at=at)
    others = _elsewhere(incident, rows, by=by)
    views = [
        ObservableView(
            id=row.id,
            kind=row.kind,
            value=row.value,
            defanged=defang(seen[row.id]),
            verdict=Verdict(row.verdict),
            verdict_by=row.verdict_by,
            verdict_at=row.verdict_at,
            note=row.note,
            source=row.source,
            incident=row.incident.reference,
            added_at=row.added_at,
            added_by=row.added_by,
            known=known.get(seen[row.id]),
            owner=owners.get(row.value, ("", ""))[0],
            owner_name=owners.get(row.value, ("", ""))[1],
            elsewhere=tuple(others.named.get((row.kind, row.value), ())[:ELSEWHERE_NAMED_MAX]),
            known_elsewhere=(row.kind, row.value) in others.blind,
        )
        for row in rows
    ]
    worst = list(Verdict)
    return tuple(sorted(views, key=lambda view: (-worst.index(view.verdict), view.kind, view.value)))


def _rows(incident: Incident, *, by: Actor) -> list[IncidentObservable]:
    rows = IncidentObservable.objects.all().visible_to(reader(by))
    held = rows.filter(incident__in=family_ids(incident), removed_at__isnull=True)
    return list(held.select_related("incident").order_by("kind", "value", "id")[:SHOWN_MAX])


def _owners(seen: Sequence[Observable], *, by: Actor, at: datetime) -> dict[str, tuple[str, str]]:
    """Return whose each address, network or name is, as far as the reader may see of the registry."""
    if not access.may(by, Permission.REGISTRY_READ):
        return {}
    asked = [one.value for one in seen if one.type in OWNED]
    day = law.day_of(law.load(settings.PEHRA_PROFILE), at)
    answers = registry.who(observables=asked, on=day, by=by) if asked else []
    return {said.observable: (said.organisation, said.organisation_name) for said in answers if said.organisation}


@dataclass(frozen=True)
class _Elsewhere:
    named: dict[tuple[str, str], list[str]]
    blind: set[tuple[str, str]]


def _elsewhere(incident: Incident, rows: Sequence[IncidentObservable], *, by: Actor) -> _Elsewhere:
    """Return in which other incidents the same was seen: by reference where the reader sees them, else that it was."""
    wanted = {(row.kind, row.value) for row in rows}
    family = family_ids(incident)
    same = IncidentObservable.objects.filter(
        value__in={value for _, value in wanted}, removed_at__isnull=True, incident__exercise=incident.exercise
    ).exclude(incident__in=family)
    seen = visible(by).values("id")
    named: dict[tuple[str, str], list[str]] = {}
    mine = same.all().visible_to(reader(by)).filter(incident__in=seen)
    for kind, value, reference in mine.values_list("kind", "value", "incident__reference").order_by("-incident_id"):
        named.setdefault((kind, value), []).append(reference)
    with access.elevated(part="incidents.known-elsewhere"):
        every = same.exclude(incident__tlp=Tlp.RED).values_list("kind", "value", "incident__reference")
        blind = {(kind, value) for kind, value, reference in every if reference not in named.get((kind, value), ())}
    return _Elsewhere(named={key: found for key, found in named.items() if key in wanted}, blind=blind & wanted)
