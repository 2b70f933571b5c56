"""Pages of inputs: what came in, what was kept of it, and what was not."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.telemetry import api

INPUTS_SHOWN_MAX = 200


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the newest inputs."""
    access.require(request.actor, Permission.TELEMETRY_READ)
    rows = api.recent_inputs(by=request.actor, limit=INPUTS_SHOWN_MAX)
    return render(request, "telemetry/list.html", {"rows": rows})
