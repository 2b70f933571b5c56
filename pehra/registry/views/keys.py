"""The page of contacts' keys: by which key each is known, whether it is used now, and a form to set one."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pehra.access import api as access
from pehra.access.api import Permission, Request, recently_authenticated
from pehra.kernel.mail_keys import KEY_CHARACTERS_MAX
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.registry import api


@dataclass(frozen=True)
class Keyed:
    """A contact with its keys."""

    contact: api.ContactView
    keys: tuple[api.KeyView, ...]


@dataclass(frozen=True)
class Holder:
    """The organisation or team whose contacts these are, and who may set their keys."""

    code: str
    name: str
    name_local: str
    is_team: bool
    contacts: tuple[api.ContactView, ...]
    teams: tuple[str, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated()
def keys(request: Request, code: str) -> HttpResponse:
    """Show the keys of somebody's contacts; set or take away one, after proving who one is."""
    access.require(request.actor, Permission.REGISTRY_READ)
    holder = _holder(request, code)
    if request.method != "POST":
        return _page(request, holder)
    email, key = request.POST.get("email", ""), request.POST.get("key", "")
    try:
        found = api.set_contact_key(holder=code, email=email, key=key, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, holder, refusal=refusal)
    if found:
        messages.success(request, _("Set. Compare the fingerprint with its holder, by telephone or in person."))
    else:
        messages.success(request, _("Taken away: nothing is encrypted for this address any more."))
    return redirect("registry:keys", code)


def _holder(request: Request, code: str) -> Holder:
    try:
        found = api.organisation(code, by=request.actor)
    except NotVisible:
        team = api.team(code, by=request.actor)
        return Holder(code, team.name, team.name_local, is_team=True, contacts=team.contacts, teams=(code,))
    teams = tuple(dict.fromkeys(role.team for role in found.roles))
    return Holder(code, found.name, found.name_local, is_team=False, contacts=found.contacts, teams=teams)


def _page(request: Request, holder: Holder, *, refusal: Refusal | None = None) -> HttpResponse:
    rows = [
        Keyed(contact, api.keys_shown(key=contact.key, email=contact.email, at=request.at))
        for contact in holder.contacts
        if contact.email
    ]
    context = {
        "holder": holder,
        "rows": rows,
        "may_set": access.may(request.actor, Permission.REGISTRY_IMPORT, teams=holder.teams),
        "characters_max": KEY_CHARACTERS_MAX,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "registry/keys.html", context, status=422 if refusal else 200)
