"""Who else looks at an incident now: a piece of its page, asked for again and again while somebody looks."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.desk import api as desk
from pehra.incidents import api


@require_safe
def present(request: Request, reference: str) -> HttpResponse:
    """Say that the reader looks at an incident, and name the colleagues who do."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    incident = api.heading(reference, by=request.actor).incident
    others = desk.present(
        place=f"incidents/{incident.reference}", teams=incident.teams, by=request.actor, at=request.at
    )
    return render(request, "incidents/_present.html", {"others": others})
