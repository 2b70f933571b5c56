"""Pages of signing in by a one-time link, and of signing out."""

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api
from pehra.access.api import Request, source_of
from pehra.kernel.refusals import Forbidden

BACKEND = "pehra.access.sessions.backend.SignInBackend"


@login_not_required
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Explain how to come in: there is no form here, because there is no password."""
    if request.user.is_authenticated:
        return redirect("web:situation")
    return render(request, "access/sign_in.html")


@login_not_required
@never_cache
def link(request: Request, token: str) -> HttpResponse:
    """Show a button, and let in whoever presses it.

    Looking at the address must not use the link up: mail scanners open every link they see.
    """
    if request.method != "POST":
        return render(request, "access/link.html", {"token": token})
    try:
        person = api.redeem_link(token=token, at=request.at, source=source_of(request))
    except Forbidden as refusal:
        return render(request, "access/link.html", {"refusal": refusal}, status=403)
    auth.login(request, person, backend=BACKEND)
    answer = redirect("web:situation")
    if person.language in dict(settings.LANGUAGES) and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            person.language,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return answer


@require_POST
def sign_out(request: Request) -> HttpResponse:
    """End the session."""
    api.sign_out(by=request.actor, at=request.at)
    auth.logout(request)
    return redirect("access:sign-in")
