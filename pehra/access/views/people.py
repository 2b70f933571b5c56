"""Pages of the people an actor may see: the list, one person with what they hold and why, closing and reopening."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api
from pehra.access.api import PeopleFilters, Permission, Request, Role
from pehra.access.requests import recently_authenticated
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger

PAGE_ROWS = 50
FILTERS = ("search", "role", "team", "organisation", "standing")
FILTER_CHARACTERS_MAX = 200
HISTORY_SHOWN_MAX = 50


@require_safe
def people(request: Request) -> HttpResponse:
    """List the people whose access lies in the actor's hands or sight, by address."""
    api.require(request.actor, Permission.ACCESS_READ)
    chosen = {name: request.GET.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in FILTERS}
    after = request.GET.get("after", "")[:FILTER_CHARACTERS_MAX]
    rows, found = api.find_people(
        filters=PeopleFilters(**chosen), after=after, limit=PAGE_ROWS + 1, by=request.actor, at=request.at
    )
    more, rows = len(rows) > PAGE_ROWS, rows[:PAGE_ROWS]
    shown = {name: value for name, value in chosen.items() if value}
    context = {
        "people": rows,
        "found": found,
        "filters": chosen,
        "filtered": len(shown),
        "roles": list(Role),
        "teams": sorted(api.narrowed(request.actor, Permission.ACCESS_READ).teams),
        "first": not after,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'after': rows[-1].email})}" if more else "",
        "recovered": api.recovered_lately(**_now(request)),
        "glasses": [
            glass for glass in api.glasses(by=request.actor, at=request.at, unreviewed=True) if glass.may_review
        ],
        **frame(request, "people"),
    }
    return render(request, "access/people.html", context)


@require_safe
def person(request: Request, person_id: UUID) -> HttpResponse:
    """Show one person: what they hold, what happened, and why they may or may not do something."""
    return page(request, person_id)


@require_POST
@recently_authenticated()
def standing(request: Request, person_id: UUID, act: str) -> HttpResponse:
    """Make a person inactive, or active again, or end all their sessions."""
    acts: dict[str, Callable[..., object]] = {
        "close": api.close_person,
        "open": api.open_person,
        "sign-out": api.end_sessions,
    }
    if act not in acts:
        raise NotVisible(_("There is nothing at this address that you may see."))
    reason = request.POST.get("reason", "")
    return _done(request, person_id, lambda: acts[act](person_id=person_id, reason=reason, **_now(request)))


@require_POST
@recently_authenticated()
def end(request: Request, person_id: UUID, grant_id: UUID) -> HttpResponse:
    """End one role of a person."""
    reason = request.POST.get("reason", "")
    return _done(request, person_id, lambda: api.revoke(grant_id=grant_id, reason=reason, **_now(request)))


def frame(request: Request, current: str) -> dict[str, object]:
    """Return what the tabs above every page of access need: which stands open, and how much waits."""
    gives = api.may(request.actor, Permission.ACCESS_GRANT)
    return {
        "tab": current,
        "gives": gives,
        "reads": api.may(request.actor, Permission.ACCESS_READ),
        "waiting": sum(row.may_decide for row in api.pending(**_now(request))) if gives else 0,
        "due": len(api.due_for_review(**_now(request))) if gives else 0,
        "breaks": api.may(request.actor, Permission.ACCESS_BREAK_GLASS),
        "keeps": api.may(request.actor, Permission.ACCESS_SERVICES),
    }


def _now(request: Request) -> dict[str, Any]:
    return {"by": request.actor, "at": request.at}


def _done(request: Request, person_id: UUID, act: Callable[[], object]) -> HttpResponse:
    """Do one act and come back to the person; what is refused for its words is shown where it was said."""
    try:
        act()
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return page(request, person_id, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("access:person", person_id)


def page(request: Request, person_id: UUID, *, refusal: Refusal | None = None, made: str = "") -> HttpResponse:
    """Return the page of one person, with what was refused, or with the link that was just made for them."""
    shown = api.person(person_id=person_id, by=request.actor, at=request.at)
    own = str(person_id) == request.actor.id
    history = list(reversed(ledger.history(subject=f"person:{person_id}", by=request.actor)))[:HISTORY_SHOWN_MAX]
    asked, decision, problem = _asked(request.GET), None, None
    if asked["permission"]:
        try:
            decision = _why(person_id, asked, request)
        except Invalid as refused:
            problem = refused
    gives = api.may(request.actor, Permission.ACCESS_GRANT) and not own
    within = gives and api.within(person_id, **_now(request))
    lets_in = within and shown.active and not shown.service
    context = {
        "person": shown,
        "own": own,
        "history": history,
        "names": api.names(ids={entry.by for entry in history}, by=request.actor),
        "permissions": list(Permission),
        "asked": asked,
        "decision": decision,
        "problem": problem,
        "refusal": refusal,
        "made": made,
        "recovery": api.recovery_of(person_id=person_id, **_now(request)) if lets_in else None,
        "sessions": api.count_sessions(person_id=person_id, **_now(request)) if lets_in else 0,
        "tokens": api.tokens(holder_id=person_id, **_now(request)) if within else [],
        **frame(request, "people"),
        "gives": gives,
    }
    return render(request, "access/person.html", context, status=422 if refusal else 200)


def _asked(query: QueryDict) -> dict[str, str]:
    return {
        name: query.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in ("permission", "team", "organisation")
    }


def _why(person_id: UUID, asked: dict[str, str], request: Request) -> api.Decision:
    """Answer "may they?" for a person as they stand now."""
    if asked["permission"] not in set(Permission):
        raise Invalid(_("This permission is not known."), field="permission")
    try:
        by = api.actor_for(person_id=person_id, at=request.at)
    except NotVisible:
        return api.Decision(allowed=False, because=(_("They are inactive: everything is refused."),))
    return api.why(
        by=by,
        permission=Permission(asked["permission"]),
        teams=[asked["team"]] if asked["team"] else [],
        organisation=asked["organisation"],
        at=request.at,
    )
