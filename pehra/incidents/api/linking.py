"""Links between incidents, and what is split off from one into another.

A link says what one incident has to do with another and moves nothing. A split opens a new incident with what is taken
along; what went stays in the record of the first, marked as gone, and the two are linked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting, affecting, deriving, drafts, duty_clocks
from pehra.incidents.api.assessment import Grading
from pehra.incidents.api.drafts import Draft, Side
from pehra.incidents.models import (
    Incident,
    IncidentFinding,
    IncidentLink,
    IncidentObservable,
    IncidentOrganisation,
)
from pehra.incidents.queries.families import lock_matters
from pehra.incidents.rules.joining import BY_HAND, INVERSE, JoiningRefused, LinkKind
from pehra.incidents.rules.observables import Source
from pehra.incidents.rules.opening import TITLE_LENGTH_MAX
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law

LINKS_MAX = 500
NOTE_CHARACTERS_MAX = 2_000


@transaction.atomic
def link(*, ref: str, other: str, kind: str, note: str, by: Actor, at: datetime) -> None:
    """Say what an incident has to do with another one; both are seen by whoever says it."""
    target = queries.find(other, by=by)
    # The row of a link holds both its incidents.
    lock_matters([queries.find(ref, by=by).id, target.id])
    incident = acting.locked(ref, by=by, live=False)
    said = acting.words(note, field="note", most=NOTE_CHARACTERS_MAX, needed=False)
    wanted = _kind(kind)
    if target.id == incident.id:
        raise JoiningRefused(_("an incident is not linked with itself"), field="other")
    there = IncidentLink.objects.filter(incident=incident, removed_at__isnull=True)
    same = Q(incident=incident, other=target)
    if INVERSE[wanted] == wanted:
        same |= Q(incident=target, other=incident)
    if IncidentLink.objects.filter(same, kind=wanted, removed_at__isnull=True).exists():
        raise Invalid(_("this link is there already"), field="other")
    if there.count() >= LINKS_MAX:
        raise Invalid(_("an incident has at most %(n)s links") % {"n": LINKS_MAX}, field="other")
    _link(incident, target, wanted, note=said, by=by, at=at)


def _link(incident: Incident, target: Incident, kind: LinkKind, *, note: str, by: Actor, at: datetime) -> None:
    IncidentLink.objects.create(
        id=new_id(at), incident=incident, other=target, kind=kind, note=note, added_at=at, added_by=by.id
    )
    facts = {"kind": kind.value}
    # Each record names the other incident: whoever reads one and not the other learns its reference, and no more.
    acting.record(incident, "incidents.linked", {**facts, "note": note, "other": target.reference}, by=by, at=at)
    acting.record(target, "incidents.linked", {**facts, "from": incident.reference}, by=by, at=at)


@transaction.atomic
def unlink(*, ref: str, other: str, kind: str, reason: str, by: Actor, at: datetime) -> None:
    """Take back a link, from either side."""
    incident, words = acting.locked(ref, by=by, live=False), acting.reason(reason)
    target = queries.find(other, by=by)
    wanted = _kind(kind)
    pair = [incident.id, target.id]
    row = (
        IncidentLink.objects.filter(incident__in=pair, other__in=pair, kind=wanted, removed_at__isnull=True)
        .select_for_update()
        .first()
    )
    if row is None:
        raise NotVisible("there is no such link")
    row.removed_at, row.removed_by, row.removed_reason = at, by.id, words
    row.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    facts = {"kind": wanted.value, "reason": words}
    acting.record(incident, "incidents.unlinked", {**facts, "other": target.reference}, by=by, at=at)
    acting.record(target, "incidents.unlinked", {**facts, "from": incident.reference}, by=by, at=at)


def _kind(text: str) -> LinkKind:
    try:
        kind = LinkKind(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is no kind of link; one of: {', '.join(sorted(BY_HAND))}", field="kind") from error
    if kind not in BY_HAND:
        raise Invalid("that something was split off is written by the split itself", field="kind")
    return kind


@dataclass(frozen=True, kw_only=True)
class Parting:
    """What goes along into the new incident."""

    findings: Sequence[UUID] = ()
    organisations: Sequence[str] = ()
    observables: Sequence[UUID] = ()


@transaction.atomic
def split(*, ref: str, title: str, parting: Parting, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Open a new incident with some of what an incident holds, and return the new one.

    It starts with the facts, moments and marks of the first; who leads it, and what it owes, the law says anew.
    """
    incident, words = acting.locked(ref, by=by), acting.reason(reason)
    acting.require(incident, Permission.INCIDENTS_OPEN, by=by)
    named = acting.words(title, field="title", most=TITLE_LENGTH_MAX)
    findings, sides, seen = _parted(incident, parting)
    # The law gives the new one to whom it gives it: perhaps to a team that is not of whoever splits it off.
    with access.elevated(part="incidents.splitting"):
        (fresh,) = drafts.write(
            [_draft(incident, named, findings, sides, reason=words, by=by)],
            assessor=deriving.assessor_of(incident),
            by=by,
            at=at,
        )
        _take_along(incident, fresh, findings, sides, seen, reason=words, by=by, at=at)
        _link(fresh, incident, LinkKind.SPLIT_FROM, note=words, by=by, at=at)
        affecting.name_alone(incident)
        if any(side.moments for side in sides):
            # When each became aware went along with it.
            deriving.rederive(fresh, deriving.locked_clocks(fresh), by=by, at=at)
        deriving.rederive(incident, deriving.locked_clocks(incident), by=by, at=at)
        return queries.views([fresh])[0]


def _parted(
    incident: Incident, parting: Parting
) -> tuple[list[IncidentFinding], list[IncidentOrganisation], list[IncidentObservable]]:
    """Return the rows that go along; refuse what the incident does not hold, and to take nothing along."""
    findings = list(incident.findings.filter(finding__in=parting.findings, moved_to__isnull=True))
    sides = list(incident.organisations.filter(organisation__in=parting.organisations, removed_at__isnull=True))
    seen = list(incident.observables.filter(id__in=parting.observables, removed_at__isnull=True))
    wanted = (set(parting.findings), set(parting.organisations), set(parting.observables))
    held = ({one.finding for one in findings}, {one.organisation for one in sides}, {one.id for one in seen})
    if wanted != held:
        raise NotVisible("the incident does not hold all of that; look again at what it holds")
    if not any(held):
        raise Invalid(_("say what goes along: findings, organisations or observables"), field="parting")
    return findings, sides, seen


def _draft(
    incident: Incident,
    title: str,
    findings: Sequence[IncidentFinding],
    sides: Sequence[IncidentOrganisation],
    *,
    reason: str,
    by: Actor,
) -> Draft:
    because = Because(
        rule="split",
        version="",
        citation="",
        status="decided by a person",
        facts={"from": incident.reference, "by": by.id, "reason": reason},
    )
    entity = duty_clocks.entity_of(sides[0]) if sides else duty_clocks.stated_entity(incident.entity)
    return Draft(
        title=title,
        entity=entity,
        facts=duty_clocks.facts_of_a_part(incident),
        grading=Grading(level=incident.severity, because=dict(incident.severity_because)),
        severity_confirmed=incident.severity_confirmed,
        marking=law.Marking(tlp=Tlp(incident.tlp), pap=Pap(incident.pap), because=because),
        sides=[
            Side(
                organisation=side.organisation,
                name=side.name,
                entity=duty_clocks.entity_of(side),
                lead_team=side.lead_team,
                teams=tuple(side.teams),
            )
            for side in sides
        ],
        findings=[row.finding for row in findings],
        moments=dict(incident.moments),
        because=[because],
        exercise=incident.exercise,
    )


def _take_along(
    incident: Incident,
    fresh: Incident,
    findings: Sequence[IncidentFinding],
    sides: Sequence[IncidentOrganisation],
    seen: Sequence[IncidentObservable],
    *,
    reason: str,
    by: Actor,
    at: datetime,
) -> None:
    """Mark in the first what has gone to the second, and give the second its copies."""
    gone: dict[str, Any] = {"removed_at": at, "removed_by": by.id, "removed_reason": f"{fresh.reference}: {reason}"}
    incident.findings.filter(pk__in=[row.pk for row in findings]).update(moved_to=fresh)
    for side in sides:
        fresh.organisations.filter(organisation=side.organisation).update(moments=side.moments)
    incident.organisations.filter(pk__in=[row.pk for row in sides]).update(**gone)
    IncidentObservable.objects.bulk_create(
        IncidentObservable(
            id=new_id(at),
            incident=fresh,
            kind=row.kind,
            value=row.value,
            verdict=row.verdict,
            verdict_by=row.verdict_by,
            verdict_at=row.verdict_at,
            note=row.note,
            source=Source.SPLIT,
            source_ref=incident.reference,
            added_at=at,
            added_by=by.id,
        )
        for row in seen
    )
    incident.observables.filter(pk__in=[row.pk for row in seen]).update(**gone)
    facts = {"findings": len(findings), "organisations": len(sides), "observables": len(seen), "reason": reason}
    acting.record(incident, "incidents.split", {**facts, "into": fresh.reference}, by=by, at=at)
