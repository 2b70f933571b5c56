"""Documents of other teams, handed in as a file: IODEF and STIX become reports."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal


@require_http_methods(["GET", "HEAD", "POST"])
def document(request: Request) -> HttpResponse:
    """Ask for a file; show the receipts of what it told of."""
    access.require(request.actor, Permission.INTAKE_REPORT)
    if request.method != "POST":
        return render(request, "intake/document.html", {})
    try:
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise Invalid(_("Choose a file."), field="file")
        receipts = api.receive_documents(raw=file.read(), by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return render(request, "intake/document.html", {"refusal": refusal}, status=422)
    may_read = access.may(request.actor, Permission.INTAKE_READ)
    return render(request, "intake/document.html", {"receipts": receipts, "may_read": may_read})
