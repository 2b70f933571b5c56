"""Saving and removing a view of a list; both lead back to the list."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pehra.access.api import Request
from pehra.desk import api
from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import in_language


@require_POST
def save(request: Request) -> HttpResponse:
    """Save a list's filter under a name; what is wrong with the name is said above the list."""
    said = {name: request.POST.get(name, "") for name in ("place", "name", "query", "team")}
    try:
        view = api.save_view(**said, by=request.actor, at=request.at)
    except Invalid as refusal:
        messages.error(request, in_language(refusal.message, _))
        return redirect(_list_of(request))
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(_list_of(request))


@require_POST
def remove(request: Request, view_id: UUID) -> HttpResponse:
    """Remove a view of one's own."""
    api.remove_view(view_id=view_id, by=request.actor)
    messages.success(request, _("The view is removed."))
    return redirect(_list_of(request))


def _list_of(request: Request) -> str:
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else "/"
