"""Pages of playbooks: which there are, one with its steps, its file as it came, and taking one in."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rules.playbooks import DOCUMENT_BYTES_MAX
from pehra.incidents.views import acting
from pehra.kernel.refusals import Invalid, Refusal


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: Request) -> HttpResponse:
    """Show the playbooks the actor may use; take one in."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    if request.method != "POST":
        return _listing(request)
    return acting.act(
        request,
        lambda: _take(request),
        again=lambda refusal: _listing(request, refusal=refusal),
        to=reverse("incidents:playbooks"),
    )


@require_safe
def one(request: Request, playbook_id: UUID) -> HttpResponse:
    """Show one playbook with its steps."""
    return _one(request, playbook_id)


@require_safe
def document(request: Request, playbook_id: UUID) -> HttpResponse:
    """Give a playbook out as it came, to the byte."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    content = api.playbook_document(playbook_id, by=request.actor)
    return _file(content, f"playbook-{playbook_id}.json")


@require_POST
def retire(request: Request, playbook_id: UUID) -> HttpResponse:
    """Take a playbook out of use."""
    reason = request.POST.get("reason", "")
    return acting.act(
        request,
        lambda: api.retire_playbook(playbook_id=playbook_id, reason=reason, by=request.actor, at=request.at),
        again=lambda refusal: _one(request, playbook_id, refusal=refusal),
        to=reverse("incidents:playbook", args=[playbook_id]),
    )


@require_safe
def of_tasks(request: Request, reference: str) -> HttpResponse:
    """Give out the tasks of an incident as a playbook, to be read over and taken in."""
    name = request.GET.get("name", "") or reference
    team = request.GET.get("team", "")
    content = api.playbook_of_tasks(reference, name=name, team=team, by=request.actor, at=request.at)
    return _file(content, f"playbook-{reference}.json")


def _file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _take(request: Request) -> None:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Invalid(_("Choose a file."), field="file")
    if (file.size or 0) > DOCUMENT_BYTES_MAX:
        raise Invalid(_("A playbook has at most 1 MB."), field="file")
    api.add_playbook(
        document=file.read(DOCUMENT_BYTES_MAX + 1),
        team=request.POST.get("team", ""),
        for_everybody="everybody" in request.POST,
        by=request.actor,
        at=request.at,
    )


def _listing(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    retired = "retired" in request.GET
    teams = [
        code
        for code in sorted(request.actor.teams)
        if access.may(request.actor, Permission.INCIDENTS_PLAYBOOKS, teams=[code])
    ]
    context = {
        "playbooks": api.playbooks(retired=retired, by=request.actor),
        "bytes_max": DOCUMENT_BYTES_MAX,
        "megabytes": DOCUMENT_BYTES_MAX // (1024 * 1024),
        "retired": retired,
        "teams": teams,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/playbooks.html", context, status=422 if refusal else 200)


def _one(request: Request, playbook_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    access.require(request.actor, Permission.INCIDENTS_READ)
    playbook = api.playbook(playbook_id, by=request.actor)
    may = access.may(request.actor, Permission.INCIDENTS_PLAYBOOKS, teams=[playbook.team])
    context = {
        "playbook": playbook,
        "may_retire": may and playbook.retired_at is None,
        "names": access.names(ids={playbook.added_by}, by=request.actor),
        "refusal": refusal,
    }
    return render(request, "incidents/playbook.html", context, status=422 if refusal else 200)
