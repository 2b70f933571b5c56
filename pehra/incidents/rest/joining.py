"""Joining for programs: merge and undo, links, split, marks, what an incident touches, and its observables."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rest.bodies import Code
from pehra.incidents.rest.incidents import done
from pehra.incidents.rest.router import router
from pehra.kernel.bodies import Reason, Strict
from pehra.kernel.markings import Pap, Tlp

MANY_MAX = 500
TEXT_MAX = 60_000
NOTE_MAX = 2_000
Reference = Annotated[str, Field(min_length=1, max_length=24)]


class Merged(Strict):
    """Of which incident this one becomes part."""

    into: Reference
    reason: Reason


class Why(Strict):
    """Why."""

    reason: Reason


class NewLink(Strict):
    """What this incident is to another."""

    other: Reference
    kind: api.LinkKind
    note: str = Field("", max_length=NOTE_MAX)


class OldLink(Strict):
    """Which link is taken back."""

    other: Reference
    kind: api.LinkKind
    reason: Reason


class Splitting(Strict):
    """What goes along into a new incident."""

    title: str = Field(min_length=1, max_length=300)
    findings: list[UUID] = Field(default_factory=list, max_length=MANY_MAX)
    organisations: list[Code] = Field(default_factory=list, max_length=MANY_MAX)
    observables: list[UUID] = Field(default_factory=list, max_length=MANY_MAX)
    reason: Reason


class Marked(Strict):
    """How it may be shared and used."""

    tlp: Tlp
    pap: Pap
    reason: Reason


class Exercise(Strict):
    """Whether it is an exercise."""

    exercise: bool = Field(strict=True)
    reason: Reason


class OfOrganisation(Strict):
    """Which organisation, and why."""

    organisation: Code
    reason: Reason


class Reach(Strict):
    """Complete lists: services harmed, regions by their code in the profile, other countries by ISO 3166-1."""

    services: list[Annotated[str, Field(max_length=200)]] = Field(default_factory=list, max_length=50)
    regions: list[Code] = Field(default_factory=list, max_length=100)
    countries: list[Annotated[str, Field(max_length=2)]] = Field(default_factory=list, max_length=250)
    reason: Reason


class Seen(Strict):
    """A text from which what it shows is taken, defanged or not."""

    text: str = Field(min_length=1, max_length=TEXT_MAX)
    note: str = Field("", max_length=NOTE_MAX)


class Judged(Strict):
    """How bad it is."""

    verdict: api.Verdict
    note: str = Field("", max_length=NOTE_MAX)


@dataclass(frozen=True, kw_only=True)
class ObservablesRows:
    """What was seen, the worst first."""

    items: tuple[api.ObservableView, ...]


@dataclass(frozen=True, kw_only=True)
class LinksRows:
    """Links to incidents that the reader sees."""

    items: tuple[api.LinkView, ...]


@router.post("/{reference}/merge", response=api.IncidentView, operation_id="incidents.merge", summary="Merge it")
def merge(request: Request, reference: str, said: Merged) -> api.IncidentView:
    """It becomes part of another, which is the answer. Nothing moves: the merge can be undone at any time."""
    return done(request, api.merge, ref=reference, into=said.into, reason=said.reason)


@router.post("/{reference}/unmerge", response=api.IncidentView, operation_id="incidents.unmerge", summary="Part it")
def unmerge(request: Request, reference: str, said: Why) -> api.IncidentView:
    """It is one of its own again; what was sent for the whole counts as sent for it."""
    return done(request, api.unmerge, ref=reference, reason=said.reason)


@router.post("/{reference}/split", response=api.IncidentView, operation_id="incidents.split", summary="Split some off")
def split(request: Request, reference: str, said: Splitting) -> api.IncidentView:
    """The answer is the new incident."""
    parting = api.Parting(findings=said.findings, organisations=said.organisations, observables=said.observables)
    return done(request, api.split, ref=reference, title=said.title, parting=parting, reason=said.reason)


@router.get("/{reference}/links", response=LinksRows, operation_id="incidents.links", summary="List links")
def links(request: Request, reference: str) -> LinksRows:
    """From whichever side they were made."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return LinksRows(items=api.links(ref=reference, by=request.actor))


@router.post("/{reference}/links", response=LinksRows, operation_id="incidents.link", summary="Link it")
def link(request: Request, reference: str, said: NewLink) -> LinksRows:
    """A link moves nothing."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    api.link(ref=reference, other=said.other, kind=said.kind, note=said.note, by=request.actor, at=request.at)
    return links(request, reference)


@router.post(
    "/{reference}/links/remove", response=LinksRows, operation_id="incidents.unlink", summary="Take a link back"
)
def unlink(request: Request, reference: str, said: OldLink) -> LinksRows:
    """From either side."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    api.unlink(ref=reference, other=said.other, kind=said.kind, reason=said.reason, by=request.actor, at=request.at)
    return links(request, reference)


@router.post("/{reference}/marking", response=api.IncidentView, operation_id="incidents.marking", summary="Mark it")
def marking(request: Request, reference: str, said: Marked) -> api.IncidentView:
    """To loosen either mark is for the team that leads."""
    return done(request, api.change_marking, ref=reference, tlp=said.tlp, pap=said.pap, reason=said.reason)


@router.post(
    "/{reference}/exercise", response=api.IncidentView, operation_id="incidents.exercise", summary="Exercise or real"
)
def exercise(request: Request, reference: str, said: Exercise) -> api.IncidentView:
    """Exercises are in other lists, in no number, and their messages say so."""
    return done(request, api.mark_exercise, ref=reference, exercise=said.exercise, reason=said.reason)


@router.post(
    "/{reference}/organisations", response=api.IncidentView, operation_id="incidents.affect", summary="Name who is hit"
)
def affect(request: Request, reference: str, said: OfOrganisation) -> api.IncidentView:
    """The law is asked what it owes."""
    return done(request, api.affect, ref=reference, organisation=said.organisation, reason=said.reason)


@router.post(
    "/{reference}/organisations/remove",
    response=api.IncidentView,
    operation_id="incidents.unaffect",
    summary="Say who is not hit",
)
def unaffect(request: Request, reference: str, said: OfOrganisation) -> api.IncidentView:
    """What it owed stays, and asks for a person's reason."""
    return done(request, api.unaffect, ref=reference, organisation=said.organisation, reason=said.reason)


@router.post("/{reference}/reach", response=api.IncidentView, operation_id="incidents.reach", summary="State its reach")
def reach(request: Request, reference: str, said: Reach) -> api.IncidentView:
    """Numbers are stated as facts."""
    return done(
        request,
        api.state_impact,
        ref=reference,
        services=said.services,
        regions=said.regions,
        countries=said.countries,
        reason=said.reason,
    )


@router.get(
    "/{reference}/observables", response=ObservablesRows, operation_id="incidents.observables", summary="What was seen"
)
def observables(request: Request, reference: str) -> ObservablesRows:
    """With what indicators, the registry and other incidents know of each."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return ObservablesRows(items=api.observables(ref=reference, by=request.actor, at=request.at))


@router.post(
    "/{reference}/observables", response=ObservablesRows, operation_id="incidents.observe", summary="Add what was seen"
)
def observe(request: Request, reference: str, said: Seen) -> ObservablesRows:
    """What is there already stays as it is."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    api.add_observables(ref=reference, text=said.text, note=said.note, by=request.actor, at=request.at)
    return observables(request, reference)


@router.post(
    "/{reference}/observables/{observable_id}/verdict",
    response=ObservablesRows,
    operation_id="incidents.judge-observable",
    summary="Judge one",
)
def judge(request: Request, reference: str, observable_id: UUID, said: Judged) -> ObservablesRows:
    """A verdict is a person's."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    api.judge_observable(
        ref=reference,
        observable_id=observable_id,
        verdict=said.verdict,
        note=said.note,
        by=request.actor,
        at=request.at,
    )
    return observables(request, reference)


@router.post(
    "/{reference}/observables/{observable_id}/remove",
    response=ObservablesRows,
    operation_id="incidents.remove-observable",
    summary="Take one out",
)
def remove(request: Request, reference: str, observable_id: UUID, said: Why) -> ObservablesRows:
    """It stays in the record, with the reason."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    api.remove_observable(
        ref=reference, observable_id=observable_id, reason=said.reason, by=request.actor, at=request.at
    )
    return observables(request, reference)
