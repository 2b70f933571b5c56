"""What was reported about one incident, as a tab of it: whose words it rests on, and how they are reached.

Nothing is decided here; each report's own page does that. An organisation, which reads its own reports and no queue,
is led to those.
"""

from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api as incidents
from pehra.intake import api
from pehra.intake.rules.filters import ANY

ROWS_MAX = 100


@require_safe
def tab(request: Request, reference: str) -> HttpResponse:
    """Show the reports of one incident that its reader may read."""
    head = incidents.heading(reference, by=request.actor)
    of = head.incident.reference
    if access.may(request.actor, Permission.INTAKE_REPORT) and not access.may(request.actor, Permission.INTAKE_READ):
        return redirect(f"{reverse('intake:own-reports')}?{urlencode({'incident': of})}")
    access.require(request.actor, Permission.INTAKE_READ)
    real = api.Filters(state=ANY, incident=of)
    # A practised report may have been joined to what is real, and the other way round: whoever asks here wants all.
    pages = [
        api.reports(by=request.actor, filters=replace(real, exercise=exercise), limit=ROWS_MAX)
        for exercise in (False, True)
    ]
    context = {
        "incident": head.incident,
        "opened_by": head.opened_by,
        "next": head.next,
        "may_change": head.may_change,
        "may_close": head.may_close,
        "tab": "reports",
        "names": access.names(ids={head.opened_by}, by=request.actor),
        "rows": [row for page in pages for row in page.rows],
        "are_more": any(page.following for page in pages),
        "rows_max": ROWS_MAX,
    }
    return render(request, "intake/of_incident.html", context)
