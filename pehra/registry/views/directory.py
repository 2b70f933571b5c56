"""Pages of who exists, what they hold and who answers: parse, one call, render."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.refusals import Invalid, NotVisible, Refusal
from pehra.law import api as law
from pehra.registry import api

PAGE_ROWS = 50
LINES_MAX = 200
CHARACTERS_MAX = 20_000
FILTER_CHARACTERS_MAX = 200


@require_safe
def who(request: Request) -> HttpResponse:
    """Answer for whatever was pasted, one a line, who is responsible and why."""
    access.require(request.actor, Permission.REGISTRY_READ)
    asked = request.GET.get("q", "")[:CHARACTERS_MAX]
    context: dict[str, object] = {"asked": asked, "lines_max": LINES_MAX, "characters_max": CHARACTERS_MAX}
    try:
        lines = _lines(asked)
        context["answers"] = (
            api.who(observables=lines, on=law.day_of(law.load(settings.PEHRA_PROFILE), request.at), by=request.actor)
            if lines
            else []
        )
    except Refusal as refusal:
        context["refusal"] = refusal
        return render(request, "registry/who.html", context, status=422)
    return render(request, "registry/who.html", context)


@require_safe
def organisations(request: Request) -> HttpResponse:
    """List the organisations the actor may see, by name."""
    access.require(request.actor, Permission.REGISTRY_READ)
    names = ("sector", "territory", "search")
    filters = {name: request.GET.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in names}
    after = request.GET.get("after", "")[:FILTER_CHARACTERS_MAX]
    page = api.organisations(by=request.actor, after=after, limit=PAGE_ROWS, **filters)
    shown = {name: value for name, value in filters.items() if value}
    profile = law.load(settings.PEHRA_PROFILE)
    context = {
        "page": page,
        "filters": filters,
        "filtered": len(shown),
        "sectors": profile.sectors,
        "territories": profile.territories,
        "first": not after,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'after': page.after})}" if page.after else "",
    }
    return render(request, "registry/organisations.html", context)


@require_safe
def organisation(request: Request, code: str) -> HttpResponse:
    """Show one organisation: what it holds, whom to tell, who answers for it and why."""
    access.require(request.actor, Permission.REGISTRY_READ)
    context: dict[str, object] = {"organisation": api.organisation(code, by=request.actor)}
    if access.may(request.actor, Permission.ASSESSMENT_READ):
        try:
            context["controls"] = api.controls_standing(code, by=request.actor, at=request.at)
        except NotVisible:
            context["controls"] = None  # the right to read assessments is held elsewhere
    return render(request, "registry/organisation.html", context)


@require_safe
def teams(request: Request) -> HttpResponse:
    """List the country's teams. That a team exists is public; whom it answers for is shown as far as one may see."""
    access.require(request.actor, Permission.REGISTRY_READ)
    return render(request, "registry/teams.html", {"teams": api.teams(by=request.actor)})


@require_safe
def team(request: Request, code: str) -> HttpResponse:
    """Show one team with the facts that RFC 2350 asks of it."""
    access.require(request.actor, Permission.REGISTRY_READ)
    return render(request, "registry/team.html", {"team": api.team(code, by=request.actor)})


def _lines(text: str) -> list[str]:
    """Return what was pasted, one observable a line; a line may hold several apart by spaces or commas."""
    found = [word for line in text.splitlines() for word in line.replace(",", " ").split()]
    if len(found) > LINES_MAX:
        raise Invalid(
            _("%(count)s are too many: at most %(most)s at a time. The command pehra who - reads any number.")
            % {"count": len(found), "most": LINES_MAX},
            field="q",
        )
    return list(dict.fromkeys(found))
