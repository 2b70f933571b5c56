"""Evidence for programs: what an incident has, one piece with its custody log, and taking a small file in.

No program takes a file out, and none agrees that one be destroyed: both ask somebody to prove just then who they are,
which a token cannot.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from ninja.params.functions import Path
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rest.bodies import NUMBER_MAX
from pehra.incidents.rest.router import router
from pehra.incidents.rules.evidence import NAME_CHARACTERS_MAX, WORDS_CHARACTERS_MAX
from pehra.kernel.bodies import Moment, Strict
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

Words = Annotated[str, Field(max_length=WORDS_CHARACTERS_MAX)]
HOLDS_MAX = 32_767
Number = Path(..., ge=1, le=NUMBER_MAX, description="The number of the piece: 3 for E3.")


class NewEvidence(Strict):
    """A file, its bytes in base64 as far as a request holds them, and from whom or from where it came."""

    name: str = Field(min_length=1, max_length=NAME_CHARACTERS_MAX)
    content: str = Field(min_length=1)
    source: Words = Field(min_length=1)
    about: Words = ""
    collected_at: Moment | None = None
    tlp: Tlp | None = None


class HandedOver(Strict):
    """To whom a piece was handed, and why."""

    to: str = Field(min_length=1, max_length=300)
    reason: Words = Field(min_length=1)


class Quarantine(Strict):
    """Whether a piece is kept apart, and why."""

    quarantined: bool
    reason: Words = Field(min_length=1)


class Retention(Strict):
    """How long a piece is kept; no day: without an end."""

    until: date | None = None
    reason: Words = Field(min_length=1)


class Why(Strict):
    """Why, or on whose order."""

    reason: Words = Field(min_length=1)


class Lifted(Strict):
    """Which hold is lifted, and why."""

    hold: int = Field(ge=1, le=HOLDS_MAX, strict=True)
    reason: Words = Field(min_length=1)


class EndAsked(Strict):
    """Why a piece is destroyed; `order` names on whose order, where its day is not past or none is set."""

    reason: Words = Field(min_length=1)
    order: Words = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceRows:
    """The evidence of one incident, in the order in which it came."""

    items: list[api.EvidenceView]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Whether a piece still has its hash."""

    whole: bool


@dataclass(frozen=True, kw_only=True)
class CustodyDocument:
    """The custody log of one piece, to be checked without Pehra (docs/use/evidence.md)."""

    format: str
    incident: str
    evidence: str
    id: str
    name: str
    about: str
    source: str
    collected_at: str | None
    media_type: str
    sha256: str
    size: int
    tlp: str
    stamps: list[dict[str, Any]]
    destroyed_at: str | None
    erased_at: str | None
    entries: list[dict[str, Any]]
    first_wrong: int | None


@router.get(
    "/{reference}/evidence", response=EvidenceRows, operation_id="incidents.evidence", summary="List its evidence"
)
def listing(request: Request, reference: str) -> EvidenceRows:
    """For teams that work on the incident; no file is ever in an answer."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return EvidenceRows(items=api.evidence(reference, by=request.actor))


@router.post(
    "/{reference}/evidence", response=api.EvidenceView, operation_id="incidents.evidence-add", summary="Take a file in"
)
def add(request: Request, reference: str, said: NewEvidence) -> api.EvidenceView:
    """Kept and hashed before anything else. The same bytes twice in one incident are refused."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    try:
        content = b64decode(said.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the content is not base64", field="content") from error
    words = said.model_dump(exclude={"content"})
    return api.add_evidence(ref=reference, content=content, by=request.actor, at=request.at, **words)


@router.get(
    "/{reference}/evidence/{number}",
    response=api.EvidenceView,
    operation_id="incidents.evidence-one",
    summary="One piece, with its custody log",
)
def one(request: Request, reference: str, number: int = Number) -> api.EvidenceView:
    """Who had it in hand, when and why."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.one_evidence(reference, number, by=request.actor)


@router.get(
    "/{reference}/evidence/{number}/custody",
    response=CustodyDocument,
    operation_id="incidents.evidence-custody",
    summary="Its custody log as a document",
)
def custody(request: Request, reference: str, number: int = Number) -> CustodyDocument:
    """Each entry carries the digest of the one before; stamps are hexadecimal DER, as the authority sent them."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return CustodyDocument(**api.custody_export(reference, number, by=request.actor))


@router.post(
    "/{reference}/evidence/{number}/check",
    response=Checked,
    operation_id="incidents.evidence-check",
    summary="Compare a piece with its hash",
)
def check(request: Request, reference: str, number: int = Number) -> Checked:
    """Whatever comes of it stands in the custody log."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return Checked(whole=api.check_evidence(ref=reference, number=number, by=request.actor, at=request.at))


@router.post(
    "/{reference}/evidence/{number}/hand-over",
    response=api.EvidenceView,
    operation_id="incidents.evidence-hand-over",
    summary="Write down that a piece was handed over",
)
def hand_over(request: Request, reference: str, said: HandedOver, number: int = Number) -> api.EvidenceView:
    """To somebody outside Pehra, such as a laboratory or the police."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.hand_over_evidence(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/quarantine",
    response=api.EvidenceView,
    operation_id="incidents.evidence-quarantine",
    summary="Put a piece into quarantine, or let it out",
)
def quarantine(request: Request, reference: str, said: Quarantine, number: int = Number) -> api.EvidenceView:
    """By a person's judgement, with a reason."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.quarantine_evidence(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/keep-until",
    response=api.EvidenceView,
    operation_id="incidents.evidence-keep-until",
    summary="Say how long a piece is kept",
)
def keep_until(request: Request, reference: str, said: Retention, number: int = Number) -> api.EvidenceView:
    """By which rule or order is part of it."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.keep_evidence_until(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/stamp",
    response=api.EvidenceView,
    operation_id="incidents.evidence-stamp",
    summary="Ask for a time stamp",
)
def stamp(request: Request, reference: str, number: int = Number) -> api.EvidenceView:
    """Of the node's authority (RFC 3161); the worker asks it, and the answer stands in the piece."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.ask_for_stamp(ref=reference, number=number, by=request.actor, at=request.at)


@router.post(
    "/{reference}/evidence/{number}/hold",
    response=api.EvidenceView,
    operation_id="incidents.evidence-hold",
    summary="Hold a piece by an order",
)
def place_hold(request: Request, reference: str, said: Why, number: int = Number) -> api.EvidenceView:
    """Until the hold is lifted nothing destroys it."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.hold_evidence(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/lift",
    response=api.EvidenceView,
    operation_id="incidents.evidence-lift",
    summary="Lift a hold",
)
def lift_hold(request: Request, reference: str, said: Lifted, number: int = Number) -> api.EvidenceView:
    """By the lead team; holds of other orders stand."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.lift_hold(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/ask-disposal",
    response=api.EvidenceView,
    operation_id="incidents.evidence-ask-disposal",
    summary="Ask that a piece be destroyed",
)
def ask_disposal(request: Request, reference: str, said: EndAsked, number: int = Number) -> api.EvidenceView:
    """Another person of the lead team agrees, on the page of the piece."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.ask_for_disposal(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/evidence/{number}/decline-disposal",
    response=api.EvidenceView,
    operation_id="incidents.evidence-decline-disposal",
    summary="Say no to a piece being destroyed",
)
def decline_disposal(request: Request, reference: str, said: Why, number: int = Number) -> api.EvidenceView:
    """Who asked takes the question back."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.decline_disposal(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())
