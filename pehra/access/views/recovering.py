"""What a lead does about how somebody comes in: a link to begin with, a recovery, another address.

A link stands in the answer to the form that asked for it, and nowhere again. Where the profile wants two people the
form asks the second, and the link is made once they agreed.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pehra.access import api
from pehra.access.api import Request
from pehra.access.requests import recently_authenticated
from pehra.access.views.people import page
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal


@require_POST
@recently_authenticated()
def link(request: Request, person_id: UUID) -> HttpResponse:
    """Make a sign-in link and show it once."""
    return _made(request, person_id, lambda: api.issue_link(person_id=person_id, by=request.actor, at=request.at))


@require_POST
@recently_authenticated()
def recover(request: Request, person_id: UUID) -> HttpResponse:
    """Make a recovery link and show it once, or ask the second person for it."""
    reason = request.POST.get("reason", "")

    def make() -> str | None:
        standing = api.recovery_of(person_id=person_id, by=request.actor, at=request.at)
        if standing.second_person and not standing.agreed:
            api.ask_for_recovery(person_id=person_id, reason=reason, by=request.actor, at=request.at)
            return None
        return api.recover(person_id=person_id, reason=reason, by=request.actor, at=request.at)

    return _made(request, person_id, make)


@require_POST
@recently_authenticated()
def change_email(request: Request, person_id: UUID) -> HttpResponse:
    """Give somebody another address, or ask the second person for it."""
    reason, email = request.POST.get("reason", ""), request.POST.get("email", "")

    def change() -> None:
        standing = api.recovery_of(person_id=person_id, by=request.actor, at=request.at)
        act = api.ask_for_email_change if standing.second_person else api.change_email
        act(person_id=person_id, email=email, reason=reason, by=request.actor, at=request.at)
        said = _("Asked. Another who may give these roles decides.") if standing.second_person else ""
        messages.success(request, said or _("Written down, and in the ledger."))

    return _made(request, person_id, change, asks=False)


def _made(request: Request, person_id: UUID, act: Callable[[], str | None], *, asks: bool = True) -> HttpResponse:
    """Do one act; show the link that it made, or come back to the person."""
    try:
        token = act()
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return page(request, person_id, refusal=refusal)
    if token is not None:
        address = request.build_absolute_uri(reverse("access:link", args=[token]))
        return page(request, person_id, made=address)
    if asks:
        messages.success(request, _("Asked. Another who may give these roles decides."))
    return redirect("access:person", person_id)
