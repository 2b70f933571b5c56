"""Where somebody is signed in, and the end of one of these sessions or of all but this."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pehra.access import api
from pehra.access.api import Request
from pehra.access.requests import recently_authenticated
from pehra.access.sessions import limits
from pehra.kernel.refusals import NotVisible


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated()
def places(request: Request) -> HttpResponse:
    """List one's own sessions; end one, or all others."""
    here = request.session.session_key or ""
    if request.method != "POST":
        rule = api.policy(at=request.at)
        return render(
            request, "access/sessions.html", {"rows": api.sessions(here=here, by=request.actor), "rule": rule}
        )
    if request.POST.get("which") == "others":
        api.end_other_sessions(here=here, by=request.actor, at=request.at)
        messages.success(request, _("Written down, and in the ledger."))
        return redirect("usersessions_list")
    return _end_one(request, request.POST.get("session", ""), here=here)


def _end_one(request: Request, named: str, *, here: str) -> HttpResponse:
    if not (named.isascii() and named.isdigit() and len(named) < 19):
        raise NotVisible(_("There is no such session."))
    current = next((row for row in api.sessions(here=here, by=request.actor) if row.here), None)
    if current and current.id == int(named):
        limits.leave(request, why="signed out", at=request.at)
        return redirect("access:sign-in")
    api.end_session(session_id=int(named), by=request.actor, at=request.at)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("usersessions_list")
