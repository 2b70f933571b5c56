"""Pages of the shell itself: the situation, the law that is followed, and the choices of language and theme."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.law import api as law
from pehra.web import situations
from pehra.web.shell import SECTIONS, THEME_COOKIE, THEMES

COOKIE_AGE_SECONDS = 365 * 24 * 3600


@require_safe
def situation(request: Request) -> HttpResponse:
    """Show what is on fire: the first page of whoever has a watch, else the first page they may open."""
    if not access.may(request.actor, Permission.SITUATION_READ):
        return _first_page(request)
    picture = situations.picture(by=request.actor, at=request.at)
    context = {"picture": picture, "waiting": situations.waiting(by=request.actor)}
    return render(request, "web/situation.html", context)


@require_safe
def law_page(request: Request) -> HttpResponse:
    """Show the law that is followed: each rule with its standing and where it is written."""
    access.require(request.actor, Permission.LAW_READ)
    profile = law.load(settings.PEHRA_PROFILE)
    return render(request, "web/law.html", {"profile": profile, "today": law.day_of(profile, request.at)})


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language somebody reads."""
    answer = HttpResponseRedirect(_next(request))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        _remember(answer, settings.LANGUAGE_COOKIE_NAME, chosen)
    return answer


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme somebody reads in."""
    answer = HttpResponseRedirect(_next(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        _remember(answer, THEME_COOKIE, chosen)
    return answer


def _first_page(request: Request) -> HttpResponse:
    for section in SECTIONS:
        if section.url != "web:situation" and access.may(request.actor, section.permission):
            return redirect(section.url)
    return render(request, "web/no_role.html", status=200)


def _next(request: HttpRequest) -> str:
    """Return where to go back to, when that is a page of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else "/"


def _remember(answer: HttpResponse, name: str, value: str) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=COOKIE_AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
    )
