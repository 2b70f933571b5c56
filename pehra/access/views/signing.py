"""Coming in by a one-time link, and going out."""

from uuid import UUID

from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from pehra.access import api
from pehra.access.api import Request, source_of
from pehra.access.sessions import limits, proofs
from pehra.kernel.refusals import Forbidden


@login_not_required
@never_cache
def link(request: Request, token: str) -> HttpResponse:
    """Show a button, and let in whoever presses it; who has a second factor is asked for it.

    Looking at the address must not use the link up: mail scanners open every link they see.
    """
    if request.method != "POST":
        return render(request, "access/link.html", {"token": token})
    try:
        person = api.redeem_link(token=token, at=request.at, source=source_of(request))
    except Forbidden as refusal:
        return render(request, "access/link.html", {"refusal": refusal}, status=403)
    if request.user.is_authenticated:
        limits.leave(request, why="another link", at=request.at)
    clear_login(request)  # what was begun before in this browser counts for nothing
    proofs.note(request, person, proofs.LINK)
    answer: HttpResponse = perform_login(request, Login(user=person))
    return answer


@login_not_required
@require_POST
def sign_out(request: Request) -> HttpResponse:
    """End the session, or a sign-in that is only half done."""
    if request.user.is_authenticated:
        api.end_service_uses(person_id=UUID(request.actor.id), sids=[proofs.sid_of(request)], at=request.at)
        limits.leave(request, why="signed out", at=request.at)
    else:
        clear_login(request)
    return redirect("access:sign-in")
