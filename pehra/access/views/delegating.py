"""Pages of giving roles, of what waits for a second person, of review, of broken glass, and of the roles themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api
from pehra.access.api import Permission, Request, Role
from pehra.access.requests import recently_authenticated
from pehra.access.views.people import frame
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal

FIELDS = ("email", "name", "role", "kind", "code", "until", "reason")
FIELD_CHARACTERS_MAX = 500
BULK_MAX = 200
KINDS = ("team", "guided", "organisation", "national", "council")


@recently_authenticated(step=("step", "give"))
def give(request: Request) -> HttpResponse:
    """Show the form, what a role would open, and give it or ask a second person for it."""
    api.require(request.actor, Permission.ACCESS_GRANT)
    said = _said(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return _form(request, said)
    try:
        opening = api.what_it_opens(
            role=said["role"], kind=said["kind"], code=said["code"], by=request.actor, at=request.at
        )
        if request.POST.get("step") != "give":
            return _form(request, said, opening=opening)
        person = _give(request, said, opening)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _form(request, said, refusal=refusal)
    return redirect("access:person", person)


@transaction.atomic
def _give(request: Request, said: dict[str, str], opening: api.Opening) -> UUID:
    """Add the person if they are new, then give the role or ask for it."""
    person = _whom(request, said)
    where: dict[str, Any] = {
        "team": said["code"] if said["kind"] in ("team", "guided") else "",
        "guided": said["kind"] == "guided",
        "organisation": said["code"] if said["kind"] == "organisation" else "",
        "national": said["kind"] == "national",
        "council": said["kind"] == "council",
    }
    act = api.ask_for_grant if opening.second_person else api.grant
    act(
        person_id=person, role=said["role"], until=_until(said["until"]), reason=said["reason"], by=request.actor,
        at=request.at, **where,
    )  # fmt: skip
    if opening.second_person:
        messages.success(request, _("Asked. Another who may give this role decides."))
    else:
        messages.success(request, _("Written down, and in the ledger."))
    return person


def _whom(request: Request, said: dict[str, str]) -> UUID:
    try:
        return api.person_by_email(email=said["email"], by=request.actor)
    except NotVisible:
        # Somebody new, or somebody whom this giver cannot see: both are added the same way, and nothing is told.
        return api.add_person(email=said["email"], name=said["name"], by=request.actor, at=request.at)


def _said(sent: QueryDict) -> dict[str, str]:
    said = {name: sent.get(name, "").strip()[:FIELD_CHARACTERS_MAX] for name in FIELDS}
    return said | {"kind": said["kind"] if said["kind"] in KINDS else "team"}


def _until(text: str) -> datetime | None:
    """Return the last moment of the day that was chosen, in the country's zone."""
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise Invalid(_("This is no day of the calendar."), field="until")
    end = datetime.combine(day, datetime.min.time(), tzinfo=timezone.get_current_timezone())
    return end + timedelta(days=1)


def _form(
    request: Request, said: dict[str, str], *, opening: api.Opening | None = None, refusal: Refusal | None = None
) -> HttpResponse:
    teams, organisations = api.codes_to_give_in(by=request.actor)
    context = {
        "said": said,
        "roles": list(Role),
        "kinds": KINDS,
        "teams": teams,
        "organisations": organisations,
        "opening": opening,
        "refusal": refusal,
        **frame(request, "give"),
    }
    return render(request, "access/give.html", context, status=422 if refusal else 200)


@require_safe
def pending(request: Request) -> HttpResponse:
    """List what waits for a second person."""
    return _pending(request)


@require_POST
@recently_authenticated()
def decide(request: Request, pending_id: UUID) -> HttpResponse:
    """Agree, or say no."""
    agree = request.POST.get("decision") == "agree"
    reason = request.POST.get("reason", "")
    return _done(
        request,
        lambda: api.decide(pending_id=pending_id, agree=agree, reason=reason, by=request.actor, at=request.at),
        _pending,
        "access:pending",
    )


def _pending(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    api.require(request.actor, Permission.ACCESS_GRANT)
    context = {
        "rows": api.pending(by=request.actor, at=request.at),
        "refusal": refusal,
        **frame(request, "pending"),
    }
    return render(request, "access/pending.html", context, status=422 if refusal else 200)


@require_safe
def reviews(request: Request) -> HttpResponse:
    """List the roles that somebody must look at again."""
    return _reviews(request)


@require_POST
@recently_authenticated()
def keep(request: Request) -> HttpResponse:
    """Keep or end all the roles that were ticked, or one that was changed: all or none."""
    grants = _ids(request.POST.getlist("grant"))
    return _done(request, lambda: _review(request, grants), _reviews, "access:review")


@transaction.atomic
def _review(request: Request, grants: list[UUID]) -> None:
    reason, act = request.POST.get("reason", ""), request.POST.get("act", "")
    if act not in ("keep", "end", "change"):
        raise Invalid(_("Say whether they are kept, ended or changed."), field="act")
    for grant in grants:
        if act == "change":
            role = request.POST.get("role", "")
            api.change_grant(grant_id=grant, role=role, reason=reason, by=request.actor, at=request.at)
        else:
            api.review(grant_id=grant, keep=act == "keep", reason=reason, by=request.actor, at=request.at)


def _ids(texts: list[str]) -> list[UUID]:
    if not 0 < len(texts) <= BULK_MAX:
        raise Invalid(_("Tick at least one role, and at most two hundred."), field="grant")
    try:
        return [UUID(text) for text in texts]
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="grant") from error


def _reviews(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    api.require(request.actor, Permission.ACCESS_GRANT)
    context = {
        "rows": api.due_for_review(by=request.actor, at=request.at),
        "roles": list(Role),
        "rule": api.policy(at=request.at),
        "refusal": refusal,
        **frame(request, "review"),
    }
    return render(request, "access/review.html", context, status=422 if refusal else 200)


@require_safe
def glass(request: Request) -> HttpResponse:
    """Show the broken glasses of the actor's teams, and the form for an emergency."""
    return _glass(request)


@require_POST
@recently_authenticated()
def break_glass(request: Request) -> HttpResponse:
    """Take a role in an emergency."""
    hours = request.POST.get("hours", "")
    sent = {name: request.POST.get(name, "")[:FIELD_CHARACTERS_MAX] for name in ("role", "team", "reason")}
    return _done(
        request,
        lambda: api.break_glass(
            hours=int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 4 else 0,
            by=request.actor, at=request.at, **sent,
        ),
        _glass,
        "access:glass",
    )  # fmt: skip


@require_POST
@recently_authenticated()
def judge(request: Request, grant_id: UUID) -> HttpResponse:
    """Say whether a broken glass was justified."""
    verdict, note = request.POST.get("verdict", ""), request.POST.get("note", "")
    return _done(
        request,
        lambda: api.review_glass(grant_id=grant_id, verdict=verdict, note=note, by=request.actor, at=request.at),
        _glass,
        "access:glass",
    )


def _glass(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    if not request.actor.teams:
        raise NotVisible(_("There is nothing at this address that you may see."))
    rule = api.policy(at=request.at)
    context = {
        "rows": api.glasses(by=request.actor, at=request.at),
        "teams": sorted(api.teams_to_break(by=request.actor, at=request.at)),
        "roles": sorted(rule.break_glass_roles),
        "hours": list(range(1, int(rule.break_glass_max / timedelta(hours=1)) + 1)),
        "refusal": refusal,
        **frame(request, "glass"),
    }
    return render(request, "access/glass.html", context, status=422 if refusal else 200)


@require_safe
def roles(request: Request) -> HttpResponse:
    """Say of every role who may hold it and what it opens."""
    rows = api.roles(at=request.at)
    context = {
        "rows": rows,
        "permissions": list(Permission),
        "rule": api.policy(at=request.at),
        **frame(request, "roles"),
    }
    return render(request, "access/roles.html", context)


def _done(request: Request, act: Callable[[], object], page: Callable[..., HttpResponse], address: str) -> HttpResponse:
    """Do one act and come back; what is refused for its words, or needs two people, is shown on the page."""
    try:
        act()
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return page(request, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect(address)
