"""CACAO 2.0 playbooks for programs: the list, one, its document, taking one in, retiring one, starting one."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rest.bodies import Code
from pehra.incidents.rest.router import router
from pehra.kernel.bodies import Reason, Strict

STEPS_MAX = 300


class NewPlaybook(Strict):
    """A playbook, as the text of its file: it is kept to the letter, so that it is not sent as an object."""

    document: str = Field(min_length=2, description="The file's text, JSON.")
    team: Code
    for_everybody: bool = Field(False, strict=True, description="Every team may use it.")


class Retired(Strict):
    """Why a playbook is taken out of use."""

    reason: Reason


class Start(Strict):
    """Which playbook is started, which of its steps block, and in which phase those stand that name none."""

    playbook: UUID
    blocking: list[Code] | None = Field(None, max_length=STEPS_MAX, description="Steps; null: as the playbook says.")
    phase: str = Field("", max_length=64)


@dataclass(frozen=True, kw_only=True)
class PlaybookRows:
    """The playbooks that one may use, by name."""

    items: list[api.PlaybookView]


@dataclass(frozen=True, kw_only=True)
class TaskRows:
    """Tasks, by number."""

    items: list[api.TaskView]


@router.get("/playbooks", response=PlaybookRows, operation_id="incidents.playbooks", summary="List playbooks")
def listing(request: Request, retired: bool = False) -> PlaybookRows:
    """Those of one's own teams, and those that every team may use; retired ones when asked for."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return PlaybookRows(items=list(api.playbooks(retired=retired, by=request.actor)))


@router.post("/playbooks", response=api.PlaybookView, operation_id="incidents.playbook-add", summary="Take one in")
def add(request: Request, said: NewPlaybook) -> api.PlaybookView:
    """The same version again is the same playbook; one that cannot be followed is refused with every mistake."""
    return api.add_playbook(
        document=said.document.encode("utf-8", "replace"),
        team=said.team,
        for_everybody=said.for_everybody,
        by=request.actor,
        at=request.at,
    )


@router.get(
    "/playbooks/{playbook_id}", response=api.PlaybookView, operation_id="incidents.playbook", summary="One playbook"
)
def one(request: Request, playbook_id: UUID) -> api.PlaybookView:
    """Its steps in an order in which a person can do them, and what is unusual in it."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.playbook(playbook_id, by=request.actor)


@router.get(
    "/playbooks/{playbook_id}/document",
    response=dict[str, Any],
    operation_id="incidents.playbook-document",
    summary="A playbook itself",
)
def document(request: Request, playbook_id: UUID) -> dict[str, Any]:
    """The same JSON as it came; the page gives the same bytes."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    body: dict[str, Any] = json.loads(api.playbook_document(playbook_id, by=request.actor).decode("utf-8-sig"))
    return body


@router.post(
    "/playbooks/{playbook_id}/retire",
    response=api.PlaybookView,
    operation_id="incidents.playbook-retire",
    summary="Take one out of use",
)
def retire(request: Request, playbook_id: UUID, said: Retired) -> api.PlaybookView:
    """What runs goes on."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return api.retire_playbook(playbook_id=playbook_id, reason=said.reason, by=request.actor, at=request.at)


@router.post(
    "/{reference}/playbook", response=TaskRows, operation_id="incidents.playbook-start", summary="Start a playbook"
)
def start(request: Request, reference: str, said: Start) -> TaskRows:
    """Its steps become tasks."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    made = api.start_playbook(
        ref=reference,
        playbook_id=said.playbook,
        blocking=said.blocking,
        phase=said.phase,
        by=request.actor,
        at=request.at,
    )
    return TaskRows(items=list(made))
