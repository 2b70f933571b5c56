"""An incident as a file for others."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from pehra.access.api import Request
from pehra.incidents import api


@require_POST
def document(request: Request, reference: str) -> HttpResponse:
    """Give an incident out in a format of exchange. By POST: that it was taken is written down."""
    exported = api.document(ref=reference, format=request.POST.get("format", ""), by=request.actor, at=request.at)
    answer = HttpResponse(exported.content, content_type=exported.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{exported.name}"'
    return answer
