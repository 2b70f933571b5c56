"""Webhooks for programs: make one, list them, end one."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api
from pehra.intake.rest.router import router
from pehra.kernel.bodies import Strict

Place = Annotated[str, Field(max_length=300)]


class WebhookIn(Strict):
    """A webhook of a team: which place of its JSON is which part of a report."""

    name: str = Field(min_length=1, max_length=300)
    team: str = Field(min_length=1, max_length=64)
    mapping: dict[str, list[Place]] = Field(
        max_length=20,
        description="Part of a report to JSON Pointers (`/alert/name`, `/hits/*/ip`) or fixed words (`=phishing`).",
    )


@dataclass(frozen=True, kw_only=True)
class WebhooksRows:
    """The webhooks of one's teams, by name."""

    items: list[api.WebhookView]


@router.post("/webhooks", response={201: api.NewWebhook}, operation_id="intake.webhooks.add", summary="Make a webhook")
def add(request: Request, said: WebhookIn) -> api.NewWebhook:
    """The secret is told this once. Posts go to `/intake/hooks/<id>/` with it in `X-Webhook-Secret`."""
    access.require(request.actor, Permission.INTAKE_READ)
    return api.add_webhook(name=said.name, team=said.team, mapping=said.mapping, by=request.actor, at=request.at)


@router.get("/webhooks", response=WebhooksRows, operation_id="intake.webhooks.list", summary="List webhooks")
def listing(request: Request) -> WebhooksRows:
    """Ended ones too: what they posted stays."""
    access.require(request.actor, Permission.INTAKE_READ)
    return WebhooksRows(items=api.webhooks(by=request.actor))


@router.post(
    "/webhooks/{webhook_id}/end", response=api.WebhookView, operation_id="intake.webhooks.end", summary="End a webhook"
)
def end(request: Request, webhook_id: UUID) -> api.WebhookView:
    """What it posts from now on is refused; what it posted stays."""
    access.require(request.actor, Permission.INTAKE_READ)
    return api.end_webhook(webhook_id=webhook_id, by=request.actor, at=request.at)
