"""Pages of API tokens: one's own and those of service accounts in one's hands; a new one is shown once."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pehra.access import api
from pehra.access.api import Permission, Request
from pehra.access.requests import recently_authenticated
from pehra.access.views.people import frame
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal

DAYS_OFFERED = 90


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated()
def tokens(request: Request) -> HttpResponse:
    """List tokens and make one. It stands in the answer to the form that asked for it, and nowhere again."""
    holder = _holder(request)
    if request.method != "POST":
        return _page(request, holder)
    try:
        token = api.issue_token(
            holder_id=holder.id,
            name=request.POST.get("name", ""),
            permissions=request.POST.getlist("permission"),
            valid=_valid(request.POST.get("days", "")),
            by=request.actor,
            at=request.at,
        )
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, holder, refusal=refusal)
    return _page(request, holder, made=token)


@require_POST
@recently_authenticated()
def revoke(request: Request, token_id: UUID) -> HttpResponse:
    """End a token."""
    holder = _holder(request)
    api.revoke_token(token_id=token_id, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect(_address(request, holder))


def _holder(request: Request) -> api.PersonView:
    """Return whose tokens these are: one's own, unless an account that lies in one's hands is named."""
    named = request.GET.get("holder") or request.POST.get("holder") or request.actor.id
    try:
        return api.person(person_id=UUID(named), by=request.actor, at=request.at)
    except ValueError as error:
        raise NotVisible(_("There is no such person.")) from error


def _address(request: Request, holder: api.PersonView) -> str:
    own = str(holder.id) == request.actor.id
    return reverse("access:tokens") + ("" if own else f"?holder={holder.id}")


def _gives(request: Request) -> bool:
    return api.may(request.actor, Permission.ACCESS_GRANT)


def _valid(days: str) -> timedelta:
    try:
        return timedelta(days=int(days))
    except (ValueError, OverflowError) as error:
        raise Invalid(_("%(text)s is not a number") % {"text": days}, field="valid") from error


def _page(request: Request, holder: api.PersonView, *, made: str = "", refusal: Refusal | None = None) -> HttpResponse:
    own = str(holder.id) == request.actor.id
    at, longest = request.at, api.token_valid_max(at=request.at).days
    may_make = api.may(request.actor, Permission.ACCESS_TOKEN) if own else holder.service
    context = {
        "holder": holder,
        "own": own,
        "rows": api.tokens(holder_id=holder.id, by=request.actor, at=at),
        "others": api.tokens(by=request.actor, at=at, others=True) if own and _gives(request) else [],
        "may_make": may_make and holder.active,
        "permissions": api.tokens_may_carry(holder_id=holder.id, by=request.actor, at=at) if holder.active else (),
        "days": min(DAYS_OFFERED, longest),
        "longest": longest,
        "made": made,
        "typed": request.POST if refusal else {},
        "ticked": request.POST.getlist("permission") if refusal else [],
        "refusal": refusal,
        **frame(request, "tokens"),
    }
    return render(request, "access/tokens.html", context, status=422 if refusal else 200)
