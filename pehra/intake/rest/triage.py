"""Triage for programs: what becomes of reports, named ones or all that match; and the way back."""

import base64
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from ninja.params.functions import Query
from pydantic import Field, StrictBool, model_validator

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api as incidents
from pehra.intake import api
from pehra.intake.rest.router import router
from pehra.intake.rest.words import AT_ONCE_MAX, Code, FiltersIn, Reference
from pehra.kernel.bodies import Reason, Strict

FILE_NUMBER_MAX = 2**63 - 1


class ChosenIn(Strict):
    """Which reports: named ones, or all that match, up to the one that was the last when they were counted."""

    references: list[Reference] = Field(default_factory=list, max_length=AT_ONCE_MAX)
    filters: FiltersIn | None = None
    up_to: UUID | None = Field(None, description="`up_to` of the preview: what came later is not decided unseen.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.references) == (self.filters is not None):
            raise ValueError("name reports, or give filters: one of the two")
        return self

    def chosen(self) -> api.Chosen:
        """Return them as intake takes them."""
        filters = self.filters.filters() if self.filters is not None else None
        return api.Chosen(references=tuple(self.references), filters=filters, up_to=self.up_to)


class PreviewIn(Strict):
    """What would be done, and to which."""

    act: api.Act
    reports: ChosenIn


class OpenIn(Strict):
    """What a person says otherwise than the report does; the rest is as it says."""

    title: str = Field("", max_length=300)
    organisations: list[Code] | None = Field(None, max_length=100)
    taxonomy: Code = ""
    type: Code = ""
    severity: Code = ""
    exercise: StrictBool = False
    reason: str = Field("", max_length=2_000)


class JoinIn(Strict):
    """Which reports belong to which incident."""

    reports: ChosenIn
    incident: Reference
    reason: str = Field("", max_length=2_000)


class MergeIn(Strict):
    """Which reports tell what another one tells."""

    reports: ChosenIn
    into: Reference
    reason: Reason


class WhyIn(Strict):
    """Which reports, and why."""

    reports: ChosenIn
    reason: Reason


class AssignIn(Strict):
    """Which reports are whose work; nobody's, where no person is named."""

    reports: ChosenIn
    assignee: str = Field("", max_length=120, description="A person's id.")


class HandOverIn(Strict):
    """Which reports another team leads from now on, and why."""

    reports: ChosenIn
    team: Code
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class ReadOut:
    """Whether there was anything that nobody had read."""

    was_news: bool


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """A file in an encrypted archive, in Base64, and the password that opens it, which is told this once."""

    name: str
    content: str
    password: str
    sha256: str


@router.post(
    "/triage/preview", response=api.Preview, operation_id="intake.triage.preview", summary="What would be done"
)
def preview(request: Request, said: PreviewIn) -> api.Preview:
    """To how many it would be done, how many are passed over, and some of them; nothing is done."""
    _require(request)
    return api.preview(act=said.act, chosen=said.reports.chosen(), by=request.actor)


@router.post(
    "/reports/{report}/open",
    response=incidents.IncidentView,
    operation_id="intake.triage.open",
    summary="Open an incident",
)
def open_(request: Request, report: str, said: OpenIn) -> incidents.IncidentView:
    """What the reporter said becomes its facts; severity and duties are the law's answer to them."""
    _require(request)
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.open_incident(reference=report, **said.model_dump(), by=request.actor, at=request.at)


@router.post(
    "/reports/{report}/read", response=ReadOut, operation_id="intake.triage.read", summary="Say that its news was read"
)
def read_news(request: Request, report: str) -> ReadOut:
    """What was added after a decision is news, here and in its incident, until then."""
    _require(request)
    return ReadOut(was_news=api.read_news(reference=report, by=request.actor, at=request.at))


@router.post("/triage/join", response=api.Done, operation_id="intake.triage.join", summary="Join an incident")
def join(request: Request, said: JoinIn) -> api.Done:
    """The incident's own history says so too."""
    _require(request)
    return api.join(
        chosen=said.reports.chosen(), incident=said.incident, reason=said.reason, by=request.actor, at=request.at
    )


@router.post(
    "/triage/merge", response=api.Done, operation_id="intake.triage.merge", summary="Merge into another report"
)
def merge(request: Request, said: MergeIn) -> api.Done:
    """They stand behind the other one, whole; the act's token takes them out again."""
    _require(request)
    return api.merge(chosen=said.reports.chosen(), into=said.into, reason=said.reason, by=request.actor, at=request.at)


@router.post("/triage/dismiss", response=api.Done, operation_id="intake.triage.dismiss", summary="Dismiss")
def dismiss(request: Request, said: WhyIn) -> api.Done:
    """Nothing follows from them; more of one brings it back by itself."""
    _require(request)
    return api.dismiss(chosen=said.reports.chosen(), reason=said.reason, by=request.actor, at=request.at)


@router.post("/triage/reopen", response=api.Done, operation_id="intake.triage.reopen", summary="Back into the queue")
def reopen(request: Request, said: WhyIn) -> api.Done:
    """Whatever was decided, but that an incident was opened."""
    _require(request)
    return api.reopen(chosen=said.reports.chosen(), reason=said.reason, by=request.actor, at=request.at)


@router.post("/triage/assign", response=api.Done, operation_id="intake.triage.assign", summary="Give to somebody")
def assign(request: Request, said: AssignIn) -> api.Done:
    """To oneself, to somebody who works in one of their teams, or to nobody."""
    _require(request)
    return api.assign(chosen=said.reports.chosen(), assignee=said.assignee, by=request.actor, at=request.at)


@router.post("/triage/hand-over", response=api.Done, operation_id="intake.triage.hand-over", summary="Give to a team")
def hand_over(request: Request, said: HandOverIn) -> api.Done:
    """The other team leads from now on and is told; who read them before reads them still."""
    _require(request)
    return api.hand_over(
        chosen=said.reports.chosen(), team=said.team, reason=said.reason, by=request.actor, at=request.at
    )


@router.post(
    "/triage/{act_id}/undo", response=api.Undone, operation_id="intake.triage.undo", summary="Take an act back"
)
def undo(request: Request, act_id: UUID) -> api.Undone:
    """Each report is as it was, but one that somebody decided about since."""
    _require(request)
    return api.undo(token=act_id, by=request.actor, at=request.at)


@router.post(
    "/reports/{report}/submissions/{number}/sealed",
    response=SealedFile,
    operation_id="intake.reports.give-out",
    summary="A submission as it came, sealed",
)
def give_out(
    request: Request, report: str, number: int, file: int | None = Query(None, ge=1, le=FILE_NUMBER_MAX)
) -> SealedFile:
    """As an encrypted archive; the ledger says who took it. With `file` one of the files that came along."""
    _require(request)
    sealed = api.give_out(reference=report, number=number, file=file, by=request.actor, at=request.at)
    content = base64.b64encode(sealed.content).decode()
    return SealedFile(name=sealed.name, content=content, password=sealed.password, sha256=sealed.sha256)


def _require(request: Request) -> None:
    access.require(request.actor, Permission.INTAKE_READ)
    access.require(request.actor, Permission.INTAKE_TRIAGE)
