"""The page of the people an actor may see."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pehra.access import api
from pehra.access.api import Permission, Request


@require_safe
def people(request: Request) -> HttpResponse:
    """List the people whose access lies in the actor's hands or sight."""
    api.require(request.actor, Permission.ACCESS_READ)
    return render(request, "access/people.html", {"people": api.people(by=request.actor, at=request.at)})
